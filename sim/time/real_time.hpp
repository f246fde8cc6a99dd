// Holds a scheduler's clock to the wall's and lets the outside in: files that become ready are seen
// between its events, at the time it is by then.
//
// A scheduler that falls behind goes on at once, event by event, in order; lateness() says how far
// behind it has been.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/file_watcher.hpp"
#include "runtime/base/units.hpp"

namespace understudy {

class RealTime final : public FileWatcher {
 public:
  // Waits until the scenario's clock is at `next`, a watched file is ready, or a signal comes; no
  // longer than a tenth of a second. Returns the time that it is for the scheduler, whose clock is
  // at `now`: from now to next. The first call starts the clock.
  TimePoint wait(TimePoint now, TimePoint next);
  // Before the first wait(): where the scenario's clock is 0, for clocks of several processes that
  // agree; the first call otherwise.
  void start_at(std::chrono::steady_clock::time_point start) { start_ = start; }
  // The last stretch of a wait for a time is not slept but watched, giving way all along: a timer
  // would be some 60 us late. Zero: all of it is slept.
  void watch_last(Duration stretch) { watched_ = stretch; }
  // What time it is to the moment, once the clock has been started.
  TimePoint read() const;
  // Calls what waits for the files that the last wait() found ready.
  void dispatch();
  Duration lateness() const { return lateness_; }

  void watch(int file, FileEvent event, std::function<void()> ready) override;
  void ignore(int file, FileEvent event) override;
  void poll(Polled& polled) override { polled_.push_back(&polled); }
  void forget(Polled& polled) override { std::erase(polled_, &polled); }
  bool watches() const { return !handlers_.empty(); }

 private:
  using Key = std::pair<int, FileEvent>;
  TimePoint elapsed(TimePoint now);
  bool anything_there();
  void look_at_files(Duration longest);
  bool look_around(TimePoint now, TimePoint next);
  void watch_until(TimePoint now, TimePoint next);
  void sleep(Duration longest);

  std::optional<std::chrono::steady_clock::time_point> start_;  // where the scenario's clock is 0
  std::map<Key, std::function<void()>> handlers_;
  std::vector<Polled*> polled_;
  std::vector<Key> ready_;
  unsigned looks_ = 0;
  TimePoint look_again_ = kStart;  // no looking around before
  Duration pause_{0};
  Duration watched_{0};
  Duration lateness_{0};
};

}  // namespace understudy
