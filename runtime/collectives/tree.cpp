#include "runtime/collectives/tree.hpp"

#include "runtime/collectives/collective.hpp"
#include "runtime/collectives/reduce_cost.hpp"

namespace understudy {

Task<> tree_reduce(Node& node, const Communicator& members, Values values, Tag base) {
  const std::size_t n = members.size(), i = members.index, p = power_of_two_below(n);
  const ComputePlan adding = reduce_plan(node, values.count(), values.type());
  if (i >= p) {
    node.send(members.members[i - p], base, values.pack());
    co_return;
  }
  if (i + p < n) {
    auto message = co_await node.receive(members.members[i + p], base);
    values.add(message->payload.bytes());
    co_await charge(node, adding);
  }
  Tag tag{base.stream, base.step + 1};
  for (std::size_t d = 1; d < p; d *= 2, ++tag.step) {
    if ((i & d) != 0) {
      node.send(members.members[i - d], tag, values.pack());
      co_return;
    }
    auto message = co_await node.receive(members.members[i + d], tag);
    values.add(message->payload.bytes());
    co_await charge(node, adding);
  }
}

Task<> broadcast(Node& node, const Communicator& members, Values values, Tag base) {
  const std::size_t n = members.size(), i = members.index, p = power_of_two_below(n);
  Payload payload;
  if (i >= p) {
    auto message = co_await node.receive(members.members[i - p], base);
    values.unpack(message->payload.bytes());
    co_return;
  }
  // The mirror image of the reduction: member i hears from i without its lowest bit.
  std::size_t d = i == 0 ? p : i & (~i + 1);
  if (i == 0) {
    payload = values.pack();
  } else {
    auto message = co_await node.receive(members.members[i - d], base);
    payload = std::move(message->payload);
    values.unpack(payload.bytes());
  }
  for (d /= 2; d > 0; d /= 2) node.send(members.members[i + d], base, payload);
  if (i + p < n) node.send(members.members[i + p], base, payload);
}

Task<> tree_allreduce(Node& node, const Communicator& members, Stretch stretch, Tag base) {
  co_await tree_reduce(node, members, stretch.values, base);
  co_await broadcast(node, members, stretch.values, Tag{base.stream, base.step + 64});
}

}  // namespace understudy
