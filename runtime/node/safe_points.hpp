// The seam of safe points: where a run can be saved, and gone on with.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runtime/base/ids.hpp"
#include "runtime/base/task.hpp"

namespace understudy {

// Where nodes stop at a point that all of them pass: always; where what they observed took time that
// is not the scenario's; or only if the run is to be saved or ended there.
enum class Stop { kAlways, kAfterObserving, kIfAsked };

// Points of a run that every node passes together with nothing in flight: where checkpoints are
// taken.
class SafePoints {
 public:
  virtual ~SafePoints() = default;
  // To be asked at each of the points, in the same order on all nodes, before reach().
  virtual bool stops(Rank, Stop stop) { return stop == Stop::kAlways; }
  // Waits until all nodes that do not sleep are here and the network is idle. `state` is what the node needs to go on
  // from here: it is asked for while everything stands still. A run without checkpoints passes the
  // same points.
  virtual Task<> reach(Rank rank, std::function<std::string()> state) = 0;
  // What a resumed node had given; nullopt at a fresh start.
  virtual std::optional<std::string> restored(Rank rank) const = 0;
};

}  // namespace understudy
