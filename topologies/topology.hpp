// A topology: a graph (Boost.Graph inside) of machines, switches and devices, joined by directed
// links, and the places where nodes sit on it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/base/units.hpp"

namespace understudy {

enum class VertexKind { kMachine, kDevice, kSwitch, kHost };

// A place on earth, in degrees.
struct Coordinates {
  double latitude = 0;   // -90..90
  double longitude = 0;  // -180..180
};

struct Vertex {
  std::string name;  // unique: "machine0", "machine0/device1", "switch"
  VertexKind kind = VertexKind::kHost;
  std::optional<Coordinates> at{};
};

// One direction of a cable. Capacity is in payload bits; latency is paid once by every message.
struct Link {
  VertexId from, to;
  Bandwidth bandwidth;               // > 0
  Duration latency;                  // >= 0
  std::optional<MediumId> medium{};  // what its capacity is shared with; nullopt: its own
};

// What a shortest route is.
enum class Routing {
  kShortestLatency,  // least total latency, then fewest hops
  kFewestHops        // fewest hops, then least total latency
};

// Where a node sits.
struct Place {
  VertexId vertex;
  int machine = 0;       // machines number 0.. in order of first use
  int local_rank = 0;    // rank within the machine
  std::string device{};  // a device profile's name ("rtx3080"); may be empty: an ideal device
  bool serves = false;   // a dedicated server (a star's hub), not a worker
};

// Immutable once built. Thread-safe to read.
class Topology {
 public:
  Topology();
  ~Topology();
  Topology(Topology&&) noexcept;
  Topology& operator=(Topology&&) noexcept;

  VertexId add_vertex(Vertex vertex);
  LinkId add_link(const Link& link);  // one direction
  void add_cable(const Link& link);   // both directions, alike
  // Both directions of a cable that carries one of them at a time. All links of a medium have one
  // bandwidth.
  MediumId add_medium() { return MediumId{media_++}; }
  void place(const Place& place) { places_.push_back(place); }

  std::span<const Vertex> vertices() const;
  std::span<const Link> links() const { return links_; }
  std::span<const Place> places() const { return places_; }  // index = rank
  std::string link_name(LinkId id) const;                    // "machine0->switch"

  void use_routing(Routing routing);

  // The links on the shortest path from one vertex to another, then the lowest link ids. Empty from
  // a vertex to itself. Computed when first asked for and cached: not thread-safe. Throws
  // ScenarioError where there is no path.
  std::span<const LinkId> route(VertexId from, VertexId to) const;

  // Throws ScenarioError, naming the two vertices, unless every place reaches every other.
  void require_connected() const;

 private:
  struct Graph;
  std::vector<Link> links_;
  std::vector<Place> places_;
  std::size_t media_ = 0;
  Routing routing_ = Routing::kShortestLatency;
  std::unique_ptr<Graph> graph_;
};

}  // namespace understudy
