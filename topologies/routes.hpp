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
#include <unordered_map>
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
  struct LastRoute {
    std::uint32_t to = kNone;
    std::span<const LinkId> links;
  };
  void peel(std::span<const Link> links);
  void find_cables(std::span<const Link> links);
  bool better(LinkId link, LinkId than) const;
  const LinkId* cable(std::uint32_t from, std::uint32_t to) const;
  bool compute(std::uint32_t from, std::uint32_t to, std::vector<LinkId>& path);
  std::span<const LinkId> keep(std::span<const LinkId> path);

  std::span<const Link> links_;
  std::vector<Hanging> hanging_;
  std::unique_ptr<Core> core_;
  std::vector<LastRoute> last_;  // by source: most sources talk to one destination again and again
  std::unordered_map<std::uint64_t, std::span<const LinkId>> routes_;
  std::pmr::monotonic_buffer_resource memory_;
};

}  // namespace understudy
