// What an emulated run tells of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/transport/transport_kind.hpp"
#include "sim/emulation/lateness.hpp"

namespace understudy {

// A node that the run went on without.
struct LostNode {
  Rank rank;
  TimePoint time;      // on the scenario's clock
  std::string reason;  // a sentence
};

struct EmulationReport {
  TransportKind transport = TransportKind::kSharedMemory;
  double dilation = 1;
  LatenessHistogram lateness;  // of deliveries, on the scenario's clock
  Duration latest_start{0};    // by which a message's start was taken to be later than it was
  std::int64_t overruns = 0;   // computations that took longer than their device's profile says
  Duration overrun_time{0};    // in all
  std::uint64_t turned_away = 0, refused = 0;  // connections without the run's secret; broken input
  std::vector<LostNode> lost{};
  // Where the kernel shaped the links: what it could not do, a sentence or nothing.
  std::optional<std::string> kernel_links{};
};

}  // namespace understudy
