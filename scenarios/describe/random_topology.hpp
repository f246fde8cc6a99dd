// Descriptions of random graphs.
#pragma once

#include <array>

#include "scenarios/describe/regular_topology.hpp"

namespace understudy {

template <class Archive>
void describe(Archive& a, RandomRegularConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 1, .max = kMostNodes});
  a.field("degree", c.degree, "How many neighbours each node has.", {.min = 1, .max = 1024});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, ErdosRenyiConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 1, .max = kMostNodes});
  a.field("probability", c.probability, "Of a link between two nodes.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, WattsStrogatzConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 3, .max = kMostNodes});
  a.field("neighbours", c.neighbours, "Of each node on the ring lattice, an even number.",
          {.min = 2, .max = 1024});
  a.field("rewire", c.rewire, "Probability that a link moves one of its ends.",
          {.min = 0, .max = 1, .measure = Measure::kFraction});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, BarabasiAlbertConfig& c) {
  a.field("nodes", c.nodes, kNodesDoc, {.min = 2, .max = kMostNodes});
  a.field("edges", c.edges, "Links of each new node.", {.min = 1, .max = 1024});
  describe_even_shape(a, c);
  a.field("seed", c.seed, kSeedDoc);
}

template <class Archive>
void describe(Archive& a, RandomGeometricConfig& c) {
  a.field("nodes", c.nodes, "How many nodes, at random places of the unit square.",
          {.min = 1, .max = kMostNodes});
  a.field("radius", c.radius, "Nodes closer than this are linked.", {.above = 0, .max = 1.5});
  a.field("bandwidth", c.bandwidth, "Rate of every link in each direction.", {.min = 1});
  a.field("latency", c.latency, "Of a link as long as the radius; shorter ones have less.",
          {.min = 0});
  a.field("device", c.device, kDeviceDoc);
  a.field("seed", c.seed, kSeedDoc);
}

}  // namespace understudy
