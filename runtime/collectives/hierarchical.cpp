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

}  // namespace

Task<> hierarchical_allreduce(Node& node, const Communicator& members, Stretch stretch, Tag base) {
  const Levels levels = split(members);
  co_await tree_reduce(node, levels.inside, stretch.values, base);
  if (levels.inside.index == 0) {
    co_await halving_doubling_allreduce(node, levels.across, stretch,
                                        Tag{base.stream, base.step + 256});
  }
  co_await broadcast(node, levels.inside, stretch.values, Tag{base.stream, base.step + 512});
}

}  // namespace understudy
