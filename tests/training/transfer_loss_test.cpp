// Losses between models: PyTorch's values, closed forms of two classes, derivatives, and what T^2 is for.
#include "runtime/training/transfer_loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/base/random.hpp"
#include "runtime/training/transfer_course.hpp"

namespace understudy {
namespace {

using Vector = std::vector<double>;
using Rows = std::span<const double>;

// What autograd gives; written by tests/golden/transfer_loss.py.
nlohmann::json golden() {
  return nlohmann::json::parse(
      std::ifstream(UNDERSTUDY_SOURCE_DIR "/tests/golden/transfer_loss.json"));
}

Vector normals(std::size_t count, std::uint32_t step) {
  RandomStream random({.purpose = Purpose::kTest, .step = step});
  Vector values(count);
  for (double& v : values) v = random.normal();
  return values;
}

double loss_of(const Vector& student, const std::vector<Vector>& teachers, const TransferTerm& term,
               Vector& gradient) {
  const std::vector<Rows> rows(teachers.begin(), teachers.end());
  gradient.assign(student.size(), 0);
  return transfer_loss<double>(student, rows, term, gradient);
}

void expect_near(const Vector& values, const Vector& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance);
}

TEST(TransferLoss, IsPyTorchs) {
  std::size_t compared = 0;
  for (const auto& c : golden()) {
    const auto student = c["student"].get<Vector>();
    Vector gradient;
    const double loss = loss_of(student, c["teachers"].get<std::vector<Vector>>(),
                                {c["weight"], c["temperature"], c["classes"]}, gradient);
    EXPECT_NEAR(loss, c["loss"], 1e-10);
    expect_near(gradient, c["gradient"].get<Vector>(), 1e-10);
    gradient.assign(student.size(), 0);
    const auto labels = c["labels"].get<std::vector<std::int64_t>>();
    EXPECT_NEAR(cross_entropy<double>(student, labels, gradient), c["cross_entropy"], 1e-10);
    expect_near(gradient, c["cross_entropy_gradient"].get<Vector>(), 1e-10);
    ++compared;
  }
  EXPECT_EQ(compared, 9u);
}

// The same of floats: computed in double, but for what the logits lack.
TEST(TransferLoss, OfFloatsIsPyTorchsTo1e6) {
  for (const auto& c : golden()) {
    const auto student = c["student"].get<std::vector<float>>();
    const auto teachers = c["teachers"].get<std::vector<std::vector<float>>>();
    const std::vector<std::span<const float>> rows(teachers.begin(), teachers.end());
    Vector gradient(student.size());
    const TransferTerm term{c["weight"], c["temperature"], c["classes"]};
    const double expected = c["loss"];
    EXPECT_NEAR(transfer_loss<float>(student, rows, term, gradient), expected,
                1e-6 * std::max(1.0, expected));
    expect_near(gradient, c["gradient"].get<Vector>(), 1e-6);
  }
}

// Of two classes: with s the logistic function, p = s(d) of a difference of logits d.
TEST(TransferLoss, OfTwoClassesHasAClosedForm) {
  const double teaching = 1.5, learning = -0.7, temperature = 2, weight = 0.3;
  const auto s = [&](double d) { return 1 / (1 + std::exp(-d / temperature)); };
  const double p = s(teaching), q = s(learning);
  const double kl = p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
  Vector gradient;
  EXPECT_NEAR(loss_of({learning, 0}, {{teaching + 3, 3}}, {weight, temperature, 2}, gradient),
              weight * temperature * temperature * kl, 1e-14);
  const double slope = weight * temperature * (q - p);
  expect_near(gradient, {slope, -slope}, 1e-14);
}

TEST(TransferLoss, OfEqualOutputsIsNothing) {
  const Vector logits = normals(30, 1);
  Vector gradient;
  EXPECT_NEAR(loss_of(logits, {logits, logits}, {1, 3, 10}, gradient), 0, 1e-14);
  expect_near(gradient, Vector(30), 1e-14);
}

TEST(TransferLoss, HasTheGradientThatDifferencesShow) {
  const std::vector<Vector> teachers{normals(20, 2), normals(20, 3)};
  const TransferTerm term{0.7, 2.5, 5};
  const std::vector<std::int64_t> labels{4, 0, 2, 2};
  const Vector student = normals(20, 4);
  Vector gradient, unused;
  loss_of(student, teachers, term, gradient);
  cross_entropy<double>(student, labels, gradient);
  const auto whole = [&](const Vector& at) {
    const double transfer = loss_of(at, teachers, term, unused);
    return transfer + cross_entropy<double>(at, labels, unused);
  };
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < student.size(); ++i) {
    Vector above = student, below = student;
    above[i] += kStep, below[i] -= kStep;
    EXPECT_NEAR(gradient[i], (whole(above) - whole(below)) / (2 * kStep), 1e-9);
  }
}

// The mean over teachers of the losses has the gradient of the loss from the mean of their
// probabilities: codistillation's two forms are one.
TEST(TransferLoss, FromManyPullsToTheMeanOfTheirProbabilities) {
  const std::vector<Vector> teachers{normals(6, 5), normals(6, 6), normals(6, 7)};
  Vector mean(6), row(6), logarithms(6);
  for (const Vector& t : teachers) {
    softmax(t, 2, row, logarithms);
    for (std::size_t c = 0; c < 6; ++c) mean[c] += row[c] / 3;
  }
  Vector logits;
  for (const double p : mean) logits.push_back(2 * std::log(p));  // softmax(logits / 2) = mean
  const Vector student = normals(6, 8);
  Vector of_all, of_mean;
  loss_of(student, teachers, {1, 2, 6}, of_all);
  loss_of(student, {logits}, {1, 2, 6}, of_mean);
  expect_near(of_all, of_mean, 1e-14);
}

// With p = 1/C + z/(CT) + O(1/T^2) for centred z: T^2 KL -> sum (z - w)^2 / (2C), the error O(1/T).
TEST(TransferLoss, GoesToHalfTheMeanSquaredDifferenceAsTheTemperatureGrows) {
  constexpr std::size_t kClasses = 10;
  const Vector student = normals(kClasses, 9), teacher = normals(kClasses, 10);
  const auto centred = [](Vector v) {
    double mean = 0;
    for (const double x : v) mean += x / static_cast<double>(v.size());
    for (double& x : v) x -= mean;
    return v;
  };
  const Vector z = centred(student), w = centred(teacher);
  double limit = 0;
  Vector slope;
  for (std::size_t c = 0; c < kClasses; ++c) {
    limit += (z[c] - w[c]) * (z[c] - w[c]) / (2 * kClasses);
    slope.push_back((z[c] - w[c]) / kClasses);
  }
  Vector gradient;
  double error = 1;
  for (const double temperature : {10.0, 100.0, 1000.0}) {
    const double now =
        std::abs(loss_of(student, {teacher}, {1, temperature, kClasses}, gradient) - limit);
    EXPECT_LT(now, 0.2 * error);
    error = now;
  }
  EXPECT_LT(error, 1e-2 * limit);
  expect_near(gradient, slope, 1e-3);
}

// exp(1e5) is no double; a probability of 0 adds nothing.
TEST(TransferLoss, StandsLargeLogits) {
  Vector gradient;
  EXPECT_NEAR(loss_of({0, 0}, {{1e5, 0}}, {1, 1, 2}, gradient), std::log(2), 1e-12);
  expect_near(gradient, {-0.5, 0.5}, 1e-12);
  EXPECT_NEAR(loss_of({1e5, 0}, {{0, 0}}, {1, 1, 2}, gradient), 5e4 - std::log(2), 1e-6);
}

TEST(Accuracy, TakesTheFirstOfEqualLogits) {
  const Vector logits{1, 2, 2, 0, 5, 1};
  const std::vector<std::int64_t> second{1, 1}, last{2, 1};
  EXPECT_EQ(accuracy_of<double>(logits, second), 1);
  EXPECT_EQ(accuracy_of<double>(logits, last), 0.5);
}

TEST(Course, GoesFromTheFirstUpdateToTheLast) {
  EXPECT_EQ(fraction_at(SteadyCourse{}, 7, 10), 1);
  const LinearCourse rising{.start_fraction = 0.2, .final_fraction = 1};
  EXPECT_DOUBLE_EQ(fraction_at(rising, 0, 5), 0.2);
  EXPECT_DOUBLE_EQ(fraction_at(rising, 2, 5), 0.6);
  EXPECT_DOUBLE_EQ(fraction_at(rising, 4, 5), 1);
  EXPECT_DOUBLE_EQ(fraction_at(rising, 0, 1), 0.2);
}

}  // namespace
}  // namespace understudy
