// Learners whose vectors lie elsewhere than the caller's: on a GPU, and by the same way on the processor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/learners/torch/device_rates.hpp"
#include "runtime/learners/torch/gpu.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

using DoubleLearner = BasicLearner<double>;

RandomStream dropout_stream() { return RandomStream({.seed = 3, .purpose = Purpose::kDropout}); }

// Largest difference over largest size.
double difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    size = std::max(size, std::abs(b[i]));
  }
  return most / size;
}

void expect_alike(const DoubleLearner& learner, const Model& model, double tolerance) {
  const auto reference = make_torch_learner_double(model);
  const auto parameters = initial_parameters(*reference);
  const Batch batch = random_batch(model, 6);
  std::vector<double> gradient(parameters.size(), 99.0), expected(parameters.size(), 99.0);
  std::vector<std::size_t> hooked, expected_hooks;
  const double loss = learner.gradient(parameters, batch, gradient, dropout_stream(),
                                       [&](std::size_t slice) { hooked.push_back(slice); });
  const double expected_loss =
      reference->gradient(parameters, batch, expected, dropout_stream(),
                          [&](std::size_t slice) { expected_hooks.push_back(slice); });
  EXPECT_NEAR(loss, expected_loss, tolerance);
  EXPECT_LT(difference(gradient, expected), tolerance);
  EXPECT_EQ(hooked, expected_hooks);

  const BatchAsSource samples(random_batch(model, 150));
  const Evaluation found = learner.evaluate(parameters, samples, 10, 130);
  const Evaluation right = reference->evaluate(parameters, samples, 10, 130);
  EXPECT_NEAR(found.loss, right.loss, tolerance);
  EXPECT_EQ(found.accuracy, right.accuracy);

  const auto pass = learner.forward(parameters, batch, dropout_stream());
  const auto logits = pass->logits();
  const auto other = reference->forward(parameters, batch, dropout_stream());
  const std::vector<double> from_pass(logits.begin(), logits.end());
  const std::vector<double> wanted(other->logits().begin(), other->logits().end());
  EXPECT_LT(difference(from_pass, wanted), tolerance);
  pass->backward(from_pass, gradient, {});
  other->backward(from_pass, expected, {});
  EXPECT_LT(difference(gradient, expected), tolerance);
}

class EveryDeviceModel : public testing::TestWithParam<std::string> {};

// Slices are set to what they were not before they come back, so a slice that is left out shows.
TEST_P(EveryDeviceModel, CopiesAndTheLibrarysKernelsChangeNothing) {
  const Model model = quick_model(GetParam(), 0.25);
  expect_alike(*make_copying_learner(model), model, 1e-13);
}

TEST_P(EveryDeviceModel, AGpuComputesWhatTheProcessorDoes) {
  const Model model = quick_model(GetParam(), 0.25);
  std::unique_ptr<DoubleLearner> learner;
  try {
    learner = make_torch_learner_double(model, {.gpu = 0});
  } catch (const ScenarioError& lacking) {
    GTEST_SKIP() << lacking.what();
  }
  expect_alike(*learner, model, 1e-11);
  EXPECT_GT(watch_gpu({.gpu = 0})->peak_bytes(),
            static_cast<std::int64_t>(learner->layout().size * sizeof(double)));
}

// Twice the same bits, by deterministic kernels.
TEST_P(EveryDeviceModel, AGpuGivesTheSameBitsAgain) {
  const Model model = quick_model(GetParam(), 0.25);
  std::unique_ptr<Learner> learner;
  try {
    learner = make_torch_learner(model, {.gpu = 0});
  } catch (const ScenarioError& lacking) {
    GTEST_SKIP() << lacking.what();
  }
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 64);
  std::vector<float> first(parameters.size()), again(parameters.size());
  learner->gradient(parameters, batch, first, dropout_stream(), {});
  learner->gradient(parameters, batch, again, dropout_stream(), {});
  EXPECT_EQ(first, again);
}

INSTANTIATE_TEST_SUITE_P(Device, EveryDeviceModel, testing::ValuesIn(quick_names()),
                         [](const auto& model) { return model.param; });

// A laptop's slowest to a server's fastest, by far.
TEST(Device, TheProcessorsRatesAreThoseOfAProcessor) {
  const DeviceRates rates = measure_rates({});
  EXPECT_GT(rates.memory_bytes_per_s, 1e8);
  EXPECT_LT(rates.memory_bytes_per_s, 1e12);
  EXPECT_GT(rates.launch_overhead_s, 1e-8);
  EXPECT_LT(rates.launch_overhead_s, 1e-2);
  EXPECT_EQ(rates.copy_bytes_per_s, 0);
  const Model model = make_model("two_nn", 0);
  EXPECT_GT(measure_step(model, 512, {}), measure_step(model, 4, {}));
}

TEST(Device, AGpuThatIsNotThereIsRefused) {
  constexpr int kNobodyHas = 63;
  try {
    make_torch_learner(make_model("logistic", 0), {.gpu = kNobodyHas});
    FAIL() << "it was made";
  } catch (const ScenarioError& refusal) {
    EXPECT_THAT(refusal.what(), testing::StartsWith("topology.device: cuda:63"));
#ifndef UNDERSTUDY_CUDA
    EXPECT_THAT(refusal.what(), testing::HasSubstr("'cmake --preset gpu'"));
#endif
  }
}

}  // namespace
}  // namespace understudy
