// The state of a world where it stands still, whichever kind of world it is: what a checkpoint and a
// finished repeat are made from.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "runtime/learners/cost.hpp"
#include "runtime/node/communication.hpp"
#include "runtime/node/recorder.hpp"
#include "sim/network/network_model.hpp"

namespace understudy {

struct NodeStatistics {
  std::array<Duration, kPhases> busy{};  // device time by phase
  Duration communication{0};             // with at least one exchange under way
  Duration exposed{0};                   // waiting for an exchange with nothing left to compute
  std::int64_t bytes_sent = 0;
  std::int64_t messages = 0;
  ExchangesByKind exchanges{};  // empty in records that do not tell
};

// Everything of a world that stands still at a safe point.
struct WorldSnapshot {
  TimePoint time;
  std::vector<std::string> states;           // per node: what it gave to safe_point()
  std::vector<std::vector<Sample>> samples;  // per node, in order
  std::vector<NodeStatistics> nodes;
  std::vector<LinkStatistics> links;
};

}  // namespace understudy
