// Whether the network's conditions and the faults fit the topology: by building them.
#include "scenarios/check_network.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"
#include "sim/network/jitter.hpp"
#include "sim/network/make_network.hpp"
#include "sim/network/patterns.hpp"

namespace understudy {
namespace {

bool has_conditions(const NetworkConfig& config) {
  const NetworkConditions& c = conditions_of(config);
  const auto* queued = std::get_if<QueuedConfig>(&config);
  const auto* fair_share = std::get_if<FairShareConfig>(&config);
  return !c.impairments.empty() || !c.traces.empty() || !c.background.empty() ||
         (queued != nullptr && !(queued->token_buckets.empty() && queued->limits.empty())) ||
         (fair_share != nullptr && !fair_share->shares.empty());
}

}  // namespace

void check_network(const Scenario& scenario, const Document& document) {
  if (scenario.faults.empty() && !has_conditions(scenario.network)) return;
  const auto& impairments = conditions_of(scenario.network).impairments;
  std::string section = "topology";
  try {
    Topology topology = make_topology(scenario.topology);
    topology.use_routing(conditions_of(scenario.network).routing);
    for (std::size_t i = 0; i < impairments.size(); ++i) {
      section = fmt::format("network.impairments[{}].links", i);
      links_like(topology, impairments[i].links);
      section = fmt::format("network.impairments[{}].jitter.file", i);
      if (impairments[i].jitter) Jitter{*impairments[i].jitter};
    }
    section = "network";
    make_network(scenario.network, {}, topology, scenario.seed);
    section = "faults";
    make_network(IdealConfig{}, scenario.faults, topology, scenario.seed);
  } catch (const ScenarioError& problem) {
    throw ScenarioError(fmt::format("{}: {}", locate(document, section), problem.what()));
  }
}

}  // namespace understudy
