// The kinds of topologies. All of their keys are timing keys: the section is marked.
#pragma once

#include <array>

#include "scenarios/describe/file_topology.hpp"
#include "scenarios/describe/random_topology.hpp"

namespace understudy {

inline constexpr std::array<NameDoc, 18> kTopologyKinds = {{
    {"cluster", "Machines on one switch, each with devices behind its own bus."},
    {"path", "Nodes in a line, with links of their own."},
    {"ring", "Nodes in a circle."},
    {"star", "Leaves around a hub that serves, on links alike or of several classes."},
    {"mesh", "Every node linked with every other."},
    {"tree", "A complete tree of nodes."},
    {"grid", "Nodes in rows and columns, linked with their neighbours."},
    {"torus", "A grid whose rows and columns are rings."},
    {"hypercube", "2^d nodes, linked where their numbers differ in one bit."},
    {"fat_tree", "A k-ary fat tree of switches, as in data centres."},
    {"random_regular", "A random graph in which every node has equally many neighbours."},
    {"erdos_renyi", "A random graph with every link as likely as any other."},
    {"watts_strogatz", "A small world: a ring lattice with some links moved."},
    {"barabasi_albert", "A scale-free graph, grown by preferential attachment."},
    {"random_geometric", "Nodes at random places, linked where they are close."},
    {"wan", "Regions of machines, whose routers are linked over long distances."},
    {"graphml", "A graph from a GraphML file, such as the Internet Topology Zoo's."},
    {"latency_matrix", "Regions from a matrix of round-trip times."},
}};
constexpr std::span<const NameDoc> kinds(const TopologyConfig*) { return kTopologyKinds; }

}  // namespace understudy
