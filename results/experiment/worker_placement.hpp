// What a node in a process of its own computes on, and with whom it is in a library's group: by its place
// in the topology, and by the host that it is on.
#pragma once

#include <functional>
#include <optional>

#include "runtime/learners/compute_device.hpp"
#include "scenarios/scenario.hpp"
#include "sim/emulation/control.hpp"
#include "sim/emulation/library_line.hpp"
#include "topologies/topology.hpp"

namespace understudy {

class WorkerPlacement {
 public:
  struct Host {
    int own_gpu = 0;                    // what `cuda` is for a real rank, as its launcher has it
    std::function<int()> count_gpus{};  // that CUDA shows this process; it takes a while
  };
  // All must outlive the placement.
  WorkerPlacement(const Scenario& scenario, const Topology& topology, const WorkerSettings& mine,
                  const Host& host);

  // With `cuda`, a real rank has the GPU that is its own. No launcher has placed emulated nodes: they
  // take turns at the host's GPUs, and share them where they are too few.
  ComputeDevice device() const;
  // Nothing, where the node's collectives are ours, or it is alone.
  std::optional<LibraryLineOptions> library() const;
  // Throws ScenarioError where a library is to add between ranks of a machine that are on several hosts.
  void require_one_host() const;
  // Throws ScenarioError where emulated nodes of one group of NCCL's would share a GPU.
  void require_own_gpu() const;

 private:
  int gpu_of(Rank rank) const;
  bool is_inside() const;  // a machine; else the library adds between all
  std::vector<Rank> group() const;

  const Scenario& scenario_;
  const Topology& topology_;
  const WorkerSettings& mine_;
  Host host_;
};

}  // namespace understudy
