// Understudy's side of the comparison with simgrid_traffic: one program a host, messages, shared
// links. Usage: understudy_traffic PATTERN NUMBER [GRAPHML] (traffic_patterns.hpp). Prints the transfers, the
// simulated seconds, the seconds of CPU time that it took, and the peak memory in MiB.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "runtime/base/errors.hpp"
#include "sim/world/virtual_world.hpp"
#include "tests/bench/network/traffic_patterns.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

constexpr Tag kTag{1, 0};

Payload sized(std::int64_t bytes) { return Payload::dry(static_cast<std::size_t>(bytes)); }

Task<> ring(Node& node) {
  const int hosts = node.info().world, rank = static_cast<int>(node.rank().value);
  const Rank next{(rank + 1) % hosts}, previous{(rank + hosts - 1) % hosts};
  for (int round = 0; round < 2 * (hosts - 1); ++round) {
    node.send(next, kTag, sized(traffic::ring_bytes(hosts)));
    co_await node.receive(previous, kTag);
  }
}

Task<> all_to_all(Node& node) {
  const int hosts = node.info().world, rank = static_cast<int>(node.rank().value);
  for (int round = 0; round < traffic::kAllToAllRepeats * (hosts - 1); ++round) {
    const int hop = 1 + round % (hosts - 1);
    node.send(Rank{(rank + hop) % hosts}, kTag, sized(traffic::kAllToAllBytes));
    co_await node.receive(Rank{(rank + hosts - hop) % hosts}, kTag);
  }
}

Task<> burst(Node& node) {
  const int hosts = node.info().world, rank = static_cast<int>(node.rank().value);
  for (int i = 1; i < hosts; ++i)
    node.send(Rank{(rank + i) % hosts}, kTag, sized(traffic::kAllToAllBytes));
  for (int i = 1; i < hosts; ++i) co_await node.receive(std::nullopt, kTag);
}

// The last host serves.
Task<> parameter_server(Node& node) {
  const int hosts = node.info().world, rank = static_cast<int>(node.rank().value);
  const int rounds = traffic::server_rounds(hosts);
  if (rank < hosts - 1) {
    for (int round = 0; round < rounds; ++round) {
      node.send(Rank{hosts - 1}, kTag, sized(traffic::server_bytes(rank)));
      co_await node.receive(Rank{hosts - 1}, kTag);
    }
    co_return;
  }
  for (int i = 0; i < rounds * (hosts - 1); ++i) {
    const auto gradient = co_await node.receive(std::nullopt, kTag);
    node.send(gradient->from, kTag, Payload::dry(gradient->payload.size()));
  }
}

std::int64_t transfers(std::string_view pattern, int hosts) {
  if (pattern == "ring") return 2LL * (hosts - 1) * hosts;
  if (pattern == "all_to_all") return 1LL * traffic::kAllToAllRepeats * hosts * (hosts - 1);
  if (pattern == "burst") return 1LL * hosts * (hosts - 1);
  return 2LL * traffic::server_rounds(hosts) * (hosts - 1);
}

NodeProgram program(std::string_view pattern) {
  if (pattern == "ring") return ring;
  if (pattern == "all_to_all") return all_to_all;
  if (pattern == "burst") return burst;
  if (pattern == "parameter_server") return parameter_server;
  throw ScenarioError("PATTERN is ring, all_to_all, burst, parameter_server or wan");
}

void report(std::int64_t transfers, Duration simulated, double cpu_s) {
  std::printf("%lld %.9f %.6f %.1f\n", static_cast<long long>(transfers), to_seconds(simulated),
              cpu_s, traffic::peak_memory_mib());
}

template <class Body>
double cpu_seconds(const Body& body) {
  const std::clock_t start = std::clock();
  body();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

void run_on_a_switch(std::string_view pattern, int hosts) {
  const Topology topology = make_topology(
      ClusterConfig{.machines = hosts, .inter = {traffic::kAccess, 2 * traffic::kAccessLatency}});
  WorldOptions options;
  options.network = FairShareConfig{};
  VirtualWorld world(topology, std::move(options));
  const double cpu_s = cpu_seconds([&] { world.run(program(pattern)); });
  report(transfers(pattern, hosts), world.snapshot().time - kStart, cpu_s);
}

void run_wan(int count, const Topology& topology) {
  const auto messages = traffic::wan_messages(topology.vertices().size(), count);
  for (const traffic::Message& message : messages) topology.route(message.from, message.to);
  WorldOptions options;
  options.network = FairShareConfig{.fairness = Fairness::kInverseLatency};  // as SimGrid's CM02
  VirtualWorld world(topology, std::move(options));
  std::vector<int> expected(topology.places().size(), 0);
  for (const traffic::Message& message : messages) ++expected[message.to.index()];
  const auto program = [&](Node& node) -> Task<> {
    if (node.rank() == Rank{0}) {
      for (const traffic::Message& message : messages) {
        co_await node.sleep_until(message.start);
        world.node(Rank{message.from.value})
            .send(Rank{message.to.value}, kTag, sized(message.bytes));
      }
    }
    for (int i = expected[node.rank().index()]; i > 0; --i)
      co_await node.receive(std::nullopt, kTag);
  };
  const double cpu_s = cpu_seconds([&] { world.run(program); });
  report(count, world.snapshot().time - kStart, cpu_s);
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  using namespace understudy;
  try {
    const std::string_view pattern = argc > 1 ? argv[1] : "ring";
    const int count = argc > 2 ? std::atoi(argv[2]) : 64;
    if (pattern == "wan") {
      run_wan(count, argc > 3 ? traffic::wan(argv[3]) : traffic::wan());
    } else {
      run_on_a_switch(pattern, count);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "understudy_traffic: %s\n", error.what());
    return 2;
  }
}
