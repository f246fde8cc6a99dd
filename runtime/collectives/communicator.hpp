// Who takes part in a collective, and on what.
#pragma once

#include <optional>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/transport/payload.hpp"

namespace understudy {

// The members in the order that reductions follow. A node's view: index is its own place among
// them, or members.size() for one that serves without taking part.
struct Communicator {
  std::vector<Rank> members;
  std::size_t index = 0;
  std::vector<int> machines;   // of each member
  std::optional<Rank> server;  // a dedicated parameter server

  std::size_t size() const { return members.size(); }
  bool takes_part() const { return index < members.size(); }
};

// A stretch of a vector of `total` elements, from element `offset` on: a bucket.
struct Stretch {
  Values values;
  std::size_t offset = 0;
  std::size_t total = 0;
};

// The largest power of two that is at most n; n > 0.
constexpr std::size_t power_of_two_below(std::size_t n) {
  std::size_t p = 1;
  while (p * 2 <= n) p *= 2;
  return p;
}

}  // namespace understudy
