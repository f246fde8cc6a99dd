#include "sim/time/real_time.hpp"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <ctime>

namespace understudy {
namespace {

constexpr Duration kLongestWait = std::chrono::milliseconds{100};
// Less than going to sleep and being woken would take.
constexpr Duration kLook = std::chrono::microseconds{50};
// Whoever gives way for longer than this has given way to a stranger, who would do so again.
constexpr Duration kLostCore = std::chrono::microseconds{300};
// At memory for each one at files, which takes the kernel.
constexpr unsigned kLooksAtMemory = 16;
constexpr Duration kShortestPause = std::chrono::milliseconds{10};
constexpr Duration kLongestPause = std::chrono::seconds{1};

short poll_flag(FileEvent event) { return event == FileEvent::kReadable ? POLLIN : POLLOUT; }

timespec to_timespec(Duration d) {
  const auto ns = std::chrono::ceil<std::chrono::nanoseconds>(d).count();
  return {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
}

}  // namespace

TimePoint RealTime::elapsed(TimePoint now) {
  const auto wall = std::chrono::steady_clock::now();
  if (!start_)
    start_ = wall - std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
  return kStart + std::chrono::duration_cast<Duration>(wall - *start_);
}

TimePoint RealTime::read() const {
  return kStart + std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - *start_);
}

TimePoint RealTime::wait(TimePoint now, TimePoint next) {
  const bool something = look_around(now, next);
  const TimePoint before = elapsed(now);
  Duration left = next > before && !something ? std::min(next - before, kLongestWait) : Duration{0};
  const bool close = next != kNever && next - before < kLongestWait && left > Duration{0};
  if (close) left = std::max(left - watched_, Duration{0});
  if (!something) sleep(left);
  if (close && ready_.empty()) watch_until(now, next);
  const TimePoint after = elapsed(now);
  if (after > next) lateness_ = std::max(lateness_, after - next);
  return std::max(now, std::min(after, next));
}

bool RealTime::anything_there() {
  if (++looks_ % kLooksAtMemory == 0) {
    look_at_files(Duration{0});
    if (!ready_.empty()) return true;
  }
  return std::any_of(polled_.begin(), polled_.end(), [](Polled* p) { return p->ready(); });
}

// Gives way each time: whoever is to write the memory may be waiting for this very core.
bool RealTime::look_around(TimePoint now, TimePoint next) {
  if (polled_.empty()) return false;
  if (anything_there()) return true;
  const TimePoint begin = elapsed(now);
  if (begin < look_again_) return false;
  const TimePoint until = std::min(next, begin + kLook);
  for (TimePoint t = begin; t < until;) {
    sched_yield();
    const TimePoint after = elapsed(now);
    if (after - t > kLostCore) {
      pause_ = std::clamp(2 * pause_, kShortestPause, kLongestPause);
      look_again_ = after + pause_;
    }
    t = after;
    if (anything_there()) {
      if (t < until) pause_ = Duration{0};
      return true;
    }
  }
  return false;
}

void RealTime::watch_until(TimePoint now, TimePoint next) {
  if (next - elapsed(now) > watched_) return;  // woken before
  while (elapsed(now) < next && !anything_there()) sched_yield();
}

void RealTime::sleep(Duration longest) {
  for (Polled* polled : polled_)
    if (polled->before_sleep()) longest = Duration{0};
  look_at_files(longest);
  for (Polled* polled : polled_) polled->after_sleep();
}

void RealTime::look_at_files(Duration longest) {
  std::vector<pollfd> files;
  std::vector<Key> keys;
  for (const auto& [key, handler] : handlers_) {
    files.push_back({.fd = key.first, .events = poll_flag(key.second), .revents = 0});
    keys.push_back(key);
  }
  const timespec timeout = to_timespec(longest);
  ready_.clear();
  if (ppoll(files.data(), files.size(), &timeout, nullptr) > 0) {
    for (std::size_t i = 0; i < files.size(); ++i)
      if (files[i].revents != 0) ready_.push_back(keys[i]);
  }
}

void RealTime::dispatch() {
  for (const Key& key : std::exchange(ready_, {})) {
    // One handler may have taken another's file away.
    const auto found = handlers_.find(key);
    if (found == handlers_.end()) continue;
    const auto handler = found->second;  // it may ignore its own file
    handler();
  }
  for (Polled* polled : std::vector(polled_))
    if (std::find(polled_.begin(), polled_.end(), polled) != polled_.end()) polled->dispatch();
}

void RealTime::watch(int file, FileEvent event, std::function<void()> ready) {
  handlers_[{file, event}] = std::move(ready);
}

void RealTime::ignore(int file, FileEvent event) { handlers_.erase({file, event}); }

}  // namespace understudy
