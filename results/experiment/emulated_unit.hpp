// Runs one repeat of one run as processes on the wall's clock, emulated or real, and is what such a
// process does.
#pragma once

#include "results/experiment/unit_runner.hpp"
#include "runtime/collectives/collective_library.hpp"
#include "runtime/learners/compute_device.hpp"
#include "runtime/learners/gpu_usage.hpp"

namespace understudy {

// What only a program with LibTorch has. All throw ScenarioError for what this build or host lacks.
struct WorkerTools {
  std::function<std::unique_ptr<Learner>(const Model&, const ComputeDevice&)> make_learner;
  std::function<int()> count_gpus;
  std::function<void(const ComputeDevice&)> require_gpu;
  std::function<std::unique_ptr<GpuUsage>(const ComputeDevice&)> watch_gpu;
  MakeCollectiveLibrary make_library;
  std::function<void(std::exception_ptr)> leave;  // WorkerParts'
};

// Throws as run_unit() does, and TransportError for a process that is lost.
Unit run_emulated_unit(const UnitTask& task);

// One node: reads at the descriptor what the coordinator has left there, and runs to the end. Throws
// what the run ends with.
void run_worker(int settings, const WorkerTools& tools);

// One rank of a real run that a launcher has started, other than rank 0: one node of each of the
// experiment's repeats, as rank 0 hands them out. Throws as run_worker() does.
struct GuestOptions {
  std::string data_dir;
  int own_gpu = 0;     // what `cuda` is for it
  bool pins = false;   // computes on a core of its own
  const std::atomic<bool>* interrupt = nullptr;
};
void run_guest(RendezvousGuest& rendezvous, const GuestOptions& options, const WorkerTools& tools);

}  // namespace understudy
