// The traffic that simgrid_traffic and understudy_traffic both simulate.
//
//   ring               all-reduce of 100 MB: 2 (n - 1) rounds in which every host sends 100 MB / n to
//                      the next one and goes on when it has received as much
//   all_to_all         1 MB from every host to every other, pairwise: in round k of n - 1 to the k-th
//                      after it; four times over
//   burst              1 MB from every host to every other, all at once
//   parameter_server   every worker sends a gradient to the server and gets as much back, several
//                      times, each worker at its own pace: sizes differ
//   wan                n messages of 1 to 100 MB between random routers of a wide area network with
//                      unequal links, all started in the first second
//
// The first four run among n hosts on one switch, each with 1 Gbit/s and 0.5 ms up and down.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "topologies/make_topology.hpp"

namespace understudy::traffic {

inline constexpr Bandwidth kAccess{1e9};
inline constexpr Duration kAccessLatency = std::chrono::microseconds{500};
// More would let differences of rounding grow to what can be seen.
inline int server_rounds(int hosts) { return std::max(3, 1024 / hosts); }

inline std::int64_t ring_bytes(int hosts) { return 100'000'000 / hosts; }
inline constexpr std::int64_t kAllToAllBytes = 1'000'000;
inline constexpr int kAllToAllRepeats = 4;
inline std::int64_t server_bytes(int worker) { return 1'000'000 + (worker * 7919) % 1000 * 100; }

struct Message {
  VertexId from, to;
  std::int64_t bytes;
  TimePoint start;
};

inline Bandwidth any_speed(RandomStream& random) {
  constexpr double kSpeeds[] = {155e6, 622e6, 1e9, 2.5e9, 10e9};
  return Bandwidth{kSpeeds[random.below(5)]};
}

// As long and thin as the Topology Zoo's largest graph (Kdl: 754 vertices, 899 cables, 23 hops on
// average): a random tree whose vertices hang on one of the eight before them, and as many cables
// more, for its size, as Kdl has beyond a tree.
inline Topology wan(int vertices = 754) {
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  Topology topology;
  for (int v = 0; v < vertices; ++v)
    topology.place({.vertex = topology.add_vertex({"v" + std::to_string(v)}), .machine = v});
  const auto join = [&](int a, int b) {
    const Duration latency{static_cast<std::int64_t>(1e8 + 4.9e9 * random.uniform())};
    topology.add_cable({VertexId{a}, VertexId{b}, any_speed(random), latency});
  };
  const auto below = [&](int bound) {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
  };
  for (int v = 1; v < vertices; ++v) join(v, v - 1 - below(std::min(v, 8)));
  for (int more = vertices * 146 / 754; more > 0; --more) {
    const int a = below(vertices - 40);
    join(a, a + 1 + below(39));
  }
  return topology;
}

// The graph of a GraphML file, with latencies by distance and drawn speeds, alike both ways.
inline Topology wan(const std::string& file) {
  const Topology read = make_topology(GraphmlConfig{.file = {file}});
  Topology topology;
  for (const Vertex& vertex : read.vertices()) topology.add_vertex(vertex);
  for (const Place& place : read.places()) topology.place(place);
  for (Link link : read.links()) {
    const auto [a, b] = std::minmax(link.from.value, link.to.value);
    RandomStream random({.seed = 1, .node = a, .purpose = Purpose::kTest, .round = b});
    link.bandwidth = any_speed(random);
    topology.add_link(link);
  }
  return topology;
}

// In order of start.
inline std::vector<Message> wan_messages(std::size_t vertices, int count) {
  RandomStream random({.seed = 2, .purpose = Purpose::kTest});
  std::vector<Message> messages;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t from = random.below(vertices), hop = 1 + random.below(vertices - 1);
    messages.push_back({VertexId{std::size_t{from}}, VertexId{std::size_t{(from + hop) % vertices}},
                        static_cast<std::int64_t>(1e6 * std::pow(100, random.uniform())),
                        kStart + std::chrono::seconds{1} * i / count});
  }
  return messages;
}

// Of this process since it began (getrusage counts what its parent had, too); 0 where Linux doesn't say.
inline double peak_memory_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

}  // namespace understudy::traffic
