#include "topologies/latency_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/text.hpp"
#include "topologies/file_cache.hpp"
#include "topologies/shapes.hpp"

namespace understudy {
namespace {

constexpr double kMaxRttMs = 9e9;  // what the clock can count
constexpr std::size_t kMaxNameBytes = 200;

class MatrixReader {
 public:
  explicit MatrixReader(const std::string& source) : source_(source) {}

  LatencyMatrix read(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // as spreadsheets begin UTF-8
    for (; !text.empty(); text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1)) {
      ++line_;
      read_line(trim(text.substr(0, text.find('\n'))));
    }
    if (matrix_.regions.empty()) fail("holds no header of regions");
    for (std::size_t i = 0; i < row_lines_.size(); ++i) {
      if (row_lines_[i] == 0) fail(fmt::format("has no row for {}", quote(matrix_.regions[i])));
    }
    return std::move(matrix_);
  }

 private:
  [[noreturn]] void fail(const std::string& sentence) const {
    throw ScenarioError(fmt::format("{}:{}: {}", source_, std::max(line_, 1), sentence));
  }

  void read_line(std::string_view line) {
    if (line.empty() || line.starts_with('#')) return;
    if (!is_utf8(line)) fail("is not UTF-8");
    if (line.find('"') != std::string_view::npos) fail("cells in quotes are not supported");
    const std::vector<std::string_view> cells = split(line);
    if (matrix_.regions.empty()) {
      read_header(cells);
    } else {
      read_row(cells);
    }
  }

  std::vector<std::string_view> split(std::string_view line) const {
    std::vector<std::string_view> cells;
    while (true) {
      if (cells.size() > kMaxRegions) fail(fmt::format("has more than {} regions", kMaxRegions));
      const std::size_t comma = line.find(',');
      cells.push_back(trim(line.substr(0, comma)));
      if (comma == std::string_view::npos) return cells;
      line.remove_prefix(comma + 1);
    }
  }

  void read_header(const std::vector<std::string_view>& cells) {
    if (cells.size() < 2) fail("the header names no region");
    for (std::size_t i = 1; i < cells.size(); ++i) {
      const std::string_view name = cells[i];
      if (name.empty()) fail(fmt::format("the name of region {} is empty", i));
      if (name.size() > kMaxNameBytes)
        fail(fmt::format("a region's name has more than {} bytes", kMaxNameBytes));
      if (name.find('/') != std::string_view::npos || vertex_name(name) != name) {
        fail(fmt::format("the region's name {} has characters that names of links or patterns need",
                         quote(name)));
      }
      if (!index_.emplace(name, i - 1).second)
        fail(fmt::format("two regions are called {}", quote(name)));
      matrix_.regions.emplace_back(name);
    }
    matrix_.rtt_ms.resize(matrix_.regions.size() * matrix_.regions.size());
    row_lines_.resize(matrix_.regions.size());
  }

  void read_row(const std::vector<std::string_view>& cells) {
    const std::vector<std::string>& regions = matrix_.regions;
    const std::string name(cells[0]);
    const auto found = index_.find(name);
    if (found == index_.end()) {
      const std::string nearest = nearest_name(name, regions);
      fail(fmt::format("the header names no region {}{}", quote(name),
                       nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
    }
    const std::size_t from = found->second;
    if (row_lines_[from] != 0)
      fail(fmt::format("{} has another row in line {}", quote(name), row_lines_[from]));
    if (cells.size() != regions.size() + 1) {
      fail(fmt::format("the row of {} has {} times for {} regions", quote(name), cells.size() - 1,
                       regions.size()));
    }
    row_lines_[from] = line_;
    for (std::size_t to = 0; to < regions.size(); ++to) {
      matrix_.rtt_ms[from * regions.size() + to] = time(cells[to + 1], from, to);
    }
  }

  double time(std::string_view cell, std::size_t from, std::size_t to) const {
    if (from == to && cell.empty()) return 0;
    const std::optional<double> ms = parse_number(cell);
    if (ms && *ms >= 0 && *ms <= kMaxRttMs) return *ms;
    const std::string way =
        fmt::format("from {} to {}", quote(matrix_.regions[from]), quote(matrix_.regions[to]));
    if (cell.empty()) fail(fmt::format("the time {} is missing", way));
    fail(fmt::format("the time {} is {}, not a round trip in milliseconds", way, quote(cell)));
  }

  const std::string& source_;
  int line_ = 0;
  LatencyMatrix matrix_;
  std::unordered_map<std::string, std::size_t> index_;  // of regions, by name
  std::vector<int> row_lines_;                          // by region; 0: no row yet
};

std::shared_ptr<const LatencyMatrix> load(const std::string& path) {
  static FileCache<LatencyMatrix> cache(parse_latency_matrix, kMaxMatrixBytes);
  return cache.get(path);
}

}  // namespace

LatencyMatrix parse_latency_matrix(std::string_view text, const std::string& source) {
  if (text.size() > kMaxMatrixBytes) {
    throw ScenarioError(fmt::format("{}: is larger than the {} bytes that a matrix may have",
                                    source, kMaxMatrixBytes));
  }
  return MatrixReader(source).read(text);
}

// A region is a machine: what its nodes exchange stays within it.
Topology make(const LatencyMatrixConfig& config) {
  const auto matrix = load(config.file.path);
  const std::size_t regions = matrix->regions.size();
  require_positive("latency matrix", "nodes_per_region", config.nodes_per_region);
  require_link("a latency matrix", {config.bandwidth, Duration{0}});
  require_link("local", config.local);
  const auto count = static_cast<std::int64_t>(regions);
  require_size("latency matrix", count * (1 + std::int64_t{config.nodes_per_region}),
               count * (count - 1) + 2 * count * config.nodes_per_region);
  Topology topology;
  std::vector<VertexId> routers;
  for (const std::string& region : matrix->regions)
    routers.push_back(topology.add_vertex({region, VertexKind::kSwitch}));
  for (std::size_t r = 0; r < regions; ++r) {
    for (int n = 0; n < config.nodes_per_region; ++n) {
      const VertexId node =
          topology.add_vertex({fmt::format("{}/node{}", matrix->regions[r], n), VertexKind::kHost});
      add_cable(topology, node, routers[r], config.local);
      topology.place({.vertex = node,
                      .machine = static_cast<int>(r),
                      .local_rank = n,
                      .device = config.device});
    }
  }
  for (std::size_t a = 0; a < regions; ++a) {
    for (std::size_t b = 0; b < regions; ++b) {
      if (a == b) continue;
      topology.add_link(
          {routers[a], routers[b], config.bandwidth, from_seconds(matrix->rtt(a, b) / 2e3)});
    }
  }
  return topology;
}

Seating seating_of(const LatencyMatrixConfig& config) {
  const auto regions = static_cast<int>(load(config.file.path)->regions.size());
  return {.workers = regions * config.nodes_per_region,
          .workers_per_machine = config.nodes_per_region};
}

}  // namespace understudy
