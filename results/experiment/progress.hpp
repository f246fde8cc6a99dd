// A live line on a terminal: how far the experiment is, and when it will be done.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace understudy {

struct ProgressState {
  double fraction = 0;   // 0..1 of the work
  std::size_t done = 0;  // repeats finished
  std::size_t total = 0;
};

// The line without control characters: a bar, per cent, repeats, time left; at most `width`
// columns.
std::string progress_line(const ProgressState& state, double elapsed_s, std::size_t width);

// Shows nothing where stderr is no terminal, or when told to be quiet.
class ProgressBar {
 public:
  explicit ProgressBar(bool quiet);
  ~ProgressBar();  // clears the line
  void show(const ProgressState& state);

 private:
  bool enabled_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace understudy
