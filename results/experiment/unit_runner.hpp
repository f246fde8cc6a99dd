// Runs one repeat of one run in virtual time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "results/experiment/unit.hpp"
#include "runtime/workloads/workload.hpp"
#include "scenarios/scenario.hpp"

namespace understudy {

using MakeLearner = std::function<std::unique_ptr<Learner>(const Model&)>;

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
  EventTrace::Sink on_event{};
};

// The seed of a repeat: far enough from the others' that seed + epoch, from which the sampler
// draws, never meets another repeat's.
std::uint64_t repeat_seed(std::uint64_t seed, std::size_t repeat);

// Workers in order of rank, and the server where there is one.
Communicator members_of(const Topology& topology);

// Throws Interrupted, ScenarioError or DataError.
Unit run_unit(const UnitTask& task);

}  // namespace understudy
