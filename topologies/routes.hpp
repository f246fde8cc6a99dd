// Shortest routes through a fixed graph, each computed when first asked for.
//
// What hangs on the graph by one cable (the leaves of a star, the devices of a machine, whole
// trees) has only one way out, so it is peeled off first and routed by climbing; Dijkstra runs on
// the core that remains, once for each destination in it. A star of 100,000 leaves has a core of
// one vertex.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

class Router {
 public:
  Router(std::size_t vertices, std::span<const Link> links, Routing routing);
  ~Router();

  // The links of the shortest path, of several the least sequence of link ids; nullopt where there is
  // none. The span stays valid as long as the router.
  std::optional<std::span<const LinkId>> route(VertexId from, VertexId to);

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  struct Core;
  // Where a vertex hangs: the vertex towards the core, and the cable's two directions.
  struct Hanging {
    std::uint32_t parent = kNone;  // kNone: in the core
    std::uint32_t depth = 0;       // hops to the core
    LinkId up{kNone}, down{kNone};
  };
  struct Known {
    std::uint32_t to = kNone;
    std::uint32_t hops = 0;
    const LinkId* links = nullptr;
  };
  // Open addressing by number, since neighbours are often asked for in turn; at most half full.
  struct RoutesFrom {
    std::vector<Known> known;
    std::size_t count = 0;
  };
  void peel(std::span<const Link> links);
  void find_cables(std::span<const Link> links);
  bool better(LinkId link, LinkId than) const;
  const LinkId* cable(std::uint32_t from, std::uint32_t to) const;
  bool compute(std::uint32_t from, std::uint32_t to);  // path_
  std::span<const LinkId> keep(std::span<const LinkId> path);
  static Known& place_of(std::vector<Known>& known, std::uint32_t to);
  static void make_room(std::vector<Known>& known);

  std::span<const Link> links_;
  std::vector<Hanging> hanging_;
  std::unique_ptr<Core> core_;
  std::vector<RoutesFrom> from_;
  std::vector<LinkId> path_, descent_;  // of the route that is computed
  std::pmr::monotonic_buffer_resource memory_;
};

}  // namespace understudy
