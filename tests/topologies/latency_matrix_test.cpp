#include "topologies/latency_matrix.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/errors.hpp"
#include "tests/topologies/files.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::string error_of(const std::string& text) {
  try {
    parse_latency_matrix(text, "m.csv");
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
  return "no error";
}

TEST(LatencyMatrix, ReadsRowsInAnyOrder) {
  const LatencyMatrix matrix = parse_latency_matrix(
      "\xef\xbb\xbf# a comment\r\n\r\nfrom/to, a ,b,c\r\nb,1,,2.5\r\n\na,3,0,4\nc,5,6,7\n",
      "m.csv");
  EXPECT_THAT(matrix.regions, ElementsAre("a", "b", "c"));
  EXPECT_THAT(matrix.rtt_ms, ElementsAre(3, 0, 4, 1, 0, 2.5, 5, 6, 7));
  EXPECT_EQ(matrix.rtt(1, 2), 2.5);
}

TEST(LatencyMatrix, OfOneRegion) {
  EXPECT_THAT(parse_latency_matrix(",a\na,", "m.csv").regions, ElementsAre("a"));
}

TEST(LatencyMatrixErrors, NameTheLine) {
  EXPECT_EQ(error_of(""), "m.csv:1: holds no header of regions");
  EXPECT_EQ(error_of("# only this\n\n"), "m.csv:2: holds no header of regions");
  EXPECT_EQ(error_of("a\n"), "m.csv:1: the header names no region");
  EXPECT_EQ(error_of(",a,\n"), "m.csv:1: the name of region 2 is empty");
  EXPECT_EQ(error_of("\n,a,b,a\n"), "m.csv:2: two regions are called 'a'");
  EXPECT_EQ(error_of(",a/b\n"),
            "m.csv:1: the region's name 'a/b' has characters that names of links or patterns need");
  EXPECT_EQ(error_of(",a*\n"),
            "m.csv:1: the region's name 'a*' has characters that names of links or patterns need");
  EXPECT_EQ(error_of("," + std::string(201, 'a')),
            "m.csv:1: a region's name has more than 200 bytes");
  EXPECT_EQ(error_of(",\xff\n"), "m.csv:1: is not UTF-8");
  EXPECT_EQ(error_of(",\"a\"\n"), "m.csv:1: cells in quotes are not supported");
}

TEST(LatencyMatrixErrors, Rows) {
  const std::string head = ",london,paris\n";
  EXPECT_EQ(error_of(head), "m.csv:1: has no row for 'london'");
  EXPECT_EQ(error_of(head + "london,0,8\n"), "m.csv:2: has no row for 'paris'");
  EXPECT_EQ(error_of(head + "lndon,0,8\n"),
            "m.csv:2: the header names no region 'lndon'; did you mean 'london'?");
  EXPECT_EQ(error_of(head + "tokyo,0,8\n"), "m.csv:2: the header names no region 'tokyo'");
  EXPECT_EQ(error_of(head + "london,0,8\nlondon,0,8\n"),
            "m.csv:3: 'london' has another row in line 2");
  EXPECT_EQ(error_of(head + "london,0\n"),
            "m.csv:2: the row of 'london' has 1 times for 2 regions");
  EXPECT_EQ(error_of(head + "london,0,8,9\n"),
            "m.csv:2: the row of 'london' has 3 times for 2 regions");
}

TEST(LatencyMatrixErrors, Times) {
  const auto time = [](const std::string& cell) {
    return error_of(",a,b\n\na,0," + cell + "\nb,1,0\n");
  };
  EXPECT_EQ(time("1e9"), "no error");
  EXPECT_EQ(time(""), "m.csv:3: the time from 'a' to 'b' is missing");
  for (const std::string cell : {"-1", "nan", "inf", "x", "1e10", "5ms", "1 2"}) {
    EXPECT_EQ(time(cell), "m.csv:3: the time from 'a' to 'b' is '" + cell +
                              "', not a round trip in milliseconds");
  }
  EXPECT_EQ(error_of(",a\na,-2\n"),
            "m.csv:2: the time from 'a' to 'a' is '-2', not a round trip in milliseconds");
}

TEST(LatencyMatrixErrors, Bounds) {
  std::string head;
  for (std::size_t i = 0; i < kMaxRegions; ++i) head += ",r" + std::to_string(i);
  EXPECT_EQ(error_of(head), "m.csv:1: has no row for 'r0'");
  EXPECT_EQ(error_of(head + ",x"), "m.csv:1: has more than 1024 regions");
  EXPECT_EQ(error_of(std::string(kMaxMatrixBytes + 1, '\n')),
            "m.csv: is larger than the 33554432 bytes that a matrix may have");
}

// From a to b 10 ms, back 14 ms: half of each way's round trip is the way's latency.
TEST(LatencyMatrix, BecomesRoutersWithNodesOnThem) {
  const TemporaryTextFile file(",a,b\na,0,20\nb,28,0\n");
  const LatencyMatrixConfig config{.file = {file.path()},
                                   .bandwidth = Bandwidth{2e9},
                                   .nodes_per_region = 2,
                                   .local = {Bandwidth{5e9}, 1ms, Bandwidth{4e9}},
                                   .device = "a100"};
  const Topology topology = make_topology(config);
  EXPECT_NO_THROW(topology.require_connected());
  EXPECT_THAT(names_of(topology),
              ElementsAre("a", "b", "a/node0", "a/node1", "b/node0", "b/node1"));
  const auto seats = seating(config);
  EXPECT_EQ(seats.workers, 4);
  EXPECT_EQ(seats.machines(), 2);
  const auto places = topology.places();
  ASSERT_EQ(places.size(), 4u);
  EXPECT_EQ(places[3].machine, 1);
  EXPECT_EQ(places[3].local_rank, 1);
  EXPECT_EQ(places[3].device, "a100");
  EXPECT_EQ(latency_of_way(topology, places[0].vertex, places[3].vertex), 1ms + 10ms + 1ms);
  EXPECT_EQ(latency_of_way(topology, places[3].vertex, places[0].vertex), 1ms + 14ms + 1ms);
  EXPECT_EQ(bandwidth_of(topology, "a->b"), Bandwidth{2e9});
  EXPECT_EQ(bandwidth_of(topology, "a/node1->a"), Bandwidth{5e9}) << "from the node";
  EXPECT_EQ(bandwidth_of(topology, "a->a/node1"), Bandwidth{4e9}) << "`back` leads to it";
}

TEST(LatencyMatrix, RefusesWhatNoMachineCouldHold) {
  const TemporaryTextFile file(",a,b\na,0,20\nb,28,0\n");
  const LatencyMatrixConfig many{.file = {file.path()}, .nodes_per_region = 2'000'000'000};
  EXPECT_THROW(make_topology(many), ScenarioError);
  EXPECT_THROW(make_topology(LatencyMatrixConfig{.file = {file.path()}, .nodes_per_region = 0}),
               ScenarioError);
  EXPECT_THROW(make_topology(LatencyMatrixConfig{.file = {file.path()}, .bandwidth = {}}),
               ScenarioError);
}

TEST(CloudRegions, AreEightAndConnected) {
  const LatencyMatrixConfig config{.file = {UNDERSTUDY_SOURCE_DIR "/topologies/cloud_regions.csv"}};
  const Topology topology = make_topology(config);
  EXPECT_NO_THROW(topology.require_connected());
  EXPECT_EQ(topology.places().size(), 8u);
}

}  // namespace
}  // namespace understudy
