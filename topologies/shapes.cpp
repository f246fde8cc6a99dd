#include "topologies/shapes.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// Beyond this a typing error is likelier than a wish.
constexpr std::int64_t kMaxVertices = 2'000'000;
constexpr std::int64_t kMaxLinks = 10'000'000;

std::optional<MediumId> medium_of(Topology& topology, const LinkConfig& link) {
  if (link.duplex == Duplex::kFull) return std::nullopt;
  return topology.add_medium();
}

Seating seating_of(const ClusterConfig& c) {
  const int in_machine = c.devices_per_machine * c.nodes_per_device;
  return {.workers = c.machines * in_machine,
          .servers = c.server ? 1 : 0,
          .workers_per_machine = in_machine};
}
Seating seating_of(const StarConfig& c) { return {.workers = c.nodes, .servers = 1}; }
Seating seating_of(const GridConfig& c) { return {.workers = c.rows * c.columns}; }
Seating seating_of(const TorusConfig& c) { return {.workers = c.rows * c.columns}; }
Seating seating_of(const HypercubeConfig& c) { return {.workers = 1 << c.dimensions}; }
Seating seating_of(const FatTreeConfig& c) { return {.workers = c.ports * c.ports * c.ports / 4}; }
// A region is one machine for what groups by machine, such as hierarchical sums.
Seating seating_of(const WanConfig& c) {
  return {.workers = c.regions * c.machines_per_region,
          .workers_per_machine = c.machines_per_region};
}
Seating seating_of(const GraphmlConfig& c) {
  return {.workers = nodes_of(c), .servers = c.place.server.empty() ? 0 : 1};
}
Seating seating_of(const LatencyMatrixConfig& c) {
  return {.workers = regions_of(c) * c.nodes_per_region};
}
template <class Shape>
Seating seating_of(const Shape& c) {
  return {.workers = c.nodes};
}

}  // namespace

void require_size(std::string_view shape, std::int64_t vertices, std::int64_t links) {
  if (vertices > kMaxVertices || links > kMaxLinks) {
    throw ScenarioError(fmt::format(
        "a {} of this size has {} vertices and {} links, more than the {} and {} allowed", shape,
        vertices, links, kMaxVertices, kMaxLinks));
  }
}

void require_positive(std::string_view shape, std::string_view field, int value) {
  if (value < 1)
    throw ScenarioError(fmt::format("a {} needs {} of at least 1, not {}", shape, field, value));
}

void require_within(std::string_view shape, std::string_view field, double value, double least,
                    double most) {
  if (value >= least && value <= most) return;
  throw ScenarioError(
      fmt::format("a {} needs {} from {} to {}, not {}", shape, field, least, most, value));
}

void require_link(std::string_view where, const LinkConfig& link) {
  if (link.back) require_link(where, {*link.back, link.latency});
  if (!(link.bandwidth.bits_per_s > 0) || !std::isfinite(link.bandwidth.bits_per_s)) {
    throw ScenarioError(fmt::format("the bandwidth of {} must be greater than zero, not {}", where,
                                    format(link.bandwidth)));
  }
  if (link.latency < Duration::zero()) {
    throw ScenarioError(fmt::format("the latency of {} must not be negative, as {} is", where,
                                    format(link.latency)));
  }
}

std::vector<VertexId> add_nodes(Topology& topology, int nodes, const std::string& device) {
  std::vector<VertexId> vertices;
  for (int i = 0; i < nodes; ++i) {
    vertices.push_back(topology.add_vertex({fmt::format("node{}", i), VertexKind::kHost}));
    topology.place({.vertex = vertices.back(), .machine = i, .device = device});
  }
  return vertices;
}

void add_cable(Topology& topology, VertexId from, VertexId to, const LinkConfig& link) {
  const auto medium = medium_of(topology, link);
  topology.add_link({from, to, link.bandwidth, link.latency, medium});
  topology.add_link({to, from, link.back.value_or(link.bandwidth), link.latency, medium});
}

void add_half(Topology& topology, VertexId outer, VertexId hub, const LinkConfig& whole) {
  const Duration half = whole.latency / 2;
  const auto medium = medium_of(topology, whole);
  topology.add_link({outer, hub, whole.bandwidth, half, medium});
  topology.add_link(
      {hub, outer, whole.back.value_or(whole.bandwidth), whole.latency - half, medium});
}

Topology make_topology(const TopologyConfig& config) {
  if (const auto found = misfit(config)) throw ScenarioError(found->sentence);
  return std::visit([](const auto& shape) { return make(shape); }, config);
}

Seating seating(const TopologyConfig& topology) {
  return std::visit([](const auto& config) { return seating_of(config); }, topology);
}

}  // namespace understudy
