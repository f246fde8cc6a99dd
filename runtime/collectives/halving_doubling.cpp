#include <vector>

#include "runtime/collectives/collective.hpp"
#include "runtime/collectives/reduce_cost.hpp"

namespace understudy {
namespace {

struct Range {
  std::size_t first, count;
};

}  // namespace

// Recursive vector halving with distance doubling (so that neighbours are joined first, as the
// canonical order has it), then the same way back. Members past the largest power of two hand their
// values over and wait.
Task<> halving_doubling_allreduce(Node& node, const Communicator& members, Stretch stretch,
                                  Tag base) {
  const Values& values = stretch.values;
  const std::size_t n = members.size(), i = members.index, p = power_of_two_below(n);
  const Tag result{base.stream, base.step + 127};
  if (i >= p) {
    node.send(members.members[i - p], base, values.pack());
    auto message = co_await node.receive(members.members[i - p], result);
    values.unpack(message->payload.bytes());
    co_return;
  }
  if (i + p < n) {
    auto message = co_await node.receive(members.members[i + p], base);
    values.add(message->payload.bytes());
    const ComputePlan adding = reduce_plan(node, values.count(), values.type());
    co_await charge(node, adding);
  }

  Tag tag{base.stream, base.step + 1};
  Range mine{0, values.count()};
  std::vector<Range> sent;
  for (std::size_t d = 1; d < p; d *= 2, ++tag.step) {
    const Range low{mine.first, mine.count / 2};
    const Range high{mine.first + low.count, mine.count - low.count};
    const bool upper = (i & d) != 0;
    const Range give = upper ? low : high;
    mine = upper ? high : low;
    const Rank partner = members.members[i ^ d];
    node.send(partner, tag, values.slice(give.first, give.count).pack());
    auto message = co_await node.receive(partner, tag);
    values.slice(mine.first, mine.count).add(message->payload.bytes());
    sent.push_back(give);
    const ComputePlan adding = reduce_plan(node, mine.count, values.type());
    co_await charge(node, adding);
  }
  for (std::size_t d = p / 2; d > 0; d /= 2, ++tag.step) {
    const Range theirs = sent.back();
    sent.pop_back();
    const Rank partner = members.members[i ^ d];
    node.send(partner, tag, values.slice(mine.first, mine.count).pack());
    auto message = co_await node.receive(partner, tag);
    values.slice(theirs.first, theirs.count).unpack(message->payload.bytes());
    mine = {std::min(mine.first, theirs.first), mine.count + theirs.count};
  }
  if (i + p < n) node.send(members.members[i + p], result, values.pack());
}

}  // namespace understudy
