#include <cstring>

#include "runtime/collectives/collective.hpp"
#include "runtime/collectives/tree.hpp"

namespace understudy {
namespace {

// The members of this node's machine, and the first member of every machine.
struct Levels {
  Communicator inside;
  Communicator across;
};

Levels split(const Communicator& members) {
  std::vector<Rank> inside, across;
  Levels levels;
  levels.across.index = members.size();
  const int mine = members.machines[members.index];
  int last = -1;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members.machines[i] == mine) {
      if (i == members.index) levels.inside.index = inside.size();
      inside.push_back(members.members[i]);
    }
    if (members.machines[i] > last) {  // machines number in order of first use
      if (i == members.index) levels.across.index = across.size();
      across.push_back(members.members[i]);
      last = members.machines[i];
    }
  }
  levels.inside.members = std::move(inside);
  levels.across.members = std::move(across);
  return levels;
}

// Which stretch's sum comes back from the other machines first, only a machine's first member knows: it
// numbers the library's calls, and tells the others.
Task<std::uint64_t> number_of_call(LibraryCollectives& library, Node& node,
                                   const Communicator& inside, Tag tag) {
  std::uint64_t number = 0;
  if (inside.index > 0) {
    const auto told = co_await node.receive(inside.members.front(), tag);
    if (told->payload.size() != sizeof number)
      throw TransportError("a call's number has another length");
    std::memcpy(&number, told->payload.bytes().data(), sizeof number);
    co_return number;
  }
  number = library.next_number();
  for (std::size_t i = 1; i < inside.size(); ++i) {
    Payload payload = Payload::of_size(sizeof number);
    std::memcpy(payload.writable().data(), &number, sizeof number);
    node.send(inside.members[i], tag, std::move(payload));
  }
  co_return number;
}

Task<> call(LibraryCollectives& library, LibraryCall next, Node& node, const Communicator& inside,
            Tag tag) {
  next.number = co_await number_of_call(library, node, inside, tag);
  co_await library.call(next);
}

}  // namespace

Task<> hierarchical_allreduce(CollectiveConfig config, Node& node, const Communicator& members,
                              Stretch stretch, Tag base) {
  const Levels levels = split(members);
  const Tag up = base, across{base.stream, base.step + 256}, down{base.stream, base.step + 512};
  const auto kind = levels.inside.size() > 1 ? library_of(config) : std::nullopt;
  LibraryCollectives* const library = kind ? &library_of(node, *kind) : nullptr;
  LibraryCall sum{LibraryOperation::kReduce, stretch.values};
  LibraryCall spread{LibraryOperation::kBroadcast, stretch.values};
  if (library != nullptr) {
    co_await call(*library, sum, node, levels.inside, up);
  } else {
    co_await tree_reduce(node, levels.inside, stretch.values, up);
  }
  if (levels.inside.index == 0)
    co_await halving_doubling_allreduce(node, levels.across, stretch, across);
  if (library != nullptr) {
    co_await call(*library, spread, node, levels.inside, down);
  } else {
    co_await broadcast(node, levels.inside, stretch.values, down);
  }
}

}  // namespace understudy
