// Every collective gives the sum, to the bit where it promises bits.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/collectives/harness.hpp"

namespace understudy {
namespace {

Topology mesh(std::size_t nodes) {
  return make_topology(MeshConfig{.nodes = static_cast<int>(nodes)});
}

template <class Scalar>
std::vector<std::vector<Scalar>> random_vectors(std::size_t members, std::size_t size) {
  std::vector<std::vector<Scalar>> vectors(members, std::vector<Scalar>(size));
  for (std::size_t m = 0; m < members; ++m) {
    RandomStream random(
        {.seed = 1, .node = static_cast<std::uint32_t>(m), .purpose = Purpose::kTest});
    for (Scalar& x : vectors[m]) x = static_cast<Scalar>(random.normal());
  }
  return vectors;
}

constexpr CollectiveKind kAll[] = {CollectiveKind::kRing, CollectiveKind::kTree,
                                   CollectiveKind::kHalvingDoubling,
                                   CollectiveKind::kParameterServer, CollectiveKind::kHierarchical};

class EveryCollective : public ::testing::TestWithParam<std::tuple<CollectiveKind, std::size_t>> {};

TEST_P(EveryCollective, SumsIntegersExactlyWhateverTheSizeAndTheBuckets) {
  const auto [kind, n] = GetParam();
  for (const std::size_t size : {1u, 2u, 7u, 64u, 1000u}) {
    for (const std::size_t bucket : {std::size_t{1000}, std::size_t{129}}) {
      std::vector<std::vector<double>> vectors(n, std::vector<double>(size));
      for (std::size_t m = 0; m < n; ++m) {
        for (std::size_t e = 0; e < size; ++e) vectors[m][e] = static_cast<double>(m * 1000 + e);
      }
      allreduce_vectors(mesh(n), {.kind = kind}, vectors, bucket);
      for (std::size_t e = 0; e < size; ++e) {
        // sum over m of (1000 m + e)
        const double expected =
            1000.0 * static_cast<double>(n * (n - 1) / 2) + static_cast<double>(n * e);
        for (std::size_t m = 0; m < n; ++m)
          ASSERT_EQ(vectors[m][e], expected) << "member " << m << " element " << e;
      }
    }
  }
}

TEST_P(EveryCollective, LeavesAllMembersWithTheSameBits) {
  const auto [kind, n] = GetParam();
  auto vectors = random_vectors<float>(n, 777);
  allreduce_vectors(mesh(n), {.kind = kind}, vectors, 200);
  for (std::size_t m = 1; m < n; ++m) EXPECT_EQ(vectors[m], vectors[0]);
}

INSTANTIATE_TEST_SUITE_P(Collectives, EveryCollective,
                         ::testing::Combine(::testing::ValuesIn(kAll),
                                            ::testing::Values(1, 2, 3, 5, 6, 8, 9)),
                         [](const auto& test) {
                           return std::string(name(std::get<0>(test.param))) + "_of_" +
                                  std::to_string(std::get<1>(test.param));
                         });

// The canonical order, written down as the definition has it.
std::vector<float> canonical_sum(std::vector<std::vector<float>> v) {
  const std::size_t n = v.size(), p = power_of_two_below(n);
  const auto add = [&](std::size_t to, std::size_t from) {
    for (std::size_t e = 0; e < v[to].size(); ++e) v[to][e] += v[from][e];
  };
  for (std::size_t i = p; i < n; ++i) add(i - p, i);
  for (std::size_t d = 1; d < p; d *= 2) {
    for (std::size_t i = 0; i < p; i += 2 * d) add(i, i + d);
  }
  return v[0];
}

TEST(CanonicalOrder, IsKeptToTheBitByAllThatOfferIt) {
  for (const std::size_t n : {2u, 3u, 4u, 6u, 8u}) {
    const auto vectors = random_vectors<float>(n, 501);
    const auto expected = canonical_sum(vectors);
    for (const auto kind : {CollectiveKind::kTree, CollectiveKind::kHalvingDoubling,
                            CollectiveKind::kParameterServer}) {
      auto result = vectors;
      allreduce_vectors(mesh(n), {.kind = kind, .reduction = Reduction::kOrdered}, result, 100);
      EXPECT_EQ(result[0], expected) << name(kind) << " of " << n;
    }
  }
}

TEST(CanonicalOrder, IsKeptByHierarchicalOnAlignedMachines) {
  const Topology cluster = make_topology(ClusterConfig{.machines = 2, .devices_per_machine = 4});
  const auto vectors = random_vectors<float>(8, 501);
  auto result = vectors;
  allreduce_vectors(cluster,
                    {.kind = CollectiveKind::kHierarchical, .reduction = Reduction::kOrdered},
                    result, 501);
  EXPECT_EQ(result[7], canonical_sum(vectors));
}

// One machine is the tree alone, machines of one device halving-doubling alone: any number will do.
TEST(CanonicalOrder, IsKeptByHierarchicalWithASingleLevel) {
  for (const auto& shape : {ClusterConfig{.machines = 1, .devices_per_machine = 3},
                            ClusterConfig{.machines = 3, .devices_per_machine = 1}}) {
    const auto vectors = random_vectors<float>(3, 100);
    auto result = vectors;
    const CollectiveConfig ordered{.kind = CollectiveKind::kHierarchical,
                                   .reduction = Reduction::kOrdered};
    const Topology topology = make_topology(shape);
    EXPECT_NO_THROW(check_collective(ordered, communicator_of(topology, Rank{0})));
    allreduce_vectors(topology, ordered, result, 100);
    EXPECT_EQ(result[2], canonical_sum(vectors));
  }
}

TEST(CanonicalOrder, IsKeptByADedicatedServer) {
  const Topology star = make_topology(StarConfig{.nodes = 6});
  const auto vectors = random_vectors<float>(6, 300);
  auto result = vectors;
  allreduce_vectors(
      star, {.kind = CollectiveKind::kParameterServer, .server = ServerPlacement::kDedicated},
      result, 100, true);
  EXPECT_EQ(result[5], canonical_sum(vectors));
}

TEST(Ring, BitsDoNotDependOnTheBuckets) {
  const auto vectors = random_vectors<float>(5, 2003);
  auto whole = vectors, cut = vectors, crumbs = vectors;
  allreduce_vectors(mesh(5), {}, whole, 2003);
  allreduce_vectors(mesh(5), {}, cut, 777);
  allreduce_vectors(mesh(5), {}, crumbs, 64);
  EXPECT_EQ(whole[0], cut[0]);
  EXPECT_EQ(whole[0], crumbs[0]);
}

TEST(Ring, RefusesTheCanonicalOrderWithTheReason) {
  Communicator members{.members = {Rank{0}, Rank{1}}, .machines = {0, 1}};
  EXPECT_THROW(check_collective({.reduction = Reduction::kOrdered}, members), ScenarioError);
  members.machines = {0, 1};
  EXPECT_NO_THROW(
      check_collective({.kind = CollectiveKind::kTree, .reduction = Reduction::kOrdered}, members));
}

// As where more nodes than vertices sit on a graph in turn.
TEST(Hierarchical, AddsUpWhereAMachinesMembersLieApart) {
  const std::vector<int> machines = {0, 1, 2, 0, 1, 0};
  Topology topology = mesh(machines.size());
  Topology apart;
  for (const Vertex& vertex : topology.vertices()) apart.add_vertex(vertex);
  for (const Link& link : topology.links()) apart.add_link(link);
  for (std::size_t r = 0; r < machines.size(); ++r)
    apart.place({.vertex = VertexId{r}, .machine = machines[r]});
  std::vector<std::vector<double>> vectors;
  for (std::size_t r = 0; r < machines.size(); ++r) vectors.push_back({std::pow(10.0, r), 1.0});
  allreduce_vectors(apart, {.kind = CollectiveKind::kHierarchical}, vectors, 2);
  for (const auto& vector : vectors) EXPECT_EQ(vector, (std::vector<double>{111'111, 6}));
}

TEST(Hierarchical, RefusesTheCanonicalOrderOnUnevenMachines) {
  const CollectiveConfig ordered{.kind = CollectiveKind::kHierarchical,
                                 .reduction = Reduction::kOrdered};
  Communicator members{.members = {Rank{0}, Rank{1}, Rank{2}, Rank{3}}, .machines = {0, 0, 0, 1}};
  EXPECT_THROW(check_collective(ordered, members), ScenarioError);
  members.machines = {0, 1, 0, 1};
  EXPECT_THROW(check_collective(ordered, members), ScenarioError);
  members = {.members = {Rank{0}, Rank{1}, Rank{2}}, .machines = {0, 0, 1}};
  EXPECT_THROW(check_collective(ordered, members), ScenarioError);
  members = {.members = {Rank{0}, Rank{1}, Rank{2}, Rank{3}}, .machines = {0, 0, 1, 1}};
  EXPECT_NO_THROW(check_collective(ordered, members));
}

}  // namespace
}  // namespace understudy
