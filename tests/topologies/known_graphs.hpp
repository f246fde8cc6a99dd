// Graphs by their edges, each cable 1 Gbit/s both ways.
#pragma once

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

using Edges = std::vector<std::pair<int, int>>;

inline constexpr Bandwidth kCable{1e9};

// Switches after the hosts; a node on every host.
inline Topology graph(int hosts, int switches, const Edges& edges,
                      Duration latency = std::chrono::milliseconds{1}) {
  Topology topology;
  for (int i = 0; i < hosts; ++i) {
    const VertexId vertex = topology.add_vertex({fmt::format("host{}", i), VertexKind::kHost});
    topology.place({.vertex = vertex, .machine = i});
  }
  for (int i = 0; i < switches; ++i)
    topology.add_vertex({fmt::format("switch{}", i), VertexKind::kSwitch});
  for (const auto& [a, b] : edges) topology.add_cable({VertexId{a}, VertexId{b}, kCable, latency});
  return topology;
}

inline Edges path_edges(int n) {
  Edges edges;
  for (int i = 0; i + 1 < n; ++i) edges.emplace_back(i, i + 1);
  return edges;
}

inline Edges ring_edges(int n) {
  Edges edges = path_edges(n);
  edges.emplace_back(n - 1, 0);
  return edges;
}

// Around vertex 0.
inline Edges star_edges(int n) {
  Edges edges;
  for (int i = 1; i < n; ++i) edges.emplace_back(0, i);
  return edges;
}

inline Edges complete_edges(int n) {
  Edges edges;
  for (int i = 0; i < n; ++i) {
    for (int j = i + 1; j < n; ++j) edges.emplace_back(i, j);
  }
  return edges;
}

// The first m with each of the others.
inline Edges complete_bipartite_edges(int m, int n) {
  Edges edges;
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) edges.emplace_back(i, m + j);
  }
  return edges;
}

inline Edges hypercube_edges(int dimensions) {
  Edges edges;
  for (int v = 0; v < 1 << dimensions; ++v) {
    for (int d = 0; d < dimensions; ++d) {
      if ((v & 1 << d) == 0) edges.emplace_back(v, v | 1 << d);
    }
  }
  return edges;
}

// Rows and columns longer than 2.
inline Edges torus_edges(int rows, int columns) {
  Edges edges;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      edges.emplace_back(r * columns + c, r * columns + (c + 1) % columns);
      edges.emplace_back(r * columns + c, (r + 1) % rows * columns + c);
    }
  }
  return edges;
}

// k ports a switch: k^3/4 hosts, then k^2/2 edge, k^2/2 aggregation and k^2/4 core switches.
inline Topology fat_tree(int k) {
  const int half = k / 2, hosts = k * half * half, edge = hosts, aggregation = edge + k * half,
            core = aggregation + k * half;
  Edges edges;
  for (int i = 0; i < hosts; ++i) edges.emplace_back(i, edge + i / half);
  for (int pod = 0; pod < k; ++pod) {
    for (int i = 0; i < half; ++i) {
      for (int j = 0; j < half; ++j) {
        edges.emplace_back(edge + pod * half + i, aggregation + pod * half + j);
        edges.emplace_back(aggregation + pod * half + i, core + i * half + j);
      }
    }
  }
  return graph(hosts, k * k + half * half, edges);
}

}  // namespace understudy
