// Random graphs as a scenario states them.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/units.hpp"

namespace understudy {

// Every node has `degree` neighbours, drawn nearly uniformly among simple connected graphs (Steger and
// Wormald, 1999; what fails is drawn again, a bounded number of times).
struct RandomRegularConfig {
  int nodes = 8;
  int degree = 3;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
  std::uint64_t seed = 1;
};
// G(n, p): every pair is linked with the probability (Erdos and Renyi, 1959; Gilbert, 1959).
struct ErdosRenyiConfig {
  int nodes = 8;
  double probability = 0.5;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
  std::uint64_t seed = 1;
};
// A ring lattice with `neighbours` (even) each, whose links move one end with the probability
// (Watts and Strogatz, Nature 393, 1998).
struct WattsStrogatzConfig {
  int nodes = 16;
  int neighbours = 4;
  double rewire = 0.1;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
  std::uint64_t seed = 1;
};
// Every new node links to `edges` others with probability proportional to their degree (Barabasi
// and Albert, Science 286, 1999).
struct BarabasiAlbertConfig {
  int nodes = 16;
  int edges = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
  std::uint64_t seed = 1;
};
// Nodes at random places of the unit square, linked within the radius; a link's latency is the
// config's times distance / radius (Gilbert, "Random plane networks", 1961).
struct RandomGeometricConfig {
  int nodes = 16;
  double radius = 0.5;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
  std::uint64_t seed = 1;
};

}  // namespace understudy
