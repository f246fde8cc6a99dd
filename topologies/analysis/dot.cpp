#include "topologies/analysis/dot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <numbers>
#include <optional>
#include <tuple>
#include <vector>

#include "runtime/base/errors.hpp"
#include "topologies/analysis/readable.hpp"

namespace understudy {
namespace {

constexpr std::size_t kMostNamed = 200;      // vertices with their names
constexpr std::size_t kMostLabelled = 60;    // lines with their rates
constexpr std::size_t kMostStressed = 1000;  // vertices that neato places in a few seconds
constexpr std::size_t kMostCurved = 300;     // lines that bend around vertices

// In double quotes, where a backslash starts an escape sequence.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    }
  }
  return out + '"';
}

// One line of the drawing.
struct Line {
  std::uint32_t from = 0, to = 0;
  Bandwidth bandwidth;
  Duration latency{0};
  bool is_half_duplex = false;
  bool is_arrow = false;  // one direction only
};

// Links between the same two vertices that are alike, paired up.
std::vector<Line> lines_of(const Topology& topology) {
  using Key =
      std::tuple<std::uint32_t, std::uint32_t, Bandwidth, Duration, std::optional<MediumId>>;
  std::map<Key, std::array<int, 2>> counts;
  for (const Link& link : topology.links()) {
    const auto [low, high] = std::minmax(link.from.value, link.to.value);
    ++counts[{low, high, link.bandwidth, link.latency, link.medium}]
            [link.from.value == low ? 0 : 1];
  }
  std::vector<Line> lines;
  for (const auto& [key, count] : counts) {
    const auto& [low, high, bandwidth, latency, medium] = key;
    const Line line{low, high, bandwidth, latency, medium.has_value()};
    const int cables = std::min(count[0], count[1]);
    for (int i = 0; i < cables; ++i) lines.push_back(line);
    for (int i = cables; i < count[0]; ++i)
      lines.push_back({low, high, bandwidth, latency, line.is_half_duplex, true});
    for (int i = cables; i < count[1]; ++i)
      lines.push_back({high, low, bandwidth, latency, line.is_half_duplex, true});
  }
  return lines;
}

std::string rate_text(const Line& line, const char* separator) {
  return fmt::format("{}{}{}", readable(line.bandwidth), separator, readable(line.latency));
}

bool all_alike(const std::vector<Line>& lines) {
  return !lines.empty() && std::all_of(lines.begin(), lines.end(), [&](const Line& line) {
    return line.bandwidth == lines.front().bandwidth && line.latency == lines.front().latency;
  });
}

// The longitude west of which nothing is for the widest stretch: where a map of these is cut open.
double western_edge(std::vector<double> longitudes) {
  std::sort(longitudes.begin(), longitudes.end());
  double edge = longitudes.front(), widest = longitudes.front() + 360 - longitudes.back();
  for (std::size_t i = 1; i < longitudes.size(); ++i) {
    if (longitudes[i] - longitudes[i - 1] > widest) {
      widest = longitudes[i] - longitudes[i - 1];
      edge = longitudes[i];
    }
  }
  return edge;
}

struct Point {
  double x = 0, y = 0;  // inches
};

// Empty for vertices without a place on earth.
std::vector<std::optional<Point>> projected(std::span<const Vertex> vertices) {
  std::vector<std::optional<Point>> points(vertices.size());
  std::vector<double> longitudes;
  double south = 90, north = -90;
  for (const Vertex& v : vertices) {
    if (!v.at) continue;
    longitudes.push_back(v.at->longitude);
    south = std::min(south, v.at->latitude);
    north = std::max(north, v.at->latitude);
  }
  if (longitudes.empty()) return points;
  const double west = western_edge(longitudes);
  const double shrink = std::cos((south + north) / 2 * std::numbers::pi / 180);
  double width = 0;
  for (std::size_t i = 0; i < vertices.size(); ++i) {
    if (!vertices[i].at) continue;
    const double east = std::fmod(vertices[i].at->longitude - west + 360, 360);
    points[i] = {east * shrink, vertices[i].at->latitude - south};
    width = std::max(width, points[i]->x);
  }
  const double extent = std::max(width, north - south);
  const double inches = std::max(12.0, 2.2 * std::sqrt(static_cast<double>(vertices.size())));
  for (auto& point : points) {
    if (point && extent > 0) *point = {point->x / extent * inches, point->y / extent * inches};
  }
  return points;
}

// The ranks on each vertex.
std::vector<std::vector<std::size_t>> ranks_on(const Topology& topology) {
  std::vector<std::vector<std::size_t>> ranks(topology.vertices().size());
  for (std::size_t r = 0; r < topology.places().size(); ++r)
    ranks[topology.places()[r].vertex.index()].push_back(r);
  return ranks;
}

std::string rank_text(const std::vector<std::size_t>& ranks) {
  if (ranks.empty()) return "";
  if (ranks.size() == 1) return fmt::format("rank {}", ranks.front());
  if (ranks.back() - ranks.front() == ranks.size() - 1)
    return fmt::format("ranks {} to {}", ranks.front(), ranks.back());
  if (ranks.size() <= 4) return fmt::format("ranks {}", fmt::join(ranks, ", "));
  return fmt::format("{} ranks from {}", ranks.size(), ranks.front());
}

const char* shape(VertexKind kind) {
  switch (kind) {
    case VertexKind::kMachine:
      return "box";
    case VertexKind::kDevice:
      return "component";
    case VertexKind::kSwitch:
      return "hexagon";
    case VertexKind::kHost:
      return "ellipse";
  }
  return "ellipse";
}

class Drawing {
 public:
  explicit Drawing(const Topology& topology)
      : topology_(topology),
        lines_(lines_of(topology)),
        points_(projected(topology.vertices())),
        ranks_(ranks_on(topology)),
        is_named_(topology.vertices().size() <= kMostNamed),
        is_uniform_(all_alike(lines_)) {}

  std::string text() {
    head();
    for (std::size_t v = 0; v < points_.size(); ++v) vertex(v);
    for (const Line& l : lines_) line(l);
    return out_ + "}\n";
  }

 private:
  template <class... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }

  bool serves(std::size_t v) const {
    return std::any_of(ranks_[v].begin(), ranks_[v].end(),
                       [&](std::size_t r) { return topology_.places()[r].serves; });
  }
  const char* fill(std::size_t v) const {
    return ranks_[v].empty() ? "#f4f4f4" : serves(v) ? "#ffd9a0" : "#cfe3ff";
  }

  void head() {
    const bool is_map =
        std::any_of(points_.begin(), points_.end(), [](auto& p) { return p.has_value(); });
    const bool is_small = is_map || points_.size() <= kMostStressed;
    add("digraph topology {{\n");
    // Removing overlaps of thousands takes minutes, and they are dots.
    add("  graph [layout={}, overlap={}, overlap_scaling=0, overlap_shrink=false, sep=\"+6\",\n"
        "         splines={}, outputorder=edgesfirst, start=1,\n"
        "         fontname=\"Helvetica\", fontsize=12, pad=0.2, label={}];\n",
        is_small ? "neato" : "sfdp", points_.size() <= kMostStressed ? "prism" : "true",
        lines_.size() <= kMostCurved ? "true" : "line", quoted(caption()));
    add("  node [style=filled, color=\"#555555\", fontname=\"Helvetica\", fontsize=11{}];\n",
        is_named_  ? ", margin=\"0.08,0.05\""
        : is_small ? ", label=\"\", width=0.12, height=0.12"
                   : ", label=\"\", width=0.05, height=0.05");
    add("  edge [color=\"#777777\", fontname=\"Helvetica\", fontsize=9, arrowsize=0.6, len={}];\n",
        is_named_ ? 1.6 : 0.5);
  }

  std::string caption() const {
    std::vector<std::string> parts;
    const auto any = [&](bool serve) {
      for (std::size_t v = 0; v < ranks_.size(); ++v)
        if (!ranks_[v].empty() && serves(v) == serve) return true;
      return false;
    };
    if (any(false)) parts.push_back("blue: a node");
    if (any(true)) parts.push_back("orange: a node that serves");
    if (is_uniform_) parts.push_back("every link: " + rate_text(lines_.front(), ", "));
    if (std::any_of(lines_.begin(), lines_.end(), [](const Line& l) { return l.is_half_duplex; }))
      parts.push_back("dashed: half duplex");
    return fmt::format("{}", fmt::join(parts, "; "));
  }

  void vertex(std::size_t v) {
    const std::string& name = topology_.vertices()[v].name;
    const std::string ranks = rank_text(ranks_[v]);
    const bool says_rank = ranks.empty() || name == fmt::format("node{}", ranks_[v].front());
    add("  v{} [shape={}, fillcolor=\"{}\", tooltip={}", v, shape(topology_.vertices()[v].kind),
        fill(v), quoted(ranks.empty() ? name : name + ": " + ranks));
    if (is_named_) add(", label={}", quoted(says_rank ? name : name + "\n" + ranks));
    if (points_[v]) add(", pos=\"{:.4f},{:.4f}!\"", points_[v]->x, points_[v]->y);
    add("];\n");
  }

  void line(const Line& l) {
    const auto name = [&](std::uint32_t v) { return topology_.vertices()[v].name; };
    add("  v{} -> v{} [dir={}, tooltip={}", l.from, l.to, l.is_arrow ? "forward" : "none",
        quoted(fmt::format("{} {} {}: {}", name(l.from), l.is_arrow ? "to" : "and", name(l.to),
                           rate_text(l, ", "))));
    if (!is_uniform_ && lines_.size() <= kMostLabelled)
      add(", label=<<table border=\"0\" cellpadding=\"1\" cellspacing=\"0\" bgcolor=\"white\">"
          "<tr><td>{}</td></tr></table>>",
          rate_text(l, "<br/>"));
    if (l.is_half_duplex) add(", style=dashed");
    add("];\n");
  }

  const Topology& topology_;
  std::vector<Line> lines_;
  std::vector<std::optional<Point>> points_;
  std::vector<std::vector<std::size_t>> ranks_;
  bool is_named_;
  bool is_uniform_;
  std::string out_;
};

}  // namespace

std::string dot_of(const Topology& topology) {
  const std::size_t vertices = topology.vertices().size(), links = topology.links().size();
  if (vertices > kMostDrawn || links > 5 * kMostDrawn) {
    throw ScenarioError(
        fmt::format("a drawing of {} vertices and {} links would show nothing; at most {} and {} "
                    "are drawn",
                    vertices, links, kMostDrawn, 5 * kMostDrawn));
  }
  return Drawing(topology).text();
}

}  // namespace understudy
