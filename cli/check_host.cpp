#include "cli/check_host.hpp"

#include "results/experiment/unit_runner.hpp"
#include "runtime/collectives/c10d/c10d_collectives.hpp"
#include "runtime/learners/torch/gpu.hpp"
#include "sim/device/profile.hpp"

namespace understudy {

void check_host(const Experiment& experiment) {
  for (const ExpandedRun& run : experiment.runs) {
    if (run.scenario.mode != Mode::kEmulated) continue;
    const Topology topology = topology_of(run.scenario);
    for (const auto& place : topology.places())
      if (const auto cuda = parse_cuda(place.device)) require_gpu({.gpu = cuda->index.value_or(0)});
    if (const auto library = library_of(run.scenario.strategy))
      make_c10d_collectives({.kind = *library, .tell = [](const std::string&) {}});
  }
}

}  // namespace understudy
