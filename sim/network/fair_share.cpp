#include "sim/network/fair_share.hpp"

#include <algorithm>
#include <optional>

namespace understudy {
namespace {

// By link; in the order in which links name them.
std::vector<MaxMin::Resource> resources_of(const Topology& topology) {
  std::vector<std::optional<MaxMin::Resource>> of_medium;
  std::vector<MaxMin::Resource> resources;
  MaxMin::Resource next = 0;
  for (const Link& link : topology.links()) {
    if (!link.medium) {
      resources.push_back(next++);
      continue;
    }
    if (link.medium->index() >= of_medium.size()) of_medium.resize(link.medium->index() + 1);
    auto& resource = of_medium[link.medium->index()];
    if (!resource) resource = next++;
    resources.push_back(*resource);
  }
  return resources;
}

std::vector<double> capacities(const Topology& topology,
                               const std::vector<MaxMin::Resource>& resources) {
  std::vector<double> bytes_per_s(resources.size(), 0);
  for (std::size_t l = 0; l < resources.size(); ++l)
    bytes_per_s[resources[l]] = topology.links()[l].bandwidth.bytes_per_s();
  return bytes_per_s;
}

// By resource; kNone for media.
std::vector<std::uint32_t> lone_links(const Topology& topology,
                                      const std::vector<MaxMin::Resource>& resources) {
  std::vector<std::uint32_t> links(resources.size(), MaxMin::kNone);
  for (std::size_t l = 0; l < resources.size(); ++l) {
    if (!topology.links()[l].medium) links[resources[l]] = static_cast<std::uint32_t>(l);
  }
  return links;
}

}  // namespace

FairShareModel::FairShareModel(const Topology& topology, const FairShareConfig& config)
    : FluidModel(topology, config.conditions.packet),
      shares_(config, topology),
      resources_(resources_of(topology)),
      links_(lone_links(topology, resources_)),
      max_min_(capacities(topology, resources_)) {}

void FairShareModel::starting(Flow& flow, Duration latency) {
  const FlowShare share = shares_.of(flow.route, latency);
  flow.weight *= share.weight;
  flow.cap = std::min(flow.cap, share.cap_bytes_per_s);
}

void FairShareModel::joined(Slot slot) {
  const Flow& joining = flow(slot);
  crossed_.clear();
  for (const LinkId id : joining.route) crossed_.push_back(resources_[id.index()]);
  max_min_.join(slot, crossed_, joining.weight, joining.cap);
  settle_later();
}

void FairShareModel::left(Slot slot) {
  max_min_.leave(slot);
  settle_later();
}

void FairShareModel::changed(LinkId id) {
  const MaxMin::Resource resource = resources_[id.index()];
  for (const MaxMin::Crossing& crossing : max_min_.flows_on(resource)) refresh(crossing.other);
  max_min_.set_capacity(resource, link(id.value).capacity());
  settle_later();
}

void FairShareModel::settle() {
  changed_.clear();
  leaders_.clear();
  max_min_.solve(changed_, leaders_);
  for (const MaxMin::Flow slot : changed_) {
    const Flow& solved = flow(slot);
    if (!solved.flowing) continue;
    const MaxMin::Resource holder = max_min_.holder(slot);
    if (max_min_.is_led(slot)) {
      follow(slot, holder, link_of(solved, holder));
    } else {
      set_rate(slot, max_min_.rate(slot), link_of(solved, holder));
    }
  }
  for (const MaxMin::Resource leader : leaders_) set_level(leader, max_min_.level_of_led(leader));
}

// The link that stands for what holds the flow back, in statistics: of a medium its first on the route.
std::uint32_t FairShareModel::link_of(const Flow& flow, MaxMin::Resource resource) const {
  if (resource == MaxMin::kNone) return flow.held_by;  // its cap
  if (links_[resource] != MaxMin::kNone) return links_[resource];
  const auto crosses = [&](LinkId id) { return resources_[id.index()] == resource; };
  return std::find_if(flow.route.begin(), flow.route.end(), crosses)->value;
}

}  // namespace understudy
