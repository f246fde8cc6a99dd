// Measurements that processes of this machine make together.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <iostream>
#include <new>
#include <string>
#include <vector>

namespace understudy {

using Clock = std::chrono::steady_clock;
inline constexpr std::size_t kMostRanks = 4;

inline double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// What the processes of one measurement share.
struct Common {
  std::atomic<std::size_t> here{0};
  char endpoints[kMostRanks][256] = {};
  std::atomic<bool> done{false};
  double median_us = 0, best_us = 0;
};

inline std::vector<std::string> meet(Common& common, std::size_t ranks, std::size_t rank,
                                     const std::string& endpoint) {
  std::strncpy(common.endpoints[rank], endpoint.c_str(), sizeof common.endpoints[rank] - 1);
  ++common.here;
  while (common.here < ranks) usleep(100);
  return {common.endpoints, common.endpoints + ranks};
}

inline void note(Common& common, std::vector<double> us) {
  std::sort(us.begin(), us.end());
  common.median_us = us[us.size() / 2];
  common.best_us = us.front();
}

// Runs the body in a process for each rank; false where one of them failed.
inline bool in_processes(std::size_t ranks, const std::function<void(std::size_t)>& body) {
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    if (fork() != 0) continue;
    try {
      body(rank);
      _exit(0);
    } catch (const std::exception& problem) {
      std::cerr << "rank " << rank << ": " << problem.what() << '\n';
      _exit(1);
    }
  }
  bool all_well = true;
  for (std::size_t i = 0; i < ranks; ++i) {
    int status = 0;
    wait(&status);
    all_well = all_well && status == 0;
  }
  return all_well;
}

class ProcessMeasurement {
 public:
  ProcessMeasurement()
      : common_(new (mmap(nullptr, sizeof(Common), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Common) {}
  ~ProcessMeasurement() { munmap(common_, sizeof(Common)); }
  Common& common() { return *common_; }
  void print(const char* what, const std::string& transport, std::size_t ranks, std::size_t bytes,
             double bytes_moved) const {
    std::cout << fmt::format("{},{},{},{},{:.2f},{:.2f},{:.1f}\n", what, transport, ranks, bytes,
                             common_->median_us, common_->best_us, bytes_moved / common_->median_us)
              << std::flush;
  }

 private:
  Common* common_;
};

inline int repetitions(std::size_t bytes) {
  return static_cast<int>(std::clamp<std::size_t>((std::size_t{64} << 20) / (bytes + 1), 20, 2000));
}

}  // namespace understudy
