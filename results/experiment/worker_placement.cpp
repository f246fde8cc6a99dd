#include "results/experiment/worker_placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "results/experiment/unit_runner.hpp"
#include "runtime/base/errors.hpp"
#include "runtime/collectives/collective.hpp"
#include "sim/device/profile.hpp"

namespace understudy {

WorkerPlacement::WorkerPlacement(const Scenario& scenario, const Topology& topology,
                                 const WorkerSettings& mine, const Host& host)
    : scenario_(scenario), topology_(topology), mine_(mine), host_(host) {}

// Of a real rank only its own is known.
int WorkerPlacement::gpu_of(Rank rank) const {
  const auto cuda = parse_cuda(topology_.places()[rank.index()].device);
  if (cuda && cuda->index) return *cuda->index;
  if (mine_.real) return host_.own_gpu;
  return static_cast<int>(rank.value) % std::max(1, host_.count_gpus());
}

ComputeDevice WorkerPlacement::device() const {
  if (!parse_cuda(topology_.places()[mine_.rank.index()].device)) return {};
  return {.gpu = gpu_of(mine_.rank), .deterministic = scenario_.devices.deterministic};
}

bool WorkerPlacement::is_inside() const {
  return has_library_inside(*collective_of(scenario_.strategy));
}

std::vector<Rank> WorkerPlacement::group() const {
  const auto machine_of = [this](Rank rank) { return topology_.places()[rank.index()].machine; };
  std::vector<Rank> group;
  for (const Rank member : members_of(topology_).members)
    if (!is_inside() || machine_of(member) == machine_of(mine_.rank)) group.push_back(member);
  return group;
}

void WorkerPlacement::require_one_host() const {
  const auto kind = library_of(scenario_.strategy);
  if (!kind || !is_inside()) return;
  for (const Rank other : group()) {
    const auto& near = mine_.near;
    if (other == mine_.rank || std::find(near.begin(), near.end(), other) != near.end()) continue;
    throw ScenarioError(fmt::format(
        "strategy.inside: {} adds between ranks of one host, but ranks {} and {}, of one machine "
        "of the topology, are on two",
        name(*kind), std::min(mine_.rank, other).value, std::max(mine_.rank, other).value));
  }
}

void WorkerPlacement::require_own_gpu() const {
  if (mine_.real || library_of(scenario_.strategy) != CollectiveKind::kNccl) return;
  if (host_.count_gpus() == 0) return;  // NCCL itself says that
  for (const Rank other : group()) {
    if (other == mine_.rank || gpu_of(other) != gpu_of(mine_.rank)) continue;
    throw ScenarioError(fmt::format(
        "strategy.inside: nccl needs a GPU for each rank of a machine, but ranks {} and {} share "
        "cuda:{}; gloo needs none",
        std::min(mine_.rank, other).value, std::max(mine_.rank, other).value, gpu_of(other)));
  }
}

std::optional<LibraryLineOptions> WorkerPlacement::library() const {
  const auto kind = library_of(scenario_.strategy);
  if (!kind) return std::nullopt;
  std::vector<Rank> members = group();
  const auto self = std::find(members.begin(), members.end(), mine_.rank);
  if (self == members.end() || members.size() == 1) return std::nullopt;
  LibraryLineOptions options;
  options.place = {.kind = *kind,
                   .index = static_cast<std::size_t>(self - members.begin()),
                   .members = members.size(),
                   .address = mine_.bind,
                   .apart = mine_.kernel_links};
  if (*kind == CollectiveKind::kNccl) options.place.gpu = gpu_of(mine_.rank);
  members.erase(self);
  if (is_inside() && mine_.real) options.place.address = "127.0.0.1";
  options.others = std::move(members);
  return options;
}

}  // namespace understudy
