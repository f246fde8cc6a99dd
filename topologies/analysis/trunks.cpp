#include "topologies/analysis/trunks.hpp"

#include <algorithm>
#include <tuple>

namespace understudy {

std::vector<Trunk> trunks_of(const Topology& topology) {
  std::vector<Trunk> trunks;
  for (const Link& link : topology.links()) {
    const double rate = link.bandwidth.bits_per_s;
    if (link.from < link.to) {
      trunks.push_back({link.from.value, link.to.value, rate, 0, 1, 0});
    } else {
      trunks.push_back({link.to.value, link.from.value, 0, rate, 0, 1});
    }
  }
  const auto ends = [](const Trunk& t) { return std::tie(t.a, t.b); };
  std::stable_sort(trunks.begin(), trunks.end(),
                   [&](const Trunk& x, const Trunk& y) { return ends(x) < ends(y); });
  std::size_t kept = 0;
  for (const Trunk& t : trunks) {
    if (kept == 0 || ends(trunks[kept - 1]) != ends(t)) {
      trunks[kept++] = t;
      continue;
    }
    Trunk& sum = trunks[kept - 1];
    sum.there += t.there, sum.back += t.back;
    sum.links_there += t.links_there, sum.links_back += t.links_back;
  }
  trunks.resize(kept);
  return trunks;
}

std::vector<int> nodes_on_vertices(const Topology& topology) {
  if (topology.places().empty()) return std::vector<int>(topology.vertices().size(), 1);
  std::vector<int> nodes(topology.vertices().size(), 0);
  for (const Place& place : topology.places()) ++nodes[place.vertex.index()];
  return nodes;
}

}  // namespace understudy
