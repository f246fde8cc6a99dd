// Topologies as a scenario states them. A bandwidth or latency of a link is that of each direction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/file_path.hpp"
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
// One kind of access link of a star's leaves.
struct AccessClass {
  double share = 1;  // of the leaves, relative to the other classes'
  Bandwidth down{50e6};
  Bandwidth up{10e6};
  Duration latency{std::chrono::milliseconds{10}};
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

// Which vertices of a file's graph nodes sit on.
enum class Ranks { kRoundRobin, kExplicit, kByAttribute };
struct PlaceConfig {
  Ranks ranks = Ranks::kRoundRobin;
  int nodes = 0;                        // 0: one for each vertex that comes into question
  std::vector<std::string> vertices{};  // explicit: rank i sits on vertices[i], modulo their number
  std::string attribute{};              // by_attribute: vertices that have it ...
  std::string value{};                  // ... with this value; empty: any
  std::string server{};                 // a vertex with one more node, which serves; empty: none
};

enum class MissingLocation {
  kDefault,  // links with an end that has no place take the default latency
  kRefuse
};
// A graph from a GraphML file, such as the Internet Topology Zoo's.
struct GraphmlConfig {
  FilePath file{};
  std::string latency_attribute{};    // of edges, in milliseconds; wins over coordinates
  std::string bandwidth_attribute{};  // of edges, in bit/s; LinkSpeedRaw where empty
  Duration latency{std::chrono::milliseconds{1}};  // where nothing else says one
  Bandwidth bandwidth{1e9};                        // where nothing else says one
  MissingLocation missing_location = MissingLocation::kDefault;
  PlaceConfig place{};
  std::string device{};
};

// Regions from a CSV matrix of round-trip times: a header of names, then a row for each region: its
// name and the times in milliseconds. Every region's router is linked directly with every other's by
// half the round trip; its nodes hang on it by `local`.
struct LatencyMatrixConfig {
  FilePath file{};
  Bandwidth bandwidth{1e9};  // between regions
  int nodes_per_region = 1;
  LinkConfig local{Bandwidth{10e9}, std::chrono::microseconds{50}};
  std::string device{};
};

using TopologyConfig =
    std::variant<ClusterConfig, PathConfig, RingConfig, StarConfig, MeshConfig, TreeConfig,
                 GridConfig, TorusConfig, HypercubeConfig, FatTreeConfig, RandomRegularConfig,
                 ErdosRenyiConfig, WattsStrogatzConfig, BarabasiAlbertConfig, RandomGeometricConfig,
                 WanConfig, GraphmlConfig, LatencyMatrixConfig>;

}  // namespace understudy
