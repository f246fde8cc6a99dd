#include "topologies/neighbour_lists.hpp"

#include <algorithm>

namespace understudy {
namespace {

using Members = std::vector<std::vector<std::uint32_t>>;  // on each vertex

struct Search {
  const std::vector<std::vector<std::size_t>>& links_from;  // by vertex: vertices
  const Members& members;

  std::vector<std::uint32_t> from(std::size_t vertex, std::uint32_t self) const {
    std::vector<std::uint32_t> found;
    std::vector<bool> seen(links_from.size());
    std::vector<std::size_t> open{vertex};
    seen[vertex] = true;
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      found.insert(found.end(), members[at].begin(), members[at].end());
      if (at != vertex && !members[at].empty()) continue;
      for (const std::size_t next : links_from[at]) {
        if (seen[next]) continue;
        seen[next] = true;
        open.push_back(next);
      }
    }
    std::erase(found, self);
    std::sort(found.begin(), found.end());
    return found;
  }
};

}  // namespace

std::vector<std::vector<std::uint32_t>> neighbour_lists(const Topology& topology) {
  std::vector<std::vector<std::size_t>> links_from(topology.vertices().size());
  for (const Link& link : topology.links())
    links_from[link.from.index()].push_back(link.to.index());
  Members members(topology.vertices().size());
  std::vector<std::size_t> vertex_of;
  for (const Place& place : topology.places()) {
    if (place.serves) continue;
    members[place.vertex.index()].push_back(static_cast<std::uint32_t>(vertex_of.size()));
    vertex_of.push_back(place.vertex.index());
  }
  const Search search{links_from, members};
  std::vector<std::vector<std::uint32_t>> neighbours;
  for (std::size_t i = 0; i < vertex_of.size(); ++i)
    neighbours.push_back(search.from(vertex_of[i], static_cast<std::uint32_t>(i)));
  return neighbours;
}

}  // namespace understudy
