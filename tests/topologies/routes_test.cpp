#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <tuple>

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

// Bellman and Ford with whole paths: slow, and nothing like the router.
using Path = std::tuple<Duration, std::size_t, std::vector<std::uint32_t>>;
std::optional<Path> best_path(const Topology& topology, int from, int to) {
  std::vector<std::optional<Path>> best(topology.vertices().size());
  best[static_cast<std::size_t>(from)] = Path{Duration{0}, 0, {}};
  for (std::size_t round = 0; round < best.size(); ++round) {
    for (std::uint32_t i = 0; i < topology.links().size(); ++i) {
      const Link& link = topology.links()[i];
      if (!best[link.from.index()]) continue;
      Path path = *best[link.from.index()];
      std::get<0>(path) += link.latency;
      std::get<1>(path) += 1;
      std::get<2>(path).push_back(i);
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
    const Topology topology = random_graph(random);
    const int size = static_cast<int>(topology.vertices().size());
    for (int from = 0; from < size; ++from) {
      for (int to = 0; to < size; ++to) {
        const auto expected = best_path(topology, from, to);
        if (expected) {
          EXPECT_EQ(route(topology, from, to), std::get<2>(*expected)) << "seed " << seed;
        } else {
          EXPECT_THROW(route(topology, from, to), ScenarioError) << "seed " << seed;
        }
      }
    }
  }
}

TEST(Route, OfAHundredThousandLeavesIsCheap) {
  constexpr int kLeaves = 100'000;
  const Topology topology = make_topology(StarConfig{.nodes = kLeaves, .latency = 1ms});
  topology.require_connected();
  std::size_t hops = 0;
  for (int i = 0; i < kLeaves; ++i)
    hops += topology.route(VertexId{i}, VertexId{(i + 1) % kLeaves}).size();
  EXPECT_EQ(hops, 2u * kLeaves);
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
