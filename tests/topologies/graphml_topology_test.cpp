// What becomes of a file's nodes and edges, and where nodes sit. docs/topologies.md has the rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <numbers>

#include "runtime/base/errors.hpp"
#include "tests/topologies/files.hpp"
#include "topologies/distance.hpp"
#include "topologies/file_graph.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// The graph begins in line 2.
FileGraph graph_of(const std::string& elements, const std::string& direction = "undirected") {
  std::string text = "<graphml>";
  for (const auto& [owner, name, type] :
       std::vector<std::tuple<const char*, std::string, const char*>>{
           {"node", "label", "string"},
           {"node", "kind", "string"},
           {"node", "machine", "string"},
           {"node", "Latitude", "double"},
           {"node", "Longitude", "double"},
           {"edge", "LinkSpeedRaw", "double"},
           {"edge", "latency_ms", "double"},
           {"edge", "rtt", "float"},
           {"edge", "speed", "long"},
           {"edge", "note", "string"},
           {"edge", "back_bandwidth", "double"},
           {"edge", "medium", "string"}}) {
    text += std::string("<key id='") + name + "' for='" + owner + "' attr.name='" + name +
            "' attr.type='" + type + "'/>";
  }
  text += "\n<graph edgedefault='" + direction + "'>" + elements + "</graph></graphml>";
  return parse_file_graph(text, "g");
}

using Data = std::vector<std::pair<std::string, std::string>>;
std::string data(const Data& values) {
  std::string text;
  for (const auto& [key, value] : values) text += "<data key='" + key + "'>" + value + "</data>";
  return text;
}
std::string node(const std::string& id, const Data& values = {}) {
  return "<node id='" + id + "'>" + data(values) + "</node>";
}
std::string edge(const std::string& from, const std::string& to, const Data& values = {},
                 const std::string& attributes = "") {
  return "<edge source='" + from + "' target='" + to + "' " + attributes + ">" + data(values) +
         "</edge>";
}
const std::string kPair = node("a") + node("b");

Topology topology_of(const std::string& elements, const GraphmlConfig& config = {}) {
  return make_topology(graph_of(elements), config);
}
std::string error_of(const std::string& elements, const GraphmlConfig& config = {}) {
  try {
    topology_of(elements, config);
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
  return "no error";
}

TEST(FileGraph, CallsVerticesByLabelAndMakesThemUnique) {
  EXPECT_THAT(graph_of(node("0", {{"label", "Paris"}}) + node("1") +
                       node("2", {{"label", "Rome"}}) + node("3", {{"label", "Rome"}}) +
                       node("4", {{"label", "  "}}) + node("5", {{"label", " Bern "}}))
                  .names,
              ElementsAre("Paris", "1", "Rome#2", "Rome#3", "4", "Bern"));
}

TEST(FileGraph, AnIdMayBeAnothersLabel) {
  EXPECT_THAT(graph_of(node("x") + node("y", {{"label", "x"}})).names, ElementsAre("x#x", "x#y"));
  EXPECT_THAT(graph_of(node("1", {{"label", "x#2"}}) + node("2", {{"label", "x"}}) +
                       node("3", {{"label", "x"}}))
                  .names,
              ElementsAre("x#2", "x#2#2", "x#3"));
}

TEST(FileGraph, ReplacesWhatBreaksNames) {
  EXPECT_THAT(
      graph_of(node("0", {{"label", "Washington, DC"}}) + node("1", {{"label", "a-&gt;b"}}) +
               node("2", {{"label", "\"St John's\"?*"}}) +
               node("3", {{"label", "x\ty&#10;z&#x85;"}}) + node("4", {{"label", "Zürich"}}))
          .names,
      ElementsAre("Washington_ DC", "a-_b", "_St John's___", "x_y_z_", "Zürich"));
  try {
    graph_of("\n" + node("0", {{"label", std::string(201, 'x')}}));
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(problem.what(), "g:3: the label of node '0' has more than 200 bytes");
  }
}

TEST(Vertices, HaveKindsAndPlaces) {
  const Topology topology =
      topology_of(node("a", {{"kind", "switch"}, {"Latitude", "48.5"}, {"Longitude", "-2"}}) +
                  node("b", {{"kind", "device"}}) + node("c", {{"kind", "machine"}}) +
                  node("d", {{"kind", "core router"}}) + node("e"));
  const auto vertices = topology.vertices();
  EXPECT_EQ(vertices[0].kind, VertexKind::kSwitch);
  EXPECT_EQ(vertices[1].kind, VertexKind::kDevice);
  EXPECT_EQ(vertices[2].kind, VertexKind::kMachine);
  EXPECT_EQ(vertices[3].kind, VertexKind::kHost);
  EXPECT_EQ(vertices[4].kind, VertexKind::kHost);
  ASSERT_TRUE(vertices[0].at);
  EXPECT_EQ(vertices[0].at->latitude, 48.5);
  EXPECT_EQ(vertices[0].at->longitude, -2);
  EXPECT_FALSE(vertices[1].at);
}

TEST(Vertices, PlacesMustBeOnEarthAndWhole) {
  const auto at = [](const std::string& latitude, const std::string& longitude) {
    return error_of(node("a", {{"Latitude", latitude}, {"Longitude", longitude}}));
  };
  EXPECT_EQ(at("-90", "180"), "no error");
  EXPECT_EQ(at("90.1", "0"), "g:2: the Latitude 90.1 of 'a' is not within -90 and 90");
  EXPECT_EQ(at("0", "-181"), "g:2: the Longitude -181 of 'a' is not within -180 and 180");
  EXPECT_EQ(error_of(node("a", {{"Latitude", "1"}})), "g:2: 'a' has a Latitude and no Longitude");
  EXPECT_EQ(error_of(node("a", {{"Longitude", "1"}})), "g:2: 'a' has a Longitude and no Latitude");
  EXPECT_EQ(error_of(kPair, {.missing_location = MissingLocation::kRefuse}),
            "g:2: 'a' has no Latitude and Longitude");
}

TEST(Edges, BecomeCablesOrLinksAndKeepTheirParallels) {
  const Topology topology =
      topology_of(kPair + edge("a", "b") + edge("b", "a", {}, "directed='true'") + edge("a", "a") +
                  edge("a", "b"));
  EXPECT_THAT(links_of(topology), ElementsAre("a->b", "b->a", "b->a", "a->b", "b->a"));
  const FileGraph directed = graph_of(kPair + edge("b", "a"), "directed");
  EXPECT_THAT(links_of(make_topology(directed, {})), ElementsAre("b->a"));
}

TEST(Edges, TakeTheirLatencyFromWhereThereIsOne) {
  const std::string located = node("a", {{"Latitude", "0"}, {"Longitude", "0"}}) +
                              node("b", {{"Latitude", "0"}, {"Longitude", "90"}}) + node("c");
  const auto latency = [&](const std::string& link, const GraphmlConfig& config) {
    const std::string edges = edge("a", "b", {{"latency_ms", "7.5"}}) + edge("b", "a") +
                              edge("b", "c", {{"rtt", "0.25"}}) + edge("c", "a");
    return link_called(make_topology(graph_of(located + edges, "directed"), config), link).latency;
  };
  // A quarter of the circle: pi/2 x 6371.0088 km in 299792.458 x 2/3 km/s.
  const double quarter_s = std::numbers::pi / 2 * 6371.0088 * 1.5 / 299792.458;
  const GraphmlConfig config{.latency = 3ms};
  EXPECT_EQ(latency("a->b", config), 7500us) << "its attribute";
  EXPECT_NEAR(to_seconds(latency("b->a", config)), quarter_s, 1e-12) << "its ends' distance";
  EXPECT_EQ(latency("c->a", config), 3ms) << "the default";
  const GraphmlConfig other{.latency_attribute = "rtt", .latency = 3ms};
  EXPECT_NEAR(to_seconds(latency("a->b", other)), quarter_s, 1e-12);
  EXPECT_EQ(latency("b->c", other), 250us);
}

TEST(Edges, TakeTheirBandwidthFromWhereThereIsOne) {
  const std::string elements = kPair + node("c") +
                               edge("a", "b", {{"LinkSpeedRaw", "1e10"}, {"speed", "2000"}}) +
                               edge("b", "c", {{"LinkSpeedRaw", "0"}}) + edge("c", "a");
  const GraphmlConfig config{.bandwidth = Bandwidth{5e6}};
  const Topology topology = topology_of(elements, config);
  EXPECT_EQ(bandwidth_of(topology, "b->a"), Bandwidth{1e10});
  EXPECT_EQ(bandwidth_of(topology, "b->c"), Bandwidth{5e6}) << "0 means that it is not known";
  EXPECT_EQ(bandwidth_of(topology, "c->a"), Bandwidth{5e6});
  const Topology other =
      topology_of(elements, {.bandwidth_attribute = "speed", .bandwidth = Bandwidth{5e6}});
  EXPECT_EQ(bandwidth_of(other, "a->b"), Bandwidth{2000});
  EXPECT_EQ(bandwidth_of(other, "c->a"), Bandwidth{5e6});
}

TEST(Edges, MayHaveAnotherBandwidthBack) {
  const Topology topology =
      topology_of(kPair + edge("a", "b", {{"LinkSpeedRaw", "1e6"}, {"back_bandwidth", "16e6"}}));
  EXPECT_EQ(bandwidth_of(topology, "a->b"), Bandwidth{1e6});
  EXPECT_EQ(bandwidth_of(topology, "b->a"), Bandwidth{16e6});
}

TEST(Edges, OfOneMediumShareIt) {
  const Topology topology =
      topology_of(kPair + node("c") + edge("a", "b", {{"medium", "air"}}) +
                  edge("b", "c", {{"medium", " air "}}) + edge("a", "c", {{"medium", "bus"}}) +
                  edge("c", "b", {{"medium", ""}}));
  const auto links = topology.links();
  ASSERT_TRUE(links[0].medium);
  for (std::size_t l = 1; l < 4; ++l) EXPECT_EQ(links[l].medium, links[0].medium);
  ASSERT_TRUE(links[4].medium);
  EXPECT_NE(links[4].medium, links[0].medium);
  EXPECT_EQ(links[5].medium, links[4].medium);
  EXPECT_FALSE(links[6].medium);
}

TEST(EdgeErrors, NameTheLine) {
  const auto with = [](const Data& values, const GraphmlConfig& config = {}) {
    return error_of(kPair + "\n" + edge("a", "b", values), config);
  };
  EXPECT_EQ(with({{"LinkSpeedRaw", "-1"}}),
            "g:3: the LinkSpeedRaw of an edge is at least 1 bit/s, not -1");
  EXPECT_EQ(with({{"speed", "0"}}, {.bandwidth_attribute = "speed"}),
            "g:3: the speed of an edge is at least 1 bit/s, not 0");
  EXPECT_EQ(with({{"LinkSpeedRaw", "0"}}, {.bandwidth_attribute = "LinkSpeedRaw"}),
            "g:3: the LinkSpeedRaw of an edge is at least 1 bit/s, not 0");
  EXPECT_EQ(with({{"back_bandwidth", "0"}}),
            "g:3: the back_bandwidth of an edge is at least 1 bit/s, not 0");
  EXPECT_EQ(with({{"latency_ms", "-0.5"}}),
            "g:3: the latency_ms of an edge is a time in milliseconds, not -0.5");
  EXPECT_EQ(with({{"latency_ms", "1e10"}}),
            "g:3: the latency_ms of an edge is a time in milliseconds, not 10000000000");
  EXPECT_EQ(with({{"medium", "air"}, {"back_bandwidth", "5"}}),
            "g:3: the edge has a medium, whose bandwidth both directions share, and another "
            "back_bandwidth");
  EXPECT_EQ(error_of(kPair + edge("a", "b", {{"back_bandwidth", "5"}}, "directed='true'")),
            "g:2: the edge has a back_bandwidth and, being directed, no way back");
  EXPECT_EQ(error_of(kPair + edge("a", "b", {{"medium", "air"}}) + "\n" +
                     edge("b", "a", {{"medium", "air"}, {"LinkSpeedRaw", "2e9"}})),
            "g:3: the medium 'air' has a bandwidth of 2Gbit/s here and of 1Gbit/s in line 2");
}

TEST(EdgeErrors, AttributesThatAreAskedForMustBeThereAndNumbers) {
  EXPECT_EQ(error_of(kPair, {.latency_attribute = "rrt"}),
            "latency_attribute: g declares no attribute 'rrt' of edges; did you mean 'rtt'?");
  EXPECT_EQ(error_of(kPair, {.bandwidth_attribute = "label"}),
            "bandwidth_attribute: g declares no attribute 'label' of edges");
  EXPECT_EQ(error_of(kPair, {.latency_attribute = "note"}),
            "g:1: the attribute 'note' is of type string, and a number is needed");
  EXPECT_THAT(error_of(kPair, {.bandwidth = Bandwidth{0}}), HasSubstr("greater than zero"));
}

// On the unit sphere the angle between two places is atan2(|a x b|, a . b).
double distance_by_vectors_km(const Coordinates& a, const Coordinates& b) {
  const auto vector = [](const Coordinates& c) {
    const double lat = c.latitude * std::numbers::pi / 180,
                 lon = c.longitude * std::numbers::pi / 180;
    return std::array{std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
  };
  const auto u = vector(a), v = vector(b);
  const double dot = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
  const double cross =
      std::hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]);
  return 6371.0088 * std::atan2(cross, dot);
}

// Near antipodes the haversine formula loses half of its digits: 1e-8 of the radius.
TEST(Distance, IsWhatVectorsGive) {
  for (double lat1 = -90; lat1 <= 90; lat1 += 30) {
    for (double lat2 = -85; lat2 <= 90; lat2 += 25) {
      for (double lon = -360; lon <= 360; lon += 40) {
        const Coordinates a{lat1, lon / 2}, b{lat2, -lon / 2};
        EXPECT_NEAR(distance_km(a, b), distance_by_vectors_km(a, b), 2e-4);
      }
    }
  }
  EXPECT_EQ(distance_km({1, 2}, {1, 2}), 0);
  EXPECT_NEAR(distance_km({0, -90}, {0, 90}), std::numbers::pi * 6371.0088, 1e-9);
  EXPECT_NEAR(distance_km({0, 179.5}, {0, -179.5}), std::numbers::pi / 180 * 6371.0088, 1e-9)
      << "across the date line";
}

// 343.5 km are commonly given. The ellipsoid's radius of curvature goes from 6335 to 6400 km, at most
// 0.56 % off the sphere's, and each city's middle is known to 0.005 degrees, half a kilometre.
TEST(Distance, FromLondonToParis) {
  EXPECT_NEAR(distance_km({51.5074, -0.1278}, {48.8566, 2.3522}), 343.5, 343.5 * 0.0056 + 1);
}

std::vector<std::string> seats_of(const FileGraph& graph, const PlaceConfig& config) {
  std::vector<std::string> seats;
  const FilePlaces places = places_of(graph, config);
  for (std::size_t r = 0; r < places.vertices.size(); ++r) {
    seats.push_back(graph.names[places.vertices[r]] + ":" + std::to_string(places.machines[r]));
  }
  return seats;
}

TEST(Placement, InTurnInTheFilesOrder) {
  const FileGraph graph = graph_of(node("b") + node("a") + node("c"));
  EXPECT_THAT(seats_of(graph, {}), ElementsAre("b:0", "a:1", "c:2"));
  EXPECT_THAT(seats_of(graph, {.nodes = 2}), ElementsAre("b:0", "a:1"));
  EXPECT_THAT(seats_of(graph, {.nodes = 5}), ElementsAre("b:0", "a:1", "c:2", "b:0", "a:1"));
  const GraphmlConfig config{.place = {.nodes = 5, .server = "a"}, .device = "a100"};
  const Topology topology = make_topology(graph, config);
  const auto places = topology.places();
  ASSERT_EQ(places.size(), 6u);
  for (std::size_t r = 0; r < 6; ++r) {
    EXPECT_EQ(places[r].serves, r == 5);
    EXPECT_EQ(places[r].device, "a100");
  }
  EXPECT_EQ(places[3].local_rank, 1);
  EXPECT_EQ(places[5].machine, 1);
  EXPECT_EQ(places[5].local_rank, 2);
}

TEST(Placement, WhereTheScenarioSays) {
  const FileGraph graph = graph_of(node("a") + node("b", {{"label", "St Malo, port"}}) + node("c"));
  const auto on = [](std::vector<std::string> vertices, int nodes = 0, std::string server = "") {
    return PlaceConfig{
        .ranks = Ranks::kExplicit, .nodes = nodes, .vertices = vertices, .server = server};
  };
  EXPECT_THAT(seats_of(graph, on({"c", "a", "c"})), ElementsAre("c:0", "a:1", "c:0"));
  EXPECT_THAT(seats_of(graph, on({"c", "a"}, 3, "c")), ElementsAre("c:0", "a:1", "c:0", "c:0"));
  EXPECT_THAT(seats_of(graph, on({"St Malo, port"})), ElementsAre("St Malo_ port:0"));
}

TEST(Placement, WhereAnAttributeIs) {
  const FileGraph graph = graph_of(node("s", {{"kind", "switch"}}) + node("g1", {{"kind", "gpu"}}) +
                                   node("x") + node("g2", {{"kind", " gpu "}}));
  const PlaceConfig gpus{.ranks = Ranks::kByAttribute, .attribute = "kind", .value = "gpu"};
  EXPECT_THAT(seats_of(graph, gpus), ElementsAre("g1:0", "g2:1"));
  const PlaceConfig any{.ranks = Ranks::kByAttribute, .nodes = 4, .attribute = "kind"};
  EXPECT_THAT(seats_of(graph, any), ElementsAre("s:0", "g1:1", "g2:2", "s:0"));
}

TEST(Placement, OneMachineMayHaveSeveralVertices) {
  const FileGraph graph = graph_of(node("a", {{"machine", "m"}}) + node("b") +
                                   node("c", {{"machine", "m"}}) + node("d", {{"machine", ""}}));
  EXPECT_THAT(seats_of(graph, {}), ElementsAre("a:0", "b:1", "c:0", "d:2"));
}

TEST(PlacementErrors, NameTheSetting) {
  const std::string nodes = node("london") + node("paris", {{"kind", "gpu"}});
  const auto error = [&](const PlaceConfig& place) { return error_of(nodes, {.place = place}); };
  EXPECT_EQ(error({.ranks = Ranks::kExplicit, .vertices = {"paris", "lodnon"}}),
            "place.vertices[1]: g has no vertex 'lodnon'; did you mean 'london'?");
  EXPECT_EQ(error({.ranks = Ranks::kByAttribute, .attribute = "knd"}),
            "place.attribute: g declares no attribute 'knd' of nodes; did you mean 'kind'?");
  EXPECT_EQ(error({.ranks = Ranks::kByAttribute, .attribute = "kind", .value = "gpus"}),
            "place.value: no node of g has the attribute 'kind' with the value 'gpus'; did you "
            "mean 'gpu'?");
  EXPECT_EQ(error({.ranks = Ranks::kByAttribute, .attribute = "machine"}),
            "place.value: no node of g has the attribute 'machine'");
  EXPECT_EQ(error({.server = "hub"}), "place.server: g has no vertex 'hub'");
  EXPECT_EQ(error({.nodes = -1}), "place.nodes: -1 is no number of nodes");
  EXPECT_EQ(error_of(""), "g: has no nodes");
}

TEST(PlacementErrors, SettingsMustFitTheWay) {
  const auto key = [](const PlaceConfig& place) {
    const auto found = misfit(GraphmlConfig{.place = place});
    return found ? found->key : "";
  };
  const std::vector<std::string> on = {"paris"};
  EXPECT_EQ(key({}), "");
  EXPECT_EQ(key({.vertices = on}), "place.vertices");
  EXPECT_EQ(key({.attribute = "kind"}), "place.attribute");
  EXPECT_EQ(key({.value = "gpu"}), "place.value");
  EXPECT_EQ(key({.ranks = Ranks::kExplicit}), "place.vertices");
  EXPECT_EQ(key({.ranks = Ranks::kExplicit, .vertices = on}), "");
  EXPECT_EQ(key({.ranks = Ranks::kExplicit, .vertices = on, .value = "gpu"}), "place.value");
  EXPECT_EQ(key({.ranks = Ranks::kByAttribute}), "place.attribute");
  EXPECT_EQ(key({.ranks = Ranks::kByAttribute, .attribute = "kind"}), "");
  EXPECT_EQ(key({.ranks = Ranks::kByAttribute, .vertices = on, .attribute = "kind"}),
            "place.vertices");
}

Seating seating_with(const TemporaryTextFile& file, const PlaceConfig& place) {
  return seating(GraphmlConfig{.file = {file.path()}, .place = place});
}

TEST(FileSeating, SaysWhichNodesShareAMachine) {
  const TemporaryTextFile file(
      "<graphml><graph edgedefault='directed'><node id='a'/><node id='b'/>"
      "</graph></graphml>");
  const Seating alone = seating_with(file, {});
  EXPECT_EQ(alone.workers, 2);
  EXPECT_EQ(alone.servers, 0);
  EXPECT_EQ(alone.machines(), 2);
  const Seating paired = seating_with(
      file, {.ranks = Ranks::kExplicit, .vertices = {"b", "b", "a", "a"}, .server = "a"});
  EXPECT_EQ(paired.workers, 4);
  EXPECT_EQ(paired.nodes(), 5);
  EXPECT_EQ(paired.workers_per_machine, 2);
  EXPECT_THAT(paired.machine_of, ElementsAre());
  const Seating in_turn = seating_with(file, {.nodes = 3});
  EXPECT_EQ(in_turn.machines(), 2);
  EXPECT_THAT(in_turn.machine_of, ElementsAre(0, 1, 0));
}

TEST(FileGraph, IsReadAgainWhenTheFileChanges) {
  const std::string begin = "<graphml><graph edgedefault='directed'>", end = "</graph></graphml>";
  const TemporaryTextFile file(begin + node("a") + end);
  const auto first = load_file_graph(file.path());
  EXPECT_EQ(load_file_graph(file.path()), first);
  file.write(begin + kPair + end);
  EXPECT_EQ(load_file_graph(file.path())->names.size(), 2u);
  EXPECT_EQ(first->names.size(), 1u);
  file.write("no graph");
  EXPECT_THROW(load_file_graph(file.path()), ScenarioError);
}

TEST(FileGraph, OnlyOfFiles) {
  for (const std::string path : {"no/such.graphml", "/"}) {
    try {
      load_file_graph(path);
      FAIL();
    } catch (const ScenarioError& problem) {
      EXPECT_THAT(problem.what(), StartsWith(path + ": "));
    }
  }
}

}  // namespace
}  // namespace understudy
