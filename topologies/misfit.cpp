// Whether the values of a config fit each other.
#include <fmt/format.h>

#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

constexpr std::int64_t kMaxNodes = 1'000'000;

using Found = std::optional<Misfit>;

Found of_link(const std::string& key, const LinkConfig& link) {
  if (!link.back || link.duplex == Duplex::kFull) return std::nullopt;
  return Misfit{key + ".back", "a half duplex link has one bandwidth, which both directions share"};
}

// Of a graph without parallel links each node has fewer neighbours than there are nodes.
Found of_neighbours(const std::string& key, int neighbours, int nodes) {
  if (neighbours < nodes) return std::nullopt;
  return Misfit{key, fmt::format("{} neighbours need at least {} nodes, and there are {}",
                                 neighbours, std::int64_t{neighbours} + 1, nodes)};
}

template <class Shape>
Found find(const Shape&) {
  return std::nullopt;
}

Found find(const ClusterConfig& c) {
  const double in_machine = static_cast<double>(c.devices_per_machine) * c.nodes_per_device;
  if (c.machines * in_machine > kMaxNodes) {
    return Misfit{"machines",
                  fmt::format("{} machines with {} nodes each are more than the {} nodes allowed",
                              c.machines, in_machine, kMaxNodes)};
  }
  if (auto intra = of_link("intra", c.intra)) return intra;
  return of_link("inter", c.inter);
}

Found find(const PathConfig& c) {
  const auto links = static_cast<std::int64_t>(c.links.size());
  if (links != 1 && links != c.nodes - 1) {
    return Misfit{"links", fmt::format("{} links are neither 1 for all nor the {} between {} nodes",
                                       links, c.nodes - 1, c.nodes)};
  }
  for (std::size_t i = 0; i < c.links.size(); ++i) {
    if (auto link = of_link(fmt::format("links[{}]", i), c.links[i])) return link;
  }
  return std::nullopt;
}

Found find(const StarConfig& c) {
  if (c.spread == 0 || !c.classes.empty()) return std::nullopt;
  return Misfit{"spread", "only the rates of 'classes' spread, and there are none"};
}

Found find(const FatTreeConfig& c) {
  if (c.ports % 2 == 0) return std::nullopt;
  return Misfit{"ports", fmt::format("half of a switch's ports lead up, so {} of them must be even",
                                     c.ports)};
}

Found find(const RandomRegularConfig& c) {
  if (auto many = of_neighbours("degree", c.degree, c.nodes)) return many;
  if (std::int64_t{c.nodes} * c.degree % 2 != 0) {
    return Misfit{"degree", fmt::format("{} nodes of degree {} would have {} ends of links, and "
                                        "that number is even in every graph",
                                        c.nodes, c.degree, std::int64_t{c.nodes} * c.degree)};
  }
  if (c.degree == 1 && c.nodes > 2)
    return Misfit{"degree", fmt::format("with one neighbour each, {} nodes fall into pairs that "
                                        "are not connected",
                                        c.nodes)};
  return std::nullopt;
}

Found find(const WattsStrogatzConfig& c) {
  if (c.neighbours % 2 != 0) {
    return Misfit{"neighbours",
                  fmt::format("half of the neighbours are on each side, so {} of them "
                              "must be even",
                              c.neighbours)};
  }
  return of_neighbours("neighbours", c.neighbours, c.nodes);
}

Found find(const BarabasiAlbertConfig& c) { return of_neighbours("edges", c.edges, c.nodes); }

Found find(const WanConfig& c) {
  if (auto local = of_link("local", c.local)) return local;
  return of_link("wide", c.wide);
}

Found find(const LatencyMatrixConfig& c) { return of_link("local", c.local); }

}  // namespace

std::optional<Misfit> misfit(const TopologyConfig& config) {
  return std::visit([](const auto& shape) { return find(shape); }, config);
}

}  // namespace understudy
