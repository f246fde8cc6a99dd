// Bowls that gossip on a graph, in a virtual world.
#pragma once

#include <memory>

#include "runtime/strategies/gossip.hpp"
#include "sim/world/virtual_world.hpp"
#include "tests/federated/bowl.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

using Graph = std::vector<std::vector<std::uint32_t>>;  // neighbours of each

struct Gossip {
  Graph graph;
  std::vector<Bowl::Shape> bowls;  // one a node; their starts may differ
  GossipConfig config{};
  double lr = 0.1;
  FindEigenpairs<double> find_eigenpairs{};
  std::int64_t charged_products = 0;
  TopologyConfig topology = MeshConfig{};  // nodes are filled in
  DevicesConfig profiles{};
  FaultsConfig faults{};
  ComputePool* pool = nullptr;
  std::function<void(const WorldSnapshot&)> on_safe_point{};
  const WorldSnapshot* resume = nullptr;
};

struct GossipEnd {
  std::vector<std::vector<std::vector<double>>> models;  // by round (from 0: the first), node
  WorldSnapshot world;
};

// A bowl whose nodes start apart: the models are there before the first round.
inline GossipEnd run(const Gossip& g) {
  const std::size_t n = g.graph.size();
  TopologyConfig config = g.topology;
  if (auto* mesh = std::get_if<MeshConfig>(&config)) mesh->nodes = static_cast<int>(n);
  const Topology topology = make_topology(config);
  std::vector<std::unique_ptr<Bowl>> learners;
  std::vector<ClientData<double>> data;
  const std::vector<std::uint32_t> one{0};
  std::vector<Rank> ranks;
  for (std::size_t i = 0; i < n; ++i) {
    learners.push_back(std::make_unique<Bowl>(g.bowls[i]));
    data.push_back({learners[i].get(), nullptr, one, {}});
    ranks.push_back(Rank{i});
  }
  std::vector<std::vector<double>> models(n);
  GossipEnd out;
  out.models.assign(static_cast<std::size_t>(g.config.rounds), models);
  GossipJob<double> job;
  job.config = g.config;
  job.nodes = ranks;
  job.graphs = gossip_graphs(g.config.graphs, n, g.graph);
  job.local.lr = g.lr;
  job.local.steps = g.config.local_steps;
  job.seed = 3;
  job.data = data;
  job.models = models;
  job.find_eigenpairs = g.find_eigenpairs;
  job.charged_products = g.charged_products;
  job.observe = [&](Node&, const GossipRound<double>& end) -> Task<> {
    out.models[static_cast<std::size_t>(end.round - 1)][end.node] = {end.model.begin(),
                                                                     end.model.end()};
    co_return;
  };
  WorldOptions options;
  options.network = FairShareConfig{};
  options.devices = g.profiles;
  options.faults = g.faults;
  options.seed = 3;
  options.pool = g.pool;
  options.on_safe_point = g.on_safe_point;
  options.resume = g.resume;
  VirtualWorld world(topology, std::move(options));
  world.run([&](Node& node) { return gossip(node, job, node.rank().index()); });
  out.world = world.snapshot();
  return out;
}

inline Graph line(std::uint32_t n) {
  Graph graph(n);
  for (std::uint32_t i = 0; i + 1 < n; ++i) {
    graph[i].push_back(i + 1);
    graph[i + 1].push_back(i);
  }
  return graph;
}
inline Graph ring(std::uint32_t n) {
  Graph graph = line(n);
  graph[0].push_back(n - 1);
  graph[n - 1].insert(graph[n - 1].begin(), 0);
  return graph;
}
inline Graph complete(std::uint32_t n) {
  Graph graph(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    for (std::uint32_t j = 0; j < n; ++j) {
      if (i != j) graph[i].push_back(j);
    }
  }
  return graph;
}
inline Graph hypercube(std::uint32_t dimensions) {
  Graph graph(1u << dimensions);
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    for (std::uint32_t bit = 0; bit < dimensions; ++bit) graph[i].push_back(i ^ (1u << bit));
    std::sort(graph[i].begin(), graph[i].end());
  }
  return graph;
}

}  // namespace understudy
