// Bootstrap intervals of means over clients, and over seeds and their clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace understudy {

struct BootstrapInterval {
  double mean = 0;           // over seeds of each one's mean over clients
  double low = 0, high = 0;  // of the 95 % interval
  std::size_t clients = 0;   // of all seeds
  std::size_t resamples = 0;
};

inline constexpr std::size_t kResamples = 2000;

// The percentile interval of the mean (Efron and Tibshirani, "An introduction to the bootstrap", 1993,
// chapter 13). `values` are of each seed, of each of its clients, at least one each. A resample draws
// as many seeds as there are, with replacement, and in each drawn one as many of its clients, likewise
// (Davison and Hinkley, "Bootstrap methods and their application", 1997, section 3.8); of one seed it
// is the bootstrap over its clients. The same values and seed give the same interval.
BootstrapInterval bootstrap_mean(const std::vector<std::vector<double>>& values, std::uint64_t seed,
                                 std::size_t resamples = kResamples);

}  // namespace understudy
