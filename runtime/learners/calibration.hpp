// How far a classifier's confidence, the probability that it gives its answer, is from how often it is
// right (Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017).
#pragma once

#include <array>
#include <cstddef>

namespace understudy {

// Samples in 15 bins of equal width by confidence, bin m of (m/15, (m+1)/15]. Sums add up, so that a
// set can be counted in pieces.
class Calibration {
 public:
  static constexpr std::size_t kBins = 15;

  void add(double confidence, bool correct);
  void add(const Calibration& more);

  // sum over bins of |accuracy - mean confidence| x the bin's share of the samples; and the largest of
  // these differences, over bins with samples. 0 without samples.
  double expected_error() const;
  double maximum_error() const;

 private:
  struct Bin {
    double samples = 0, correct = 0, confidence = 0;
    double gap() const;  // 0 without samples
  };
  std::array<Bin, kBins> bins_{};
};

}  // namespace understudy
