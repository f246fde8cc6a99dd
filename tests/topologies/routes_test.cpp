#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/random.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Topology vertices(int count) {
  Topology topology;
  for (int i = 0; i < count; ++i) {
    topology.add_vertex({"v" + std::to_string(i), VertexKind::kHost});
    topology.place({.vertex = VertexId{i}, .machine = i});
  }
  return topology;
}

std::vector<std::uint32_t> route(const Topology& topology, int from, int to) {
  std::vector<std::uint32_t> ids;
  for (const LinkId id : topology.route(VertexId{from}, VertexId{to})) ids.push_back(id.value);
  return ids;
}

LinkId link(Topology& topology, int from, int to, Duration latency) {
  return topology.add_link({VertexId{from}, VertexId{to}, Bandwidth{1e9}, latency});
}

TEST(Route, IsEmptyFromAVertexToItself) {
  EXPECT_THAT(route(make_topology(RingConfig{.nodes = 3}), 1, 1), IsEmpty());
}

TEST(Route, PrefersLeastLatencyOverFewestHops) {
  Topology topology = vertices(3);
  link(topology, 0, 2, 10ms);
  link(topology, 0, 1, 4ms);
  link(topology, 1, 2, 5ms);
  EXPECT_THAT(route(topology, 0, 2), ElementsAre(1, 2));
}

TEST(Route, PrefersFewestHopsAtEqualLatency) {
  Topology topology = vertices(3);
  link(topology, 0, 1, 4ms);
  link(topology, 1, 2, 6ms);
  link(topology, 0, 2, 10ms);
  EXPECT_THAT(route(topology, 0, 2), ElementsAre(2));
}

TEST(Route, PrefersTheLowestLinksAtEqualLatencyAndHops) {
  Topology topology = vertices(4);  // a square: two ways round
  link(topology, 0, 2, 1ms);
  link(topology, 1, 3, 1ms);
  link(topology, 0, 1, 1ms);
  link(topology, 2, 3, 1ms);
  link(topology, 3, 0, 1ms);
  EXPECT_THAT(route(topology, 0, 3), ElementsAre(0, 3));
}

TEST(Route, PrefersTheFasterThenTheLowerOfParallelLinks) {
  Topology topology = vertices(2);
  link(topology, 0, 1, 2ms);
  link(topology, 0, 1, 1ms);
  link(topology, 0, 1, 1ms);
  EXPECT_THAT(route(topology, 0, 1), ElementsAre(1));
}

TEST(Route, CrossesZeroLatencies) {
  const Topology topology = make_topology(RingConfig{.nodes = 6, .latency = 0ms});
  EXPECT_EQ(route(topology, 0, 2).size(), 2u);
  EXPECT_EQ(route(topology, 0, 5).size(), 1u);
}

TEST(Route, SeesLinksAddedAfterALookup) {
  Topology topology = vertices(2);
  link(topology, 0, 1, 2ms);
  EXPECT_THAT(route(topology, 0, 1), ElementsAre(0));
  link(topology, 0, 1, 1ms);
  EXPECT_THAT(route(topology, 0, 1), ElementsAre(1));
}

TEST(Route, SurvivesAMove) {
  Topology topology = make_topology(StarConfig{.nodes = 3});
  const auto before = topology.route(VertexId{0}, VertexId{1});
  const Topology moved = std::move(topology);
  const auto after = moved.route(VertexId{0}, VertexId{1});
  EXPECT_EQ(before.data(), after.data());
  EXPECT_EQ(moved.route(VertexId{2}, VertexId{0}).size(), 2u);
}

constexpr Routing kPolicies[] = {Routing::kShortestLatency, Routing::kFewestHops};

// What a policy compares paths by, first things first.
using Cost = std::pair<std::int64_t, std::int64_t>;
Cost cost_of(const Link& link, Routing routing) {
  const std::int64_t latency = link.latency.count();
  return routing == Routing::kFewestHops ? Cost{1, latency} : Cost{latency, 1};
}
Cost sum(const Cost& a, const Cost& b) { return {a.first + b.first, a.second + b.second}; }

// Bellman and Ford with whole paths: slow, and nothing like the router.
using Path = std::pair<Cost, std::vector<std::uint32_t>>;
std::optional<Path> best_path(const Topology& topology, Routing routing, int from, int to) {
  std::vector<std::optional<Path>> best(topology.vertices().size());
  best[static_cast<std::size_t>(from)] = Path{};
  for (std::size_t round = 0; round < best.size(); ++round) {
    for (std::uint32_t i = 0; i < topology.links().size(); ++i) {
      const Link& link = topology.links()[i];
      if (!best[link.from.index()]) continue;
      Path path = *best[link.from.index()];
      path.first = sum(path.first, cost_of(link, routing));
      path.second.push_back(i);
      auto& known = best[link.to.index()];
      if (!known || path < *known) known = path;
    }
  }
  return best[static_cast<std::size_t>(to)];
}

// Sparse graphs with trees hanging off cycles, one-way links and few distinct latencies, so that
// ties abound.
Topology random_graph(RandomStream& random) {
  const int size = 2 + static_cast<int>(random.below(9));
  Topology topology = vertices(size);
  const auto any = [&] { return static_cast<int>(random.below(static_cast<std::uint64_t>(size))); };
  const auto some_latency = [&] { return Duration{static_cast<std::int64_t>(random.below(3))}; };
  for (int i = 1; i < size; ++i) {
    const int parent = static_cast<int>(random.below(static_cast<std::uint64_t>(i)));
    const bool one_way = random.below(8) == 0;
    link(topology, i, parent, some_latency());
    if (!one_way) link(topology, parent, i, some_latency());
  }
  for (std::uint64_t extra = random.below(6); extra > 0; --extra) {
    const int from = any(), to = any();
    if (from != to) link(topology, from, to, some_latency());
  }
  return topology;
}

TEST(Route, EqualsExhaustiveSearchOnRandomGraphs) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RandomStream random({.seed = seed, .purpose = Purpose::kTest});
    Topology topology = random_graph(random);
    const int size = static_cast<int>(topology.vertices().size());
    for (const Routing routing : kPolicies) {
      topology.use_routing(routing);
      for (int from = 0; from < size; ++from) {
        for (int to = 0; to < size; ++to) {
          const auto expected = best_path(topology, routing, from, to);
          if (expected) {
            EXPECT_EQ(route(topology, from, to), expected->second) << "seed " << seed;
          } else {
            EXPECT_THROW(route(topology, from, to), ScenarioError) << "seed " << seed;
          }
        }
      }
    }
  }
}

constexpr Cost kNoWay{std::int64_t{1} << 40, 0};

// Floyd and Warshall: the least cost between all pairs.
std::vector<std::vector<Cost>> least_costs(const Topology& topology, Routing routing) {
  const std::size_t size = topology.vertices().size();
  std::vector<std::vector<Cost>> least(size, std::vector<Cost>(size, kNoWay));
  for (std::size_t v = 0; v < size; ++v) least[v][v] = {0, 0};
  for (const Link& link : topology.links()) {
    Cost& known = least[link.from.index()][link.to.index()];
    known = std::min(known, cost_of(link, routing));
  }
  for (std::size_t via = 0; via < size; ++via) {
    for (std::size_t a = 0; a < size; ++a) {
      for (std::size_t b = 0; b < size; ++b)
        least[a][b] = std::min(least[a][b], sum(least[a][via], least[via][b]));
    }
  }
  return least;
}

// One-way links only, so that the way back is another one, on cycles of all sizes.
Topology one_way_graph(RandomStream& random) {
  const int size = 24;
  Topology topology = vertices(size);
  for (int i = 0; i < 2 * size; ++i) {
    const int from = static_cast<int>(random.below(size)),
              to = static_cast<int>(random.below(size));
    const Duration latency{static_cast<std::int64_t>(random.below(100))};
    if (from != to) link(topology, from, to, latency);
  }
  return topology;
}

TEST(Route, IsAPathOfLeastCostInBothPolicies) {
  int longer_in_hops = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomStream random({.seed = seed, .purpose = Purpose::kTest, .round = 1});
    Topology topology = one_way_graph(random);
    std::vector<std::size_t> hops;
    for (const Routing routing : kPolicies) {
      topology.use_routing(routing);
      const auto least = least_costs(topology, routing);
      std::size_t all_hops = 0;
      for (int from = 0; from < 24; ++from) {
        for (int to = 0; to < 24; ++to) {
          const Cost& expected =
              least[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
          if (expected.first >= kNoWay.first) {
            EXPECT_THROW(route(topology, from, to), ScenarioError);
            continue;
          }
          Cost actual{0, 0};
          VertexId at{from};
          for (const LinkId id : topology.route(VertexId{from}, VertexId{to})) {
            const Link& link = topology.links()[id.index()];
            EXPECT_EQ(link.from, at);
            at = link.to;
            actual = sum(actual, cost_of(link, routing));
            ++all_hops;
          }
          EXPECT_EQ(at, VertexId{to});
          EXPECT_EQ(actual, expected) << "seed " << seed << ", " << from << " to " << to;
        }
      }
      hops.push_back(all_hops);
    }
    longer_in_hops += hops[0] > hops[1];
  }
  EXPECT_EQ(longer_in_hops, 30);  // the policies differ on every one of these graphs
}

TEST(Route, OfFewestHopsTakesASlowDirectLink) {
  Topology topology = vertices(3);
  link(topology, 0, 1, 1ms);
  link(topology, 1, 2, 1ms);
  link(topology, 0, 2, 100ms);
  link(topology, 0, 2, 50ms);
  topology.use_routing(Routing::kFewestHops);
  EXPECT_THAT(route(topology, 0, 2), ElementsAre(3));
  topology.use_routing(Routing::kShortestLatency);
  EXPECT_THAT(route(topology, 0, 2), ElementsAre(0, 1));
}

TEST(Route, OfParallelCablesTakesTheFasterInBothPolicies) {
  for (const Routing routing : kPolicies) {
    Topology hanging = vertices(2);
    hanging.use_routing(routing);
    for (const Duration latency : {3ms, 1ms, 1ms}) link(hanging, 0, 1, latency);
    EXPECT_THAT(route(hanging, 0, 1), ElementsAre(1));
    Topology core = make_topology(RingConfig{.nodes = 3, .latency = 5ms});  // links 0 to 5
    core.use_routing(routing);
    for (const Duration latency : {3ms, 2ms, 2ms}) link(core, 0, 1, latency);
    EXPECT_THAT(route(core, 0, 1), ElementsAre(7));
  }
}

// What malloc has given out. Sanitizers replace it, and then it says 0.
std::size_t bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(Route, OfAHundredThousandLeavesIsCheap) {
  constexpr int kLeaves = 100'000;
  const std::size_t before = bytes_in_use();
  const Topology topology = make_topology(StarConfig{.nodes = kLeaves, .latency = 1ms});
  topology.require_connected();
  const VertexId hub{kLeaves};
  std::size_t hops = 0;
  for (int i = 0; i < kLeaves; ++i) {
    hops += topology.route(VertexId{i}, hub).size();
    hops += topology.route(hub, VertexId{i}).size();
    hops += topology.route(VertexId{i}, VertexId{(i + 1) % kLeaves}).size();
  }
  EXPECT_EQ(hops, 4u * kLeaves);
  EXPECT_LT(bytes_in_use() - before, 512u * kLeaves);  // vertex, place, two links, three routes
}

TEST(Disconnected, NamesTwoVertices) {
  Topology topology = vertices(3);
  topology.add_cable({VertexId{0}, VertexId{1}, Bandwidth{1e9}, 1ms});
  link(topology, 2, 0, 1ms);
  try {
    topology.require_connected();
    FAIL() << "there is no way to v2";
  } catch (const ScenarioError& error) {
    EXPECT_STREQ(error.what(), "the topology is disconnected: there is no path from v0 to v2");
  }
  EXPECT_THROW(topology.route(VertexId{1}, VertexId{2}), ScenarioError);
  EXPECT_EQ(topology.route(VertexId{2}, VertexId{1}).size(), 2u);
  link(topology, 0, 2, 1ms);
  EXPECT_NO_THROW(topology.require_connected());
}

TEST(Disconnected, DoesNotMatterWhereNobodySits) {
  Topology topology = vertices(2);
  topology.add_cable({VertexId{0}, VertexId{1}, Bandwidth{1e9}, 1ms});
  topology.add_vertex({"spare", VertexKind::kSwitch});
  EXPECT_NO_THROW(topology.require_connected());
}

TEST(Links, AreRefusedWithTheirName) {
  Topology topology = vertices(2);
  const auto error_of = [&](const Link& link) -> std::string {
    try {
      topology.add_link(link);
    } catch (const ScenarioError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of({VertexId{0}, VertexId{1}, Bandwidth{0}, 1ms}),
              HasSubstr("link v0->v1 has a bandwidth of"));
  EXPECT_THAT(error_of({VertexId{1}, VertexId{0}, Bandwidth{1e9}, -1ms}),
              HasSubstr("link v1->v0 has a latency of"));
  EXPECT_THAT(error_of({VertexId{1}, VertexId{1}, Bandwidth{1e9}, 1ms}), HasSubstr("to itself"));
  EXPECT_THROW(topology.add_vertex({"v1", VertexKind::kHost}), ScenarioError);
  EXPECT_EQ(topology.links().size(), 0u);
}

}  // namespace
}  // namespace understudy
