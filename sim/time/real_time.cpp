#include "sim/time/real_time.hpp"

#include <poll.h>

#include <algorithm>
#include <ctime>

namespace understudy {
namespace {

constexpr Duration kLongestWait = std::chrono::milliseconds{100};

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

TimePoint RealTime::wait(TimePoint now, TimePoint next) {
  const TimePoint before = elapsed(now);
  const Duration left = next > before ? std::min(next - before, kLongestWait) : Duration{0};
  std::vector<pollfd> files;
  std::vector<Key> keys;
  for (const auto& [key, handler] : handlers_) {
    files.push_back({.fd = key.first, .events = poll_flag(key.second), .revents = 0});
    keys.push_back(key);
  }
  const timespec timeout = to_timespec(left);
  ready_.clear();
  if (ppoll(files.data(), files.size(), &timeout, nullptr) > 0) {
    for (std::size_t i = 0; i < files.size(); ++i)
      if (files[i].revents != 0) ready_.push_back(keys[i]);
  }
  const TimePoint after = elapsed(now);
  if (after > next) lateness_ = std::max(lateness_, after - next);
  return std::max(now, std::min(after, next));
}

void RealTime::dispatch() {
  for (const Key& key : std::exchange(ready_, {})) {
    // One handler may have taken another's file away.
    const auto found = handlers_.find(key);
    if (found == handlers_.end()) continue;
    const auto handler = found->second;  // it may ignore its own file
    handler();
  }
}

void RealTime::watch(int file, FileEvent event, std::function<void()> ready) {
  handlers_[{file, event}] = std::move(ready);
}

void RealTime::ignore(int file, FileEvent event) { handlers_.erase({file, event}); }

}  // namespace understudy
