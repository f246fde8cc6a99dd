#include "runtime/learners/logistic_optimum.hpp"

#include <Eigen/Dense>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kMostSteps = 50;
constexpr int kMostHalvings = 30;
constexpr double kSmallGradient = 1e-12;
constexpr double kRounding = 1e-14;  // of the loss, which near the optimum hides what a step gains

class Newton {
 public:
  explicit Newton(const LogisticProblem& problem)
      : x_(static_cast<Eigen::Index>(problem.labels.size()),
           static_cast<Eigen::Index>(problem.features + 1)),
        y_(x_.rows()),
        penalty_(VectorXd::Constant(x_.cols(), problem.l2)) {
    for (Eigen::Index r = 0; r < x_.rows(); ++r) {
      for (Eigen::Index c = 0; c + 1 < x_.cols(); ++c)
        x_(r, c) = problem.values[static_cast<std::size_t>(r * (x_.cols() - 1) + c)];
      x_(r, x_.cols() - 1) = 1;
      y_[r] = problem.labels[static_cast<std::size_t>(r)];
    }
    penalty_[x_.cols() - 1] = 0;
  }

  VectorXd minimise() const {
    VectorXd w = VectorXd::Zero(x_.cols());
    double now = loss(w);
    for (int step = 0; step < kMostSteps; ++step) {
      const VectorXd p = (1 + (-(x_ * w).array()).exp()).inverse();
      const VectorXd gradient = x_.transpose() * (p - y_) / count() + penalty_.cwiseProduct(w);
      if (gradient.lpNorm<Eigen::Infinity>() < kSmallGradient) break;
      const VectorXd curvature = p.array() * (1 - p.array()) / count();
      MatrixXd hessian = x_.transpose() * curvature.asDiagonal() * x_;
      hessian.diagonal() += penalty_;
      VectorXd direction = hessian.completeOrthogonalDecomposition().solve(gradient);
      int halvings = 0;
      while (!(loss(w - direction) <= now + kRounding) && ++halvings < kMostHalvings)
        direction /= 2;
      if (halvings == kMostHalvings) break;
      w -= direction;
      now = loss(w);
    }
    return w;
  }

 private:
  double count() const { return static_cast<double>(x_.rows()); }
  double loss(const VectorXd& w) const {
    const Eigen::ArrayXd z = (x_ * w).array();
    // ln(1 + e^z) - y z, without overflow.
    const Eigen::ArrayXd losses = (-z.abs()).exp().log1p() + z.max(0) - y_.array() * z;
    return losses.mean() + penalty_.cwiseProduct(w).dot(w) / 2;
  }

  MatrixXd x_;
  VectorXd y_;
  VectorXd penalty_;
};

}  // namespace

std::vector<double> logistic_optimum(const LogisticProblem& problem) {
  UNDERSTUDY_CHECK(!problem.labels.empty() &&
                   problem.values.size() == problem.labels.size() * problem.features);
  const VectorXd w = Newton(problem).minimise();
  return {w.begin(), w.end()};
}

std::vector<double> logits(std::span<const double> weights, std::span<const float> values) {
  const std::size_t features = weights.size() - 1;
  std::vector<double> out;
  for (std::size_t at = 0; at + features <= values.size(); at += features) {
    double z = weights[features];
    for (std::size_t i = 0; i < features; ++i) z += weights[i] * values[at + i];
    out.push_back(z);
  }
  return out;
}

}  // namespace understudy
