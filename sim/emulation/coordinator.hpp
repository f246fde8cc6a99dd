// Runs a scenario's nodes as processes of this machine on the wall's clock: starts them, decides when
// their messages arrive, notices who is lost, gathers what came of it, and leaves nothing behind.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/emulation/control.hpp"
#include "sim/emulation/emulation_config.hpp"
#include "sim/emulation/emulation_report.hpp"
#include "sim/emulation/rendezvous.hpp"
#include "sim/network/make_network.hpp"
#include "sim/world/world_snapshot.hpp"
#include "topologies/topology.hpp"

namespace understudy {

struct CoordinatorOptions {
  EmulationConfig emulation;
  NetworkConfig network;
  FaultsConfig faults;
  std::uint64_t seed = 0;
  // The program of a worker, and what it finds at the descriptor ChildProcess::kInput.
  std::string program;
  std::vector<std::string> arguments;
  std::function<std::string(const WorkerSettings&)> input;
  std::filesystem::path logs;  // a folder for what the workers print; empty: thrown away
  const std::atomic<bool>* interrupt = nullptr;
  const WorldSnapshot* resume = nullptr;
  std::function<void(const WorldSnapshot&)> on_safe_point;  // about every ten seconds; may be empty
  std::function<void(std::int64_t)> on_gradients;           // computed by all so far; may be empty
  std::vector<Rank> needed;                                 // can't be lost, where others can
  std::chrono::seconds loading{120};                        // that a worker may take to be ready
  // Of a real run: where the ranks meet that a launcher has started. All are here, and rank 0's worker
  // is still started; on_loss and timeout are the emulation's, and the network is not looked at.
  RendezvousHost* rendezvous = nullptr;
};

struct EmulatedRun {
  WorldSnapshot end;                    // without states
  std::vector<nlohmann::json> results;  // by rank: WorkerProgram::result; null of a lost node
  EmulationReport report;
};

// Throws TransportError naming a node that is lost, with its last step and collective; what a worker
// fails with; Interrupted. By then a checkpoint has been handed to on_safe_point where there was time.
EmulatedRun run_emulated(const Topology& topology, const CoordinatorOptions& options);

}  // namespace understudy
