#include "results/experiment/estimate.hpp"

#include <gtest/gtest.h>

namespace understudy {
namespace {

Work work_on(const std::string& dataset, int batch, int train_limit = 0) {
  ImageClassifierConfig config;
  config.dataset = dataset;
  config.batch = batch;
  config.train_limit = train_limit;
  Scenario scenario;
  scenario.workload = config;
  return work_of(scenario);
}

// One epoch of CIFAR-10's 50,000 images.
TEST(Estimate, CountsTheSamplesOfTheDatasetNamed) {
  EXPECT_EQ(work_on("cifar10", 50).samples(), 50'000);
  EXPECT_EQ(work_on("fashion_mnist", 50).samples(), 60'000);
  EXPECT_EQ(work_on("fashion_mnist", 50, 6'000).samples(), 6'000);
}

}  // namespace
}  // namespace understudy
