// The graphs in topologies/, and all of the Internet Topology Zoo where it is at hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "runtime/base/errors.hpp"
#include "tests/data/test_data.hpp"
#include "tests/topologies/files.hpp"
#include "topologies/distance.hpp"
#include "topologies/file_graph.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

const fs::path kFolder = UNDERSTUDY_SOURCE_DIR "/topologies";

std::set<fs::path> graphs_in(const fs::path& folder) {
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".graphml") files.insert(entry.path());
  }
  return files;
}

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

GraphmlConfig of(const std::string& name, PlaceConfig place = {}) {
  return {.file = {(kFolder / (name + ".graphml")).string()},
          .missing_location = MissingLocation::kDefault,
          .place = std::move(place)};
}

VertexId vertex(const Topology& topology, const std::string& name) {
  const auto names = names_of(topology);
  const auto at = std::find(names.begin(), names.end(), name);
  EXPECT_NE(at, names.end()) << name;
  return VertexId{static_cast<std::size_t>(at - names.begin())};
}
Duration latency(const Topology& topology, const std::string& from, const std::string& to) {
  return latency_of_way(topology, vertex(topology, from), vertex(topology, to));
}

std::size_t media_of(const Topology& topology) {
  std::set<MediumId> media;
  for (const Link& link : topology.links()) {
    if (link.medium) media.insert(*link.medium);
  }
  return media.size();
}

TEST(CommittedGraphs, AllLoadAreConnectedAndSeatANodeOnEveryVertex) {
  std::set<fs::path> files = graphs_in(kFolder);
  EXPECT_EQ(files.size(), 7u);
  files.merge(graphs_in(kFolder / "zoo"));
  EXPECT_EQ(files.size(), 10u);
  for (const fs::path& file : files) {
    const Topology topology = make_topology(GraphmlConfig{.file = {file.string()}});
    EXPECT_NO_THROW(topology.require_connected()) << file;
    EXPECT_EQ(topology.places().size(), count(content(file), "<node ")) << file;
  }
}

TEST(CommittedGraphs, OursOpenWithWhatTheyAre) {
  for (const fs::path& file : graphs_in(kFolder)) {
    EXPECT_EQ(content(file).find("<!-- "), content(file).find('\n') + 1) << file;
  }
  EXPECT_EQ(content(kFolder / "cloud_regions.csv").substr(0, 2), "# ");
}

TEST(CommittedGraphs, GpusShareOneMachine) {
  const PlaceConfig gpus{.ranks = Ranks::kByAttribute, .attribute = "kind", .value = "device"};
  for (const char* name : {"eight_gpus_nvlink", "eight_gpus_pcie"}) {
    const Seating seats = seating(of(name, gpus));
    EXPECT_EQ(seats.workers, 8) << name;
    EXPECT_EQ(seats.machines(), 1) << name;
  }
  const Topology nvlink = make_topology(of("eight_gpus_nvlink", gpus));
  EXPECT_EQ(latency(nvlink, "gpu0", "gpu7"), 2us);
  EXPECT_EQ(bandwidth_of(nvlink, "gpu0->nvswitch").bytes_per_s(), 12 * 25e9);
  const Topology pcie = make_topology(of("eight_gpus_pcie", gpus));
  EXPECT_EQ(latency(pcie, "gpu0", "gpu1"), 1us) << "under one switch";
  EXPECT_EQ(latency(pcie, "gpu0", "gpu3"), 2us) << "under one socket";
  EXPECT_EQ(latency(pcie, "gpu0", "gpu7"), 2200ns) << "across sockets";
  EXPECT_NEAR(bandwidth_of(pcie, "pcie0->cpu0").bytes_per_s(), 16e9 * 16 * 128 / 130 / 8, 1e7);
}

TEST(CommittedGraphs, RacksAndCampusHaveTheirMachines) {
  const Topology racks = make_topology(
      of("two_racks", {.ranks = Ranks::kByAttribute, .attribute = "kind", .value = "machine"}));
  EXPECT_EQ(racks.places().size(), 16u);
  EXPECT_EQ(latency(racks, "rack0/machine0", "rack0/machine7"), 10us);
  EXPECT_EQ(latency(racks, "rack0/machine0", "rack1/machine0"), 12us);
  const PlaceConfig hosts{
      .ranks = Ranks::kByAttribute, .attribute = "kind", .value = "host", .server = "server"};
  const Topology campus = make_topology(of("campus", hosts));
  EXPECT_EQ(campus.places().size(), 6u + 8 + 1);
  EXPECT_EQ(media_of(campus), 2u) << "cells";
  const Topology home = make_topology(of("home_clients", hosts));
  EXPECT_EQ(home.places().size(), 14u + 1);
  EXPECT_EQ(bandwidth_of(home, "adsl0->exchange"), Bandwidth{1e6});
  EXPECT_EQ(bandwidth_of(home, "exchange->adsl0"), Bandwidth{16e6});
}

TEST(CommittedGraphs, BoardsShareTheirBusAndChannel) {
  const Topology field = make_topology(of(
      "sensor_field",
      {.ranks = Ranks::kByAttribute, .attribute = "kind", .value = "device", .server = "gateway"}));
  EXPECT_EQ(field.places().size(), 12u + 1);
  EXPECT_EQ(media_of(field), 2u);
  EXPECT_FALSE(link_called(field, "serial0->gateway").medium)
      << "a serial line has a wire each way";
  EXPECT_EQ(bandwidth_of(field, "serial0->gateway").bits_per_s, 115'200 * 8.0 / 10);
}

// The great circle from New York to London is 5570 km (5,585 on the ellipsoid).
TEST(CommittedGraphs, ContinentsAreAsFarApartAsTheyAre) {
  const Topology topology = make_topology(of("three_continents"));
  EXPECT_EQ(topology.places().size(), 6u);
  EXPECT_NEAR(to_seconds(latency(topology, "New York", "London")), 5577 * 1.5 / 299792.458, 2e-4);
}

TEST(CommittedGraphs, ZooHasItsSpeeds) {
  GraphmlConfig config = of("zoo/Geant2009");
  config.missing_location = MissingLocation::kRefuse;
  config.bandwidth = Bandwidth{1};
  const Topology topology = make_topology(config);
  for (const Link& link : topology.links()) EXPECT_GT(link.bandwidth.bits_per_s, 1e6);
}

// What the collection's own description counts: 276 graphs, of which 253 are connected, 96 have
// parallel edges, 85 have every node located and 29 a speed on every edge.
struct ZooCount {
  int read = 0, connected = 0, parallel = 0, located = 0, with_speeds = 0;
  std::map<std::string, int> refused;  // by sentence, without names
};

bool has_parallel_edges(const FileGraph& graph) {
  std::set<std::pair<std::size_t, std::size_t>> ends;
  for (const GraphmlEdge& e : graph.document.edges) {
    if (!ends.insert(std::minmax(e.source, e.target)).second) return true;
  }
  return false;
}

template <class Attempt>
bool succeeds(const Attempt& attempt) {
  try {
    attempt();
    return true;
  } catch (const ScenarioError&) {
    return false;
  }
}

void count_graph(const fs::path& file, ZooCount& zoo) {
  const FileGraph graph = parse_file_graph(content(file), file.filename().string());
  ++zoo.read;
  EXPECT_EQ(graph.names.size(), count(content(file), "<node ")) << file;
  EXPECT_EQ(graph.document.edges.size(), count(content(file), "<edge ")) << file;
  const Topology topology = make_topology(graph, {.bandwidth = Bandwidth{12'345}});
  EXPECT_EQ(topology.places().size(), graph.names.size()) << file;
  try {
    topology.require_connected();
    ++zoo.connected;
  } catch (const ScenarioError& problem) {
    EXPECT_THAT(problem.what(),
                MatchesRegex("the topology is disconnected: there is no path from .+ to .+"));
    ++zoo.refused["disconnected"];
  }
  zoo.parallel += has_parallel_edges(graph);
  zoo.located +=
      succeeds([&] { make_topology(graph, {.missing_location = MissingLocation::kRefuse}); });
  const auto links = topology.links();
  zoo.with_speeds += std::none_of(links.begin(), links.end(), [](const Link& link) {
    return link.bandwidth == Bandwidth{12'345};
  });
}

TEST(TopologyZoo, AllGraphsAreRead) {
  if (!test_data() || !fs::is_directory(*test_data() / "topologies"))
    GTEST_SKIP()
        << "needs the Topology Zoo under $UNDERSTUDY_TEST_DATA or ../shared/data/topologies";
  ZooCount zoo;
  for (const fs::path& file : graphs_in(*test_data() / "topologies" / "graphml"))
    count_graph(file, zoo);
  EXPECT_EQ(zoo.read, 276);
  EXPECT_EQ(zoo.connected, 253);
  EXPECT_EQ(zoo.refused, (std::map<std::string, int>{{"disconnected", 276 - 253}}));
  EXPECT_EQ(zoo.parallel, 96);
  EXPECT_EQ(zoo.located, 85);
  EXPECT_EQ(zoo.with_speeds, 29);
}

}  // namespace
}  // namespace understudy
