#include "sim/device/fit_profile.hpp"

#include <cmath>

namespace understudy {
namespace {

constexpr double kSlowest = 1e6, kFastest = 1e18;  // operations a second
constexpr int kHalvings = 60;

}  // namespace

double seconds_of(const DeviceProfile& profile, const Cost& cost) {
  return to_seconds(plan_of(profile, cost).total);
}

// The faster, the shorter: by bisection of the rate's logarithm.
DeviceProfile fit_compute(DeviceProfile profile, const Cost& cost, double seconds) {
  profile.flops_per_s = 0;
  if (seconds_of(profile, cost) >= seconds) return profile;
  double slow = kSlowest, fast = kFastest;
  for (int i = 0; i < kHalvings; ++i) {
    profile.flops_per_s = std::sqrt(slow * fast);
    (seconds_of(profile, cost) > seconds ? slow : fast) = profile.flops_per_s;
  }
  return profile;
}

}  // namespace understudy
