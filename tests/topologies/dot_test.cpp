#include "topologies/analysis/dot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "runtime/base/errors.hpp"
#include "tests/topologies/known_graphs.hpp"
#include "topologies/analysis/readable.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

// The line that starts with this.
std::string line_of(const std::string& text, const std::string& start) {
  const std::size_t at = text.find("\n  " + start);
  if (at == std::string::npos) return "";
  return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

TEST(Dot, AlikeDirectionsAreOneLineOthersAreArrows) {
  const LinkConfig even{Bandwidth{1e9}, 1ms}, uneven{Bandwidth{1e9}, 1ms, Bandwidth{5e8}};
  const std::string text = dot_of(make_topology(PathConfig{.nodes = 3, .links = {even, uneven}}));
  EXPECT_EQ(count(text, " -> "), 3u);
  EXPECT_THAT(line_of(text, "v0 -> v1"), HasSubstr("dir=none"));
  EXPECT_THAT(line_of(text, "v1 -> v2"), HasSubstr("dir=forward"));
  EXPECT_THAT(line_of(text, "v1 -> v2"), HasSubstr("<td>1Gbit/s<br/>1ms</td>"));
  EXPECT_THAT(line_of(text, "v2 -> v1"), HasSubstr("<td>500Mbit/s<br/>1ms</td>"));
}

TEST(Dot, ParallelCablesAreAsManyLines) {
  EXPECT_EQ(count(dot_of(graph(2, 0, {{0, 1}, {0, 1}, {0, 1}})), "dir=none"), 3u);
}

TEST(Dot, HalfDuplexIsDashed) {
  LinkConfig link{Bandwidth{54e6}, 1ms};
  EXPECT_THAT(dot_of(make_topology(PathConfig{.links = {link}})), Not(HasSubstr("dashed")));
  link.duplex = Duplex::kHalf;
  const std::string text = dot_of(make_topology(PathConfig{.links = {link}}));
  EXPECT_THAT(line_of(text, "v0 -> v1"), HasSubstr("style=dashed"));
  EXPECT_THAT(text, HasSubstr("dashed: half duplex"));
}

TEST(Dot, KindsHaveShapesAndNodesColours) {
  const std::string text =
      dot_of(make_topology(ClusterConfig{.machines = 2, .devices_per_machine = 2, .server = true}));
  EXPECT_THAT(line_of(text, "v0 "), HasSubstr("shape=box, fillcolor=\"#f4f4f4\""));
  EXPECT_THAT(line_of(text, "v1 "), HasSubstr("shape=component, fillcolor=\"#cfe3ff\""));
  EXPECT_THAT(line_of(text, "v1 "), HasSubstr("label=\"machine0/device0\\nrank 0\""));
  EXPECT_THAT(line_of(text, "v6 "), HasSubstr("shape=box, fillcolor=\"#ffd9a0\""));  // the server
  EXPECT_THAT(line_of(text, "v7 "), HasSubstr("shape=hexagon"));
}

TEST(Dot, OneWordForLinksThatAreAllAlike) {
  const std::string text = dot_of(graph(5, 0, ring_edges(5)));
  EXPECT_THAT(text, HasSubstr("every link: 1Gbit/s, 1ms"));
  EXPECT_THAT(line_of(text, "v0 -> v1"), Not(HasSubstr(", label=")));
}

TEST(Dot, NamesAreEscaped) {
  Topology topology;
  topology.add_vertex({"a \"b\" \\N\n}"});
  EXPECT_THAT(line_of(dot_of(topology), "v0"), HasSubstr(R"(label="a \"b\" \\N\n}")"));
}

TEST(Dot, PlacesOnEarthAreProjectedAndCutOpenAtTheWidestGap) {
  // From Tokyo's longitude eastward over the date line to San Francisco's: 97 degrees, not 263.
  Topology topology;
  topology.add_vertex({"Tokyo", VertexKind::kHost, Coordinates{60, 140}});
  topology.add_vertex({"Honolulu", VertexKind::kHost, Coordinates{60, -158}});
  topology.add_vertex({"San Francisco", VertexKind::kHost, Coordinates{60, -123}});
  topology.add_vertex({"nowhere"});
  const std::string text = dot_of(topology);
  // 97 degrees across 12 inches.
  EXPECT_THAT(line_of(text, "v0"), HasSubstr("pos=\"0.0000,0.0000!\""));
  EXPECT_THAT(line_of(text, "v1"),
              HasSubstr(fmt::format("pos=\"{:.4f},0.0000!\"", 62 * 12 / 97.0)));
  EXPECT_THAT(line_of(text, "v2"), HasSubstr("pos=\"12.0000,0.0000!\""));
  EXPECT_THAT(line_of(text, "v3"), Not(HasSubstr("pos=")));
}

TEST(Dot, ADegreeOfLongitudeShrinksWithTheLatitude) {
  Topology topology;  // around 60 degrees north: half
  topology.add_vertex({"a", VertexKind::kHost, Coordinates{50, 0}});
  topology.add_vertex({"b", VertexKind::kHost, Coordinates{70, 20}});
  EXPECT_THAT(line_of(dot_of(topology), "v1"), HasSubstr("pos=\"6.0000,12.0000!\""));
}

TEST(Dot, RatesAreRounded) {
  const LinkConfig link{Bandwidth{10e9 / 3}, Duration{11'876'543'210}}, other{};
  EXPECT_THAT(dot_of(make_topology(PathConfig{.nodes = 3, .links = {link, other}})),
              HasSubstr("<td>3.333Gbit/s<br/>11.88ms</td>"));
  EXPECT_EQ(readable(Duration{999'960'000}), "1ms");
  EXPECT_EQ(readable(Duration{0}), "0s");
  EXPECT_EQ(readable(std::chrono::minutes{90}), "5400s");
  EXPECT_EQ(readable(Bandwidth{0}), "0bit/s");
}

TEST(Dot, LargeDrawingsGoWithoutLabels) {
  const std::string text = dot_of(graph(400, 0, path_edges(400)));
  EXPECT_THAT(line_of(text, "v7 "), Not(HasSubstr("label=")));
  EXPECT_THAT(line_of(text, "v7 "), HasSubstr("tooltip=\"host7: rank 7\""));
  EXPECT_THAT(text, HasSubstr("layout=neato"));
  EXPECT_THAT(dot_of(graph(2000, 0, path_edges(2000))), HasSubstr("layout=sfdp"));
  EXPECT_THROW(dot_of(graph(20'000, 0, path_edges(20'000))), ScenarioError);
}

}  // namespace
}  // namespace understudy
