#include "runtime/learners/gpu_usage.hpp"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(GpuUtilization, IsTheMeanOfWhatTheDriverSays) {
  const GpuUtilizationSampler sampler("0000:3B:00.0", UNDERSTUDY_FAKE_NVML);
  EXPECT_DOUBLE_EQ(sampler.mean().value(), 0.6);
}

TEST(GpuUtilization, IsNothingForAGpuThatTheDriverDoesNotKnow) {
  EXPECT_FALSE(GpuUtilizationSampler("0000:AF:00.0", UNDERSTUDY_FAKE_NVML).mean());
}

TEST(GpuUtilization, IsNothingWithoutADriver) {
  EXPECT_FALSE(GpuUtilizationSampler("0000:3B:00.0", "libno-such-driver.so").mean());
}

}  // namespace
}  // namespace understudy
