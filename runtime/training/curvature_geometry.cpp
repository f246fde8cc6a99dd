#include "runtime/training/curvature_geometry.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <chrono>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using Clock = std::chrono::steady_clock;
using Eigen::Index;
using Eigen::MatrixXd;

CurvatureCost since(Clock::time_point start) {
  return {.seconds = std::chrono::duration<double>(Clock::now() - start).count()};
}

// The orthonormal basis of the vectors' span.
MatrixXd orthonormal(std::span<const double> vectors, std::size_t size) {
  UNDERSTUDY_CHECK(size > 0 && vectors.size() % size == 0);
  const auto rows = static_cast<Index>(size);
  const Index columns = static_cast<Index>(vectors.size()) / rows;
  const Eigen::Map<const MatrixXd> given(vectors.data(), rows, columns);
  const Eigen::ColPivHouseholderQR<MatrixXd> qr(given);
  if (qr.rank() < columns)
    throw RunError("the vectors that are to span a subspace are linearly dependent");
  return qr.householderQ() * MatrixXd::Identity(rows, columns);
}

}  // namespace

template <class Scalar>
LossPath loss_path(const BasicLearner<Scalar>& learner, std::span<const Scalar> from,
                   std::span<const Scalar> to, const BatchSource& source,
                   const LossPathOptions& options) {
  UNDERSTUDY_CHECK(from.size() == to.size() && from.size() == learner.layout().size);
  if (options.points < 2) throw RunError("a path between two models needs at least two points");
  const auto start = Clock::now();
  const std::size_t count = options.count > 0 ? options.count : source.size() - options.first;
  LossPath path;
  std::vector<Scalar> mixed(from.size());
  for (std::size_t p = 0; p < options.points; ++p) {
    const double l = static_cast<double>(p) / static_cast<double>(options.points - 1);
    for (std::size_t i = 0; i < mixed.size(); ++i) {
      mixed[i] = static_cast<Scalar>((1 - l) * static_cast<double>(from[i]) +
                                     l * static_cast<double>(to[i]));
    }
    path.points.push_back({l, learner.evaluate(mixed, source, options.first, count)});
  }
  const double first = path.points.front().evaluation.loss;
  const double last = path.points.back().evaluation.loss;
  for (const PathPoint& point : path.points) {
    const double excess = point.evaluation.loss - (1 - point.at) * first - point.at * last;
    if (excess > path.barrier) {
      path.barrier = excess;
      path.barrier_at = point.at;
    }
  }
  path.cost = since(start);
  return path;
}

template LossPath loss_path(const BasicLearner<float>&, std::span<const float>,
                            std::span<const float>, const BatchSource&, const LossPathOptions&);
template LossPath loss_path(const BasicLearner<double>&, std::span<const double>,
                            std::span<const double>, const BatchSource&, const LossPathOptions&);

SubspaceAngles principal_angles(std::span<const double> a, std::span<const double> b,
                                std::size_t size) {
  const auto start = Clock::now();
  if (a.size() < b.size()) std::swap(a, b);
  SubspaceAngles angles;
  if (!b.empty()) {
    const MatrixXd larger = orthonormal(a, size), smaller = orthonormal(b, size);
    const MatrixXd overlap = larger.transpose() * smaller;
    const MatrixXd outside = smaller - larger * overlap;
    // Cosines come in descending order, sines as well: the smallest angle has the last sine.
    const Eigen::VectorXd cosines = Eigen::JacobiSVD<MatrixXd>(overlap).singularValues();
    const Eigen::VectorXd sines = Eigen::JacobiSVD<MatrixXd>(outside).singularValues().reverse();
    for (Index i = 0; i < cosines.size(); ++i)
      angles.radians.push_back(std::atan2(sines[i], cosines[i]));
  }
  angles.cost = since(start);
  return angles;
}

}  // namespace understudy
