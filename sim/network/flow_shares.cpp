#include "sim/network/flow_shares.hpp"

#include "sim/network/patterns.hpp"

namespace understudy {
namespace {

std::vector<bool> fitting(const Topology& topology, const std::string& pattern) {
  std::vector<bool> fits(topology.vertices().size(), false);
  for (const VertexId vertex : vertices_like(topology, pattern)) fits[vertex.index()] = true;
  return fits;
}

}  // namespace

FlowShares::FlowShares(const FairShareConfig& config, const Topology& topology)
    : topology_(topology), fairness_(config.fairness) {
  for (const ShareConfig& entry : config.shares) {
    FlowShare share{.weight = entry.weight};
    if (entry.cap) share.cap_bytes_per_s = entry.cap->bytes_per_s();
    entries_.push_back({fitting(topology, entry.from), fitting(topology, entry.to), share});
  }
}

FlowShare FlowShares::of(std::span<const LinkId> route, Duration latency) const {
  FlowShare share;
  if (!route.empty() && !entries_.empty()) {
    const std::size_t from = topology_.links()[route.front().index()].from.index();
    const std::size_t to = topology_.links()[route.back().index()].to.index();
    for (const Entry& entry : entries_) {
      if (entry.from[from] && entry.to[to]) share = entry.share;
    }
  }
  if (fairness_ == Fairness::kInverseLatency && latency > Duration::zero())
    share.weight /= to_seconds(latency);
  return share;
}

}  // namespace understudy
