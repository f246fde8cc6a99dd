// Hessian-vector products of the models, against differences of gradients and in closed form.
#include <malloc.h>

#include <cmath>
#include <thread>

#include "runtime/learners/torch/torch_learner.hpp"
#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

template <class Scalar>
std::vector<Scalar> random_direction(std::size_t size, std::uint64_t seed) {
  RandomStream random({.seed = seed, .purpose = Purpose::kTest});
  std::vector<double> drawn(size);
  double squares = 0;
  for (double& value : drawn) squares += std::pow(value = random.normal(), 2);
  std::vector<Scalar> direction;
  for (const double value : drawn)
    direction.push_back(static_cast<Scalar>(value / std::sqrt(squares)));
  return direction;
}

template <class Scalar>
std::vector<Scalar> product(BatchHessian<Scalar>& hessian, const std::vector<Scalar>& v) {
  std::vector<Scalar> out(v.size(), Scalar{99});
  hessian.multiply(v, out);
  return out;
}

template <class A, class B>
double dot(const A& a, const B& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// |a - b| / |b|
template <class A, class B>
double relative_difference(const A& a, const B& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    squares += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return std::sqrt(squares / dot(b, b));
}

// Every quick model, and what they leave out: pooling that drops a remainder, alone, after a ReLU and
// before one.
std::vector<Model> models() {
  std::vector<Model> all;
  for (const std::string& name : quick_names()) all.push_back(quick_model(name, 0));
  all.push_back(make_model("two_cnn", 0, {{3, 28, 28}, 10}));
  all.back().name = "three_channels";
  all.push_back(
      {"remainders",
       {1, 28, 28},
       {Conv2d{"conv1", 1, 3, 4}, MaxPool2d{2}, Relu{}, Conv2d{"conv2", 3, 5, 2}, MaxPool2d{3},
        Conv2d{"conv3", 5, 4, 2}, Relu{}, Flatten{}, Linear{"fc", 16, 10}}});
  return all;
}

class EveryHessian : public testing::TestWithParam<Model> {};
INSTANTIATE_TEST_SUITE_P(Models, EveryHessian, testing::ValuesIn(models()),
                         [](const auto& model) { return model.param.name; });

// Central differences of the gradient: their error is the third derivative's, of the order of h^2 =
// 1e-14, and rounding, 1e-16 x |g| / h = 1e-9 |g|, where |g| is at most a few hundred times |H v|: 1e-6 of
// |H v|. A step of unit direction moves each of up to 2e5 activations by less than 1e-7, over a kink of ReLU or
// pooling by rare chance only, which the fixed seed settles.
TEST_P(EveryHessian, IsTheDerivativeOfTheGradient) {
  constexpr double kStep = 1e-7;
  const auto learner = make_torch_learner_double(GetParam());
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(GetParam(), 3);
  const auto v = random_direction<double>(parameters.size(), 3);
  const auto gradient_at = [&](double step) {
    std::vector<double> moved = parameters, gradient(moved.size());
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += step * v[i];
    learner->gradient(moved, batch, gradient, RandomStream({}), {});
    return gradient;
  };
  auto difference = gradient_at(kStep);
  const auto below = gradient_at(-kStep);
  for (std::size_t i = 0; i < below.size(); ++i)
    difference[i] = (difference[i] - below[i]) / (2 * kStep);
  std::vector<double> exact(v.size());
  learner->hessian_vector(parameters, batch, v, exact);
  EXPECT_LT(relative_difference(difference, exact), 1e-6);
}

// What rounding leaves of symmetry and linearity: the sums have up to 1e4 terms.
template <class Scalar>
void expect_symmetric_and_linear(const BasicLearner<Scalar>& learner, const Model& model,
                                 double tolerance) {
  const auto parameters = initial_parameters(learner);
  const Batch batch = random_batch(model, 8);
  const auto hessian = learner.hessian(parameters, batch);
  const auto u = random_direction<Scalar>(parameters.size(), 3);
  const auto v = random_direction<Scalar>(parameters.size(), 4);
  const auto hu = product(*hessian, u), hv = product(*hessian, v);
  EXPECT_NEAR(dot(u, hv), dot(v, hu), tolerance * std::sqrt(dot(hv, hv)));
  std::vector<Scalar> w(u.size()), expected(u.size());
  for (std::size_t i = 0; i < u.size(); ++i) {
    w[i] = 2 * u[i] - 3 * v[i];
    expected[i] = 2 * hu[i] - 3 * hv[i];
  }
  EXPECT_LT(relative_difference(product(*hessian, w), expected), tolerance);
  EXPECT_EQ(product(*hessian, u), hu) << "the graph was changed";
}

TEST_P(EveryHessian, IsSymmetricAndLinear) {
  expect_symmetric_and_linear(*make_torch_learner_double(GetParam()), GetParam(), 1e-12);
  expect_symmetric_and_linear(*make_torch_learner(GetParam()), GetParam(), 1e-4);
}

TEST_P(EveryHessian, IsTheSameInFloatToItsRounding) {
  const auto single = make_torch_learner(GetParam());
  const auto parameters = initial_parameters(*single);
  const Batch batch = random_batch(GetParam(), 8);
  const auto v = random_direction<float>(parameters.size(), 3);
  std::vector<float> out(v.size());
  single->hessian_vector(parameters, batch, v, out);
  const std::vector<double> wide(parameters.begin(), parameters.end()), wide_v(v.begin(), v.end());
  std::vector<double> exact(v.size());
  make_torch_learner_double(GetParam())->hessian_vector(wide, batch, wide_v, exact);
  EXPECT_LT(relative_difference(out, exact), 1e-4);
}

TEST_P(EveryHessian, ThreadsGiveTheSameBits) {
  const auto learner = make_torch_learner(GetParam());
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(GetParam(), 8);
  const auto v = random_direction<float>(parameters.size(), 3);
  const auto expected = product(*learner->hessian(parameters, batch), v);
  std::vector<std::vector<float>> results(3, std::vector<float>(v.size()));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] { learner->hessian_vector(parameters, batch, v, result); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

// Softmax regression: with z = [x, 1] and p = softmax(W z), the Hessian by rows of W is the mean of
// (diag(p) - p p^T) (x) z z^T, so that (H V)_c = mean of p_c (s_c - p.s) z with s = V z.
TEST(Hessian, OfSoftmaxRegressionInClosedForm) {
  constexpr std::size_t kClasses = 10, kPixels = 784, kBiases = kClasses * kPixels;
  const Model model = make_model("logistic", 0);
  const auto learner = make_torch_learner_double(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 6);
  const auto v = random_direction<double>(parameters.size(), 3);
  std::vector<double> expected(v.size());
  for (std::size_t n = 0; n < batch.count; ++n) {
    const auto score = [&](const std::vector<double>& w, std::size_t c) {
      double sum = w[kBiases + c];
      for (std::size_t i = 0; i < kPixels; ++i)
        sum += w[c * kPixels + i] * static_cast<double>(batch.inputs[n * kPixels + i]);
      return sum;
    };
    std::vector<double> p(kClasses), s(kClasses);
    double total = 0;
    for (std::size_t c = 0; c < kClasses; ++c) {
      total += p[c] = std::exp(score(parameters, c));
      s[c] = score(v, c);
    }
    for (double& share : p) share /= total;
    const double mean = dot(p, s);
    for (std::size_t c = 0; c < kClasses; ++c) {
      const double factor = p[c] * (s[c] - mean) / static_cast<double>(batch.count);
      expected[kBiases + c] += factor;
      for (std::size_t i = 0; i < kPixels; ++i)
        expected[c * kPixels + i] += factor * static_cast<double>(batch.inputs[n * kPixels + i]);
    }
  }
  EXPECT_LT(relative_difference(product(*learner->hessian(parameters, batch), v), expected), 1e-13);
}

// Bytes that malloc has handed out.
std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// The graph of lenet over 16 images holds some 0.9 MB; 200 kept ones would be 180.
TEST(Hessian, LeavesNothingBehind) {
  const Model model = make_model("lenet", 0);
  const auto learner = make_torch_learner(model);
  const auto parameters = initial_parameters(*learner);
  const Batch batch = random_batch(model, 16);
  const auto v = random_direction<float>(parameters.size(), 3);
  std::vector<float> out(v.size());
  constexpr std::size_t kGrowth = 256 << 10;
  learner->hessian_vector(parameters, batch, v, out);
  const std::size_t before = allocated();
  for (int i = 0; i < 200; ++i) learner->hessian_vector(parameters, batch, v, out);
  EXPECT_LT(allocated(), before + kGrowth);
  const auto hessian = learner->hessian(parameters, batch);
  EXPECT_GT(allocated(), before + kGrowth) << "the graph is not seen by this measure";
  hessian->multiply(v, out);
  const std::size_t kept = allocated();
  for (int i = 0; i < 200; ++i) hessian->multiply(v, out);
  EXPECT_LT(allocated(), kept + kGrowth);
}

}  // namespace
}  // namespace understudy
