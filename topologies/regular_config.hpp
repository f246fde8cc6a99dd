// Links and shapes without chance, as a scenario states them. A bandwidth or latency of a link is that
// of each direction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/units.hpp"

namespace understudy {

// full: each direction has the bandwidth to itself. half: both share it.
enum class Duplex { kFull, kHalf };

struct LinkConfig {
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::optional<Bandwidth> back{};  // in the other direction, where it differs
  Duplex duplex = Duplex::kFull;
};

// machines x devices_per_machine x nodes_per_device nodes. Nodes on one device queue for it. Inside
// a machine every device hangs on the machine's vertex (PCIe or NVLink) by a link of half the intra
// latency, so `intra` holds from device to device; machines hang on one switch by links of half the
// inter latency, so `inter` holds from machine to machine. With one device a machine the device sits
// on the machine's vertex. Ranks go machine by machine. With `server`, one more machine hangs on the
// switch; its one node, the last rank, serves and does not train.
struct ClusterConfig {
  int machines = 1;
  int devices_per_machine = 1;
  int nodes_per_device = 1;
  std::string device{};
  LinkConfig intra{Bandwidth{96e9}, std::chrono::microseconds{10}};
  LinkConfig inter{Bandwidth{1e9}, std::chrono::microseconds{200}};
  bool server = false;
};

// nodes in a line; links[i] joins node i and i+1, `back` from i+1 to i. One link stands for all.
struct PathConfig {
  int nodes = 2;
  std::vector<LinkConfig> links{LinkConfig{}};
  std::string device{};
};

// Shapes with the same link everywhere.
struct RingConfig {
  int nodes = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// One kind of a star's leaves: access link and device.
struct AccessClass {
  double share = 1;  // of the leaves, relative to the other classes'
  Bandwidth down{50e6};
  Bandwidth up{10e6};
  Duration latency{std::chrono::milliseconds{10}};
  std::string device{};  // of these leaves; empty: the star's
};
// `nodes` leaves around a hub. The hub is a node too, the last rank, and serves. With `classes`,
// each leaf's link is of one of them, as many of each as its share asks for (largest remainder), in
// an order drawn from the seed, and both its rates are multiplied by exp(spread x normal), drawn
// once for each leaf; bandwidth and latency then don't apply.
struct StarConfig {
  int nodes = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
  std::vector<AccessClass> classes{};
  double spread = 0;
  std::uint64_t seed = 1;
};
// Every node linked with every other.
struct MeshConfig {
  int nodes = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// A complete tree: node i's parent is (i-1)/branching.
struct TreeConfig {
  int nodes = 3;
  int branching = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// Node r x columns + c is linked with its neighbours in row r and column c; a torus closes the rows
// and columns that are longer than 2 to rings.
struct GridConfig {
  int rows = 2;
  int columns = 2;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
struct TorusConfig {
  int rows = 3;
  int columns = 3;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// 2^dimensions nodes, linked where their numbers differ in one bit.
struct HypercubeConfig {
  int dimensions = 3;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// A k-ary fat tree of k-port switches (Al-Fares, Loukissas, Vahdat, "A scalable, commodity data
// center network architecture", SIGCOMM 2008): k pods, k^3/4 nodes.
struct FatTreeConfig {
  int ports = 4;
  Bandwidth bandwidth{1e9};
  Duration latency{0};
  std::string device{};
};
// Regions of machines with one node each: machines hang on their region's router by `local`, routers
// are linked with each other by `wide`. For what groups nodes by machine, such as hierarchical sums,
// a region is one, so that little crosses the wide links.
struct WanConfig {
  int regions = 3;
  int machines_per_region = 2;
  LinkConfig local{Bandwidth{10e9}, std::chrono::microseconds{50}};
  LinkConfig wide{Bandwidth{1e9}, std::chrono::milliseconds{50}};
  std::string device{};
};

}  // namespace understudy
