#include <vector>

#include "runtime/collectives/collective.hpp"
#include "runtime/collectives/reduce_cost.hpp"

namespace understudy {
namespace {

void add(Payload& to, const Payload& from, ScalarType type) {
  if (to.is_dry()) return;
  // A payload's bytes are elements of the type; a view does the arithmetic.
  const auto bytes = to.writable();
  if (type == ScalarType::kFloat32) {
    Values(std::span(reinterpret_cast<float*>(bytes.data()), bytes.size() / 4)).add(from.bytes());
  } else {
    Values(std::span(reinterpret_cast<double*>(bytes.data()), bytes.size() / 8)).add(from.bytes());
  }
}

// The canonical order, once all parts are there.
Payload sum_in_order(std::vector<Payload> parts, ScalarType type) {
  const std::size_t n = parts.size(), p = power_of_two_below(n);
  for (std::size_t i = p; i < n; ++i) add(parts[i - p], parts[i], type);
  for (std::size_t d = 1; d < p; d *= 2) {
    for (std::size_t i = 0; i + d < p; i += 2 * d) add(parts[i], parts[i + d], type);
  }
  return std::move(parts[0]);
}

// Gathers everyone's values as they arrive, adds them up and sends the sum back.
Task<> aggregate(Node& node, const Communicator& members, Stretch stretch, Tag base) {
  const Values& values = stretch.values;
  const std::size_t n = members.size();
  const ComputePlan adding = reduce_plan(node, values.count(), values.type());
  std::vector<Payload> parts(n);
  std::size_t missing = n;
  if (members.takes_part()) {
    parts[members.index] = values.pack();
    --missing;
  }
  for (; missing > 0; --missing) {
    auto message = co_await node.receive(std::nullopt, base);
    std::size_t sender = 0;
    while (members.members[sender] != message->from) ++sender;
    parts[sender] = std::move(message->payload);
    // The first part only has to be stored.
    if (members.takes_part() || missing < n) co_await charge(node, adding);
  }
  const Payload sum = sum_in_order(std::move(parts), values.type());
  if (members.takes_part()) values.unpack(sum.bytes());
  for (std::size_t i = 0; i < n; ++i) {
    if (i != members.index) node.send(members.members[i], Tag{base.stream, base.step + 1}, sum);
  }
}

}  // namespace

Task<> parameter_server_allreduce(Node& node, const Communicator& members, Stretch stretch,
                                  Tag base) {
  const Rank server = members.server.value_or(members.members[0]);
  if (node.rank() == server) {
    co_await aggregate(node, members, stretch, base);
    co_return;
  }
  node.send(server, base, stretch.values.pack());
  auto message = co_await node.receive(server, Tag{base.stream, base.step + 1});
  stretch.values.unpack(message->payload.bytes());
}

}  // namespace understudy
