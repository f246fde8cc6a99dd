// A star, with access links alike or of several classes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/base/random.hpp"
#include "topologies/shapes.hpp"

namespace understudy {
namespace {

// A link's rate is never drawn below this.
constexpr double kLeastBitsPerS = 1;

// How many of the leaves are of each class: the whole part of its share, and one more for those
// with the largest remainders, of equal ones the first.
std::vector<int> quotas(const StarConfig& config) {
  double largest = 0, sum = 0;
  for (const AccessClass& c : config.classes) largest = std::max(largest, c.share);
  for (const AccessClass& c : config.classes) sum += c.share / largest;  // the sum cannot overflow
  std::vector<int> counts;
  std::vector<double> remainders;
  for (const AccessClass& c : config.classes) {
    const double exact = config.nodes * (c.share / largest / sum);
    counts.push_back(static_cast<int>(exact));
    remainders.push_back(exact - counts.back());
  }
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  const int left = config.nodes - std::accumulate(counts.begin(), counts.end(), 0);
  UNDERSTUDY_CHECK(left >= 0 && left <= static_cast<int>(counts.size()));
  for (int i = 0; i < left; ++i) ++counts[order[static_cast<std::size_t>(i)]];
  return counts;
}

// The class of each leaf, as an index.
std::vector<std::size_t> shuffled_classes(const StarConfig& config) {
  std::vector<std::size_t> classes;
  const std::vector<int> counts = quotas(config);
  for (std::size_t c = 0; c < counts.size(); ++c)
    classes.insert(classes.end(), static_cast<std::size_t>(counts[c]), c);
  RandomStream random({.seed = config.seed, .purpose = Purpose::kTopology});
  for (std::size_t i = classes.size(); i > 1; --i)
    std::swap(classes[i - 1], classes[random.below(i)]);
  return classes;
}

// From the leaf; `back` leads to it. A leaf's factor has a stream of its own.
LinkConfig access_link(const StarConfig& config, const AccessClass& access, std::size_t leaf) {
  RandomStream random({.seed = config.seed,
                       .node = static_cast<std::uint32_t>(leaf),
                       .purpose = Purpose::kTopology,
                       .round = 1});
  const double factor = std::exp(config.spread * random.normal());
  const auto scaled = [factor](Bandwidth rate) {
    return Bandwidth{std::max(kLeastBitsPerS, rate.bits_per_s * factor)};
  };
  return {scaled(access.up), access.latency, scaled(access.down)};
}

std::vector<VertexId> add_leaves(Topology& topology, const StarConfig& config,
                                 const std::vector<std::size_t>& classes) {
  if (classes.empty()) return add_nodes(topology, config.nodes, config.device);
  std::vector<VertexId> leaves;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string& device = config.classes[classes[i]].device;
    leaves.push_back(topology.add_vertex({fmt::format("node{}", i), VertexKind::kHost}));
    topology.place({.vertex = leaves.back(),
                    .machine = static_cast<int>(i),
                    .device = device.empty() ? config.device : device});
  }
  return leaves;
}

}  // namespace

Topology make(const StarConfig& config) {
  require_positive("star", "nodes", config.nodes);
  require_link("a star", {config.bandwidth, config.latency});
  require_within("star", "spread", config.spread, 0, 3);
  for (std::size_t i = 0; i < config.classes.size(); ++i) {
    const AccessClass& c = config.classes[i];
    const std::string name = fmt::format("classes[{}]", i);
    if (!(c.share > 0) || !std::isfinite(c.share))
      throw ScenarioError(
          fmt::format("the share of {} must be greater than zero, not {}", name, c.share));
    require_link(name, {c.up, c.latency, c.down});
  }
  require_size("star", std::int64_t{config.nodes} + 1, 2 * std::int64_t{config.nodes});
  Topology topology;
  std::vector<std::size_t> classes;
  if (!config.classes.empty()) classes = shuffled_classes(config);
  const auto leaves = add_leaves(topology, config, classes);
  const VertexId hub = topology.add_vertex({"hub", VertexKind::kHost});
  topology.place({.vertex = hub, .machine = config.nodes, .device = config.device, .serves = true});
  if (config.classes.empty()) {
    for (const VertexId leaf : leaves)
      topology.add_cable({leaf, hub, config.bandwidth, config.latency});
    return topology;
  }
  for (std::size_t i = 0; i < leaves.size(); ++i)
    add_cable(topology, leaves[i], hub, access_link(config, config.classes[classes[i]], i));
  return topology;
}

}  // namespace understudy
