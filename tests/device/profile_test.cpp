#include "sim/device/profile.hpp"
#include "sim/device/fit_profile.hpp"

#include "runtime/base/errors.hpp"
#include "runtime/learners/model.hpp"
#include "runtime/training/optimizer.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// 1 TFLOP/s, 100 GB/s, 10 us a launch, 10 GB/s of copying, 1000 samples/s: the ridge lies at 10
// operations a byte.
const DeviceProfile kRound{.flops_per_s = 1e12,
                           .memory_bytes_per_s = 1e11,
                           .launch_overhead = std::chrono::microseconds(10),
                           .copy_bytes_per_s = 1e10,
                           .load_samples_per_s = 1000};

KernelCost kernel(Phase phase, double flops, double bytes) {
  return {.phase = phase, .flops = flops, .bytes = bytes, .mark = std::nullopt};
}

TEST(Roofline, TakesTheSlowerOfComputeAndMemory) {
  EXPECT_EQ(kRound.time(kernel(Phase::kForward, 2e9, 1e8)),
            std::chrono::microseconds(2010));  // compute: 2 ms
  EXPECT_EQ(kRound.time(kernel(Phase::kForward, 5e8, 1e8)),
            std::chrono::microseconds(1010));  // memory: 1 ms
  EXPECT_EQ(kRound.time(kernel(Phase::kForward, 1e6, 0)), std::chrono::microseconds(11));
  EXPECT_EQ(kRound.time(kernel(Phase::kForward, 0, 0)), Duration{0});  // not launched
}

TEST(Roofline, CopiesAndLoadsAtTheirOwnRates) {
  EXPECT_EQ(kRound.time(kernel(Phase::kCopy, 0, 1e7)), std::chrono::microseconds(1010));
  const KernelCost load{.phase = Phase::kLoad, .samples = 64, .mark = std::nullopt};
  EXPECT_EQ(kRound.time(load), std::chrono::milliseconds(64));
}

// cnn's second convolution over 64 images, by hand: 32x26x26 -> 64x24x24 with 3x3 kernels.
TEST(Roofline, OfAConvolutionByHand) {
  const KernelCost conv = training_cost(make_model("cnn", 0), 64)[3];
  const double outputs = 64.0 * 64 * 24 * 24;
  const double flops = outputs * (2 * 288 + 1);
  const double bytes = 4 * (64.0 * 32 * 26 * 26 + outputs + 64 * 288 + 64);
  EXPECT_EQ(conv.flops, flops);
  EXPECT_EQ(conv.bytes, bytes);
  EXPECT_GT(flops / bytes, 10);  // right of the ridge: compute decides, 1.36 ms
  EXPECT_EQ(kRound.time(conv), from_seconds(flops / 1e12) + std::chrono::microseconds(10));
}

TEST(Profiles, IdealTakesNoTime) {
  const DeviceProfile ideal = find_profile({}, "ideal");
  for (const KernelCost& cost : training_cost(make_model("cnn", 0), 64))
    EXPECT_EQ(ideal.time(cost), Duration{0});
}

TEST(Profiles, TheUsersOwnComeFirst) {
  DevicesConfig config;
  config.profiles["cpu"] = kRound;
  EXPECT_EQ(find_profile(config, "cpu").flops_per_s, 1e12);
  EXPECT_NE(find_profile({}, "cpu").flops_per_s, 1e12);
}

TEST(Profiles, UnknownNamesGetTheNearest) {
  EXPECT_THAT(builtin_profile_names(),
              ElementsAre("ideal", "rtx3060", "rtx3080", "rtx3090", "a100", "h100", "cpu"));
  try {
    find_profile({}, "rtx3800");
    FAIL();
  } catch (const ScenarioError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("there is no device profile 'rtx3800'; did you mean 'rtx3"));
  }
}

// 10 kernels of 1e9 operations at 1 us each: 10 x (1 us + 1e9 / rate) take 1.01 ms at 1e13/s.
TEST(Profiles, TheRateIsFoundAtWhichACostTakesSoLong) {
  DeviceProfile profile;
  profile.launch_overhead = std::chrono::microseconds{1};
  const Cost cost(10, KernelCost{.phase = Phase::kForward, .flops = 1e9});
  EXPECT_NEAR(fit_compute(profile, cost, 1.01e-3).flops_per_s, 1e13, 1e9);
  EXPECT_EQ(fit_compute(profile, cost, 9e-6).flops_per_s, 0) << "launching alone takes 10 us";
}

TEST(Profiles, NamesOfGpus) {
  EXPECT_EQ(parse_cuda("cuda:3")->index, 3);
  ASSERT_TRUE(parse_cuda("cuda"));
  EXPECT_FALSE(parse_cuda("cuda")->index);
  for (const char* other : {"", "cpu", "rtx3080", "cuda:", "cuda:-1", "cuda:x", "cudas"})
    EXPECT_FALSE(parse_cuda(other)) << other;
}

double images_per_second(const DeviceProfile& profile, const char* name) {
  constexpr int kBatch = 64;
  const Model model = make_model(name, 0);
  Cost cost = training_cost(model, kBatch);
  const Cost update = Sgd<float>({.momentum = 0.9}, make_layout(model)).cost();
  cost.insert(cost.end(), update.begin(), update.end());
  Duration time{0};
  for (const KernelCost& kernel : cost) time += profile.time(kernel);
  return kBatch / to_seconds(time);
}

// What bench_learners measured, gradient and update with momentum at batch 64.
TEST(Profiles, CpuIsWithinThirtyPercentOfWhatWasMeasured) {
  const DeviceProfile cpu = find_profile({}, "cpu");
  EXPECT_NEAR(images_per_second(cpu, "cnn") / 1100, 1, 0.3);
  EXPECT_NEAR(images_per_second(cpu, "lenet") / 14000, 1, 0.3);
}

// ResNet-50's throughput is its compute alone: 24.5 GFLOP an image at the achieved rate (sources in
// profile.cpp).
TEST(Profiles, GpusReachTheCitedThroughputs) {
  const auto resnet50 = [](const char* name) {
    return find_profile({}, name).flops_per_s / 24.5e9;
  };
  EXPECT_NEAR(resnet50("rtx3090") / 561, 1, 0.02);
  EXPECT_NEAR(resnet50("a100") / (5322.10 / 8), 1, 0.02);
  EXPECT_NEAR(resnet50("h100") / resnet50("a100"), 1.8, 0.02);
  EXPECT_NEAR(resnet50("rtx3080") / 396.26, 1, 0.02);
  // No throughput is known: square products, 12.4 TFLOP/s, are above it, and the 3080 is 70 % ahead.
  EXPECT_LT(find_profile({}, "rtx3060").flops_per_s, 12.4e12);
  EXPECT_GT(resnet50("rtx3080") / resnet50("rtx3060"), 1.7);
}

TEST(Profiles, NewerAndLargerGpusAreFaster) {
  double slower = 0;
  for (const char* name : {"cpu", "rtx3060", "rtx3080", "rtx3090", "a100", "h100"}) {
    const double rate = images_per_second(find_profile({}, name), "cnn");
    EXPECT_GT(rate, slower) << name;
    slower = rate;
  }
}

}  // namespace
}  // namespace understudy
