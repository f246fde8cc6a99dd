#include "runtime/learners/calibration.hpp"

#include <algorithm>
#include <cmath>

namespace understudy {

double Calibration::Bin::gap() const {
  return samples == 0 ? 0 : std::abs(correct - confidence) / samples;
}

void Calibration::add(double confidence, bool correct) {
  const double place = std::ceil(confidence * static_cast<double>(kBins)) - 1;
  // NaN, of a model that has diverged, falls into the first.
  const double last = static_cast<double>(kBins - 1);
  Bin& bin = bins_[place > 0 ? static_cast<std::size_t>(std::min(place, last)) : 0];
  bin.samples += 1;
  bin.correct += correct ? 1 : 0;
  bin.confidence += confidence;
}

void Calibration::add(const Calibration& more) {
  for (std::size_t b = 0; b < kBins; ++b) {
    bins_[b].samples += more.bins_[b].samples;
    bins_[b].correct += more.bins_[b].correct;
    bins_[b].confidence += more.bins_[b].confidence;
  }
}

double Calibration::expected_error() const {
  double samples = 0, sum = 0;
  for (const Bin& bin : bins_) {
    samples += bin.samples;
    sum += bin.gap() * bin.samples;
  }
  return samples == 0 ? 0 : sum / samples;
}

double Calibration::maximum_error() const {
  double largest = 0;
  for (const Bin& bin : bins_) largest = std::max(largest, bin.gap());
  return largest;
}

}  // namespace understudy
