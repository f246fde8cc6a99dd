// What a collective takes by the alpha-beta model (Hockney, 1994; Thakur, Rabenseifner and Gropp,
// 2005): a message of S bytes takes alpha + S / beta, with the latency and the bandwidth of the
// bottleneck among the routes that the algorithm uses.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "runtime/collectives/collective_config.hpp"
#include "runtime/collectives/communicator.hpp"

namespace understudy {

struct AlphaBeta {
  double latency_s = 0;
  double bytes_per_s = 0;
};

struct ClosedFormWorld {
  Communicator members;
  // The worst of these routes, in both directions. An empty list: no route is used.
  std::function<AlphaBeta(const std::vector<std::pair<Rank, Rank>>& pairs)> bottleneck;
  std::function<double(double bytes)> adding_s;  // what adding up so much takes on a device
};

// Seconds. `alone` is as if every message had its route to itself; `shared` counts what the
// algorithm is known to share, the n messages on a parameter server's link.
struct ClosedForm {
  double alone_s = 0;
  double shared_s = 0;
};
ClosedForm closed_form(const CollectiveConfig& config, const ClosedFormWorld& world, double bytes);

}  // namespace understudy
