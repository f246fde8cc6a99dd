// Runs one repeat of one run.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "results/experiment/unit.hpp"
#include "runtime/workloads/workload.hpp"
#include "scenarios/scenario.hpp"
#include "sim/emulation/rendezvous.hpp"
#include "sim/world/virtual_world.hpp"

namespace understudy {

using MakeLearner = std::function<std::unique_ptr<Learner>(const Model&)>;

// Of the processes of an emulated run, or a real one.
struct Launch {
  std::filesystem::path programs;        // the folder of understudy and understudy-node
  std::string data_dir;                  // where data sets are looked for first
  std::filesystem::path logs;            // a folder for what they print; empty: thrown away
  RendezvousHost* rendezvous = nullptr;  // of the mode real: where the other ranks come
  int own_gpu = 0;                       // of the mode real: what `cuda` is for rank 0
  bool pins = false;                     // of the mode real: rank 0's node has a core of its own
};

// Borrowed things outlive the call.
struct UnitTask {
  UnitKey key;
  const Scenario* scenario = nullptr;
  // The unit that trained the same weights: this one is replayed dry for its times. Without it, and
  // with make_learner, the unit trains.
  const Unit* weights = nullptr;
  MakeLearner make_learner{};
  DatasetCache* datasets = nullptr;
  ComputePool* pool = nullptr;  // nullptr: computations run on the calling thread
  const std::atomic<bool>* interrupt = nullptr;
  std::atomic<std::int64_t>* gradients = nullptr;  // counts those computed; may be null
  // Where the network has_state(), a repeat starts anew: neither is looked at then.
  const WorldSnapshot* resume = nullptr;  // one that does not fit the world is none
  std::function<void(const WorldSnapshot&)> on_safe_point{};
  std::function<bool()> wants_snapshot{};  // empty: at each safe point
  EventTrace::Sink on_event{};
  const Launch* launch = nullptr;  // of the modes emulated and real
  // What files of trained weights are called, but for their ends; empty: none are written.
  std::filesystem::path weights_prefix{};
};

// The seed of a repeat: far enough from the others' that seed + epoch, from which the sampler
// draws, never meets another repeat's.
std::uint64_t repeat_seed(std::uint64_t seed, std::size_t repeat);

// Workers in order of rank, and the server where there is one.
Communicator members_of(const Topology& topology);

// The scenario's, with its network's routing.
Topology topology_of(const Scenario& scenario);
std::unique_ptr<Workload> workload_of(const UnitTask& task, const Topology& topology);
// Once it has run: writes what the scenario keeps of its weights, each node's process its own.
void write_weights(const UnitTask& task, const Workload& workload);
// With what is known before it runs.
Unit new_unit(const UnitTask& task, const Topology& topology);

// In the scenario's mode. Throws Interrupted, ScenarioError or DataError.
Unit run_unit(const UnitTask& task);

}  // namespace understudy
