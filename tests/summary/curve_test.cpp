// A metric over the updates: means over nodes, weights, and reading between the points.
#include "results/summary/curve.hpp"

#include "tests/summary/units.hpp"

namespace understudy {
namespace {

Unit two_nodes() {
  Unit unit;
  unit.samples.resize(2);
  return unit;
}

TEST(Curve, IsTheMeanOverTheNodesThatRecordTheMetric) {
  Unit unit = two_nodes();
  unit.samples[0] = {sample("train_loss", 2, 1, 0.75), sample("train_loss", 1, 2, 1.5)};
  unit.samples[1] = {sample("train_loss", 4, 1, 0.5), sample("x", 9, 2, 9)};
  const auto points = curve(unit, "train_loss");
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].step, 1);
  EXPECT_EQ(points[0].value, 3);      // (2 + 4) / 2
  EXPECT_EQ(points[0].time_s, 0.75);  // of the later node
  EXPECT_EQ(points[1].step, 2);
  EXPECT_EQ(points[1].value, 1);  // by node 0 alone
  EXPECT_EQ(points[1].time_s, 1.5);
}

TEST(Curve, GoesByStepAndLeavesOutWhatHasNone) {
  Unit unit = two_nodes();
  unit.samples[0] = {sample("x", 7), sample("x", 3, 30)};
  unit.samples[1] = {sample("x", 2, 20), sample("x", 1, 10)};
  std::vector<int> steps;
  for (const CurvePoint& p : curve(unit, "x")) steps.push_back(p.step);
  EXPECT_EQ(steps, (std::vector<int>{10, 20, 30}));
  EXPECT_TRUE(curve(unit, "y").empty());
}

// Node 0 tests 300 samples at first and 100 later, node 1 the other way round:
// (300 0.9 + 100 0.5) / 400 = 0.8 and (100 0.8 + 300 0.4) / 400 = 0.5.
TEST(Curve, AccuraciesAreWeightedByTheSamplesOfTheirStep) {
  Unit unit = two_nodes();
  unit.samples[0] = {sample("test_accuracy", 0.9, 1), sample("test_samples", 300, 1),
                     sample("test_accuracy", 0.8, 2), sample("test_samples", 100, 2)};
  unit.samples[1] = {sample("test_accuracy", 0.5, 1), sample("test_samples", 100, 1),
                     sample("test_accuracy", 0.4, 2), sample("test_samples", 300, 2)};
  const auto points = curve(unit, "test_accuracy");
  ASSERT_EQ(points.size(), 2u);
  EXPECT_DOUBLE_EQ(points[0].value, 0.8);
  EXPECT_DOUBLE_EQ(points[1].value, 0.5);
}

TEST(Curve, OtherMetricsAreNotWeighted) {
  Unit unit = two_nodes();
  unit.samples[0] = {sample("train_loss", 1, 1), sample("test_samples", 300, 1)};
  unit.samples[1] = {sample("train_loss", 3, 1), sample("test_samples", 100, 1)};
  EXPECT_EQ(curve(unit, "train_loss").at(0).value, 2);
}

TEST(Interpolate, IsLinearBetweenThePointsAndEmptyOutside) {
  const std::vector<CurvePoint> points{{10, 0, 0.5}, {20, 0, 0.75}, {60, 0, 0.25}};
  EXPECT_EQ(interpolate(points, 10), 0.5);
  EXPECT_EQ(interpolate(points, 15), 0.625);  // half-way from 0.5 to 0.75
  EXPECT_EQ(interpolate(points, 20), 0.75);
  EXPECT_EQ(interpolate(points, 30), 0.625);  // a quarter of the way from 0.75 to 0.25
  EXPECT_EQ(interpolate(points, 60), 0.25);
  EXPECT_EQ(interpolate(points, 9.9), std::nullopt);
  EXPECT_EQ(interpolate(points, 60.1), std::nullopt);
  EXPECT_EQ(interpolate({}, 10), std::nullopt);
}

TEST(FinalMetrics, AreTheLastValuesOverNodes) {
  Unit unit = two_nodes();
  unit.samples[0] = {sample("train_loss", 9, 1), sample("train_loss", 1, 2), sample("x", 5, 2)};
  unit.samples[1] = {sample("train_loss", 8, 1), sample("train_loss", 2, 2)};
  const auto metrics = final_metrics(unit);
  EXPECT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics.at("train_loss"), 1.5);  // (1 + 2) / 2
  EXPECT_EQ(metrics.at("x"), 5);
}

// As above, and the losses (100 1 + 300 3) / 400 = 2.5.
// The second round does best on what is withheld, as does the third: the first of them counts, whatever
// the test samples say.
TEST(FinalMetrics, HaveTheRoundThatDoesBestInValidation) {
  Unit unit = two_nodes();
  const std::string validation = "personal_validation_accuracy_mean", test = "global_test_accuracy";
  unit.samples[1] = {sample(test, 0.9, 1), sample(validation, 0.5, 1),
                     sample(test, 0.6, 2), sample(validation, 0.7, 2),
                     sample(test, 0.8, 3), sample(validation, 0.7, 3)};
  const auto metrics = final_metrics(unit);
  EXPECT_EQ(metrics.at("best_validation_round"), 2);
  EXPECT_EQ(metrics.at(test + "_at_best_validation"), 0.6);
  EXPECT_EQ(metrics.at(test), 0.8);
  EXPECT_FALSE(metrics.contains(validation + "_at_best_validation"));
  unit.samples[1] = {sample(test, 0.9, 1)};
  EXPECT_FALSE(final_metrics(unit).contains("best_validation_round"));
}

TEST(FinalMetrics, OfTheTestSetAreWeightedByTheLastShares) {
  Unit unit = two_nodes();
  unit.samples[0] = {sample("test_samples", 900, 1), sample("test_accuracy", 0.8, 2),
                     sample("test_loss", 1, 2), sample("test_samples", 100, 2)};
  unit.samples[1] = {sample("test_accuracy", 0.4, 2), sample("test_loss", 3, 2),
                     sample("test_samples", 300, 2)};
  const auto metrics = final_metrics(unit);
  EXPECT_DOUBLE_EQ(metrics.at("test_accuracy"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.at("test_loss"), 2.5);
  EXPECT_EQ(metrics.at("test_samples"), 400);
}

}  // namespace
}  // namespace understudy
