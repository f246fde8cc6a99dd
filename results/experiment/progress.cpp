#include "results/experiment/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

constexpr std::size_t kBarColumns = 24;

std::string clock_text(double seconds) {
  const long s = std::lround(seconds);
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60)
                  : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string progress_line(const ProgressState& state, double elapsed_s, std::size_t width) {
  const double fraction = std::clamp(state.fraction, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(fraction * kBarColumns);
  std::string line = fmt::format("[{}{}] {:3.0f} %  {} of {} repeats  {} gone",
                                 std::string(filled, '#'), std::string(kBarColumns - filled, '.'),
                                 100 * fraction, state.done, state.total, clock_text(elapsed_s));
  // Too early an estimate only misleads.
  if (fraction > 0.02)
    line += fmt::format(", {} left", clock_text(elapsed_s / fraction - elapsed_s));
  return line.substr(0, width);
}

ProgressBar::ProgressBar(bool quiet) : enabled_(!quiet && isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(const ProgressState& state) {
  if (!enabled_) return;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  const std::string line = progress_line(state, elapsed.count(), terminal_width() - 1);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  shown_ = true;
}

}  // namespace understudy
