// The virtual world: all nodes of a run in one process, over a network model. Its clock is virtual,
// unless boards need the wall's.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/node/node.hpp"
#include "sim/board/world_boards.hpp"
#include "sim/device/profile.hpp"
#include "sim/network/make_network.hpp"
#include "sim/world/sample_recorder.hpp"
#include "sim/world/virtual_device.hpp"
#include "sim/world/virtual_network.hpp"
#include "sim/world/world_snapshot.hpp"

namespace understudy {

// Values of the run that trained, per node and metric in order: what a dry replay records again.
using RecordedValues = std::vector<ReplayedValues>;

struct WorldOptions {
  NetworkConfig network;
  FaultsConfig faults;
  DevicesConfig devices;
  BoardsConfig boards;  // of the first nodes that do not serve
  std::uint64_t seed = 0;
  ComputePool* pool = nullptr;  // nullptr: bodies run in place
  const std::atomic<bool>* interrupt = nullptr;
  bool dry = false;
  RecordedValues replay;                  // dry only; a value that is missing is recorded as NaN
  const WorldSnapshot* resume = nullptr;  // borrowed during construction and run()
  std::function<void(const WorldSnapshot&)> on_safe_point;
  // Asked at each safe point whether it is wanted, as making a snapshot copies all records; empty: always.
  std::function<bool()> wants_snapshot{};
  EventTrace::Sink on_event;  // told of every message and computation; empty: nobody is
};

using NodeProgram = std::function<Task<>(Node&)>;

class VirtualWorld final : LocalNodes {
 public:
  // The topology must outlive the world. Throws ScenarioError where places can't reach each other,
  // BoardError where a board is not to be had.
  VirtualWorld(const Topology& topology, WorldOptions options);
  ~VirtualWorld() override;

  std::size_t size() const { return inhabitants_.size(); }
  Node& node(Rank rank) override;
  // Runs the program to the end, once, on every node that does not sleep.
  void run(const NodeProgram& program, Sleepers* sleepers = nullptr);
  // The state so far, also after the end (then without node states).
  WorldSnapshot snapshot();
  // By how much the clock has been behind the wall's; zero where time jumps.
  Duration lateness() const { return real_time_.lateness(); }

 private:
  struct Inhabitant;
  class Gate;
  std::string who_is_to_blame() const;
  Board* board_of(Rank rank);
  NodeStatistics statistics_of(Rank rank) const;

  const Topology& topology_;
  WorldOptions options_;
  RealTime real_time_;
  Scheduler scheduler_;
  std::unique_ptr<WorldBoards> boards_;  // none: nullptr
  std::unique_ptr<EventTrace> trace_;
  VirtualNetwork network_;
  std::map<VertexId, DeviceQueue> queues_;
  std::unique_ptr<Gate> gate_;
  std::vector<std::unique_ptr<Inhabitant>> inhabitants_;  // by rank; made when first asked for
  Sleepers* sleepers_ = nullptr;
  std::size_t awake_ = 0;  // nodes that the program was started on
};

}  // namespace understudy
