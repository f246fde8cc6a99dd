// Waiting for what other processes do.
#pragma once

#include <poll.h>

#include <chrono>

namespace understudy {

using Clock = std::chrono::steady_clock;

// False where it has not come true by then.
template <class Condition>
bool comes_true(Clock::time_point deadline, const Condition& condition) {
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace understudy
