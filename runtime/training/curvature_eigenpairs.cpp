#include "runtime/training/curvature_eigenpairs.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/training/curvature_meter.hpp"

namespace understudy {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNegligible =
    1e-12;                            // what rounding leaves of a vector, of the largest eigenvalue
constexpr double kStartNoise = 0.01;  // share of a warm start that is random
// Products before an answer is believed: from a random direction, time for what is large to show.
constexpr std::size_t kExploring = 10;

// Keeps an orthonormal basis Q, T = Q^T H Q, and the residual block: H Q = Q T + Next B E^T, where
// E^T takes the rows of Q's last block.
class BlockLanczos {
 public:
  BlockLanczos(const HessianMap& hessian, const EigenpairOptions& options, RandomStream random)
      : hessian_(hessian),
        options_(options),
        random_(random),
        size_(static_cast<Index>(hessian.size)),
        wanted_(static_cast<Index>(options.k)) {
    const std::size_t basis = options.max_basis > 0
                                  ? options.max_basis
                                  : std::max<std::size_t>(60, 3 * options.k + 2 * options.block);
    const std::size_t least = options.k + 2 * options.block;  // restarts must make progress
    capacity_ = std::min(size_, static_cast<Index>(std::max(basis, least)));
    basis_.resize(size_, capacity_);
    projected_ = MatrixXd::Zero(capacity_, capacity_);
  }

  TopEigenpairs run() {
    next_ = start_block();
    while (true) {
      if (filled_ + next_.cols() > capacity_) restart();
      append();
      expand();
      solve();
      const bool whole = filled_ == size_;
      const bool spent =
          hessian_.cost().products + static_cast<std::size_t>(next_.cols()) > options_.max_products;
      if (whole || spent || (explored() && converged())) break;
    }
    return result();
  }

 private:
  // The given vectors dealt out over the block's columns, with a little of every direction.
  MatrixXd start_block() {
    const Index columns = std::min(static_cast<Index>(options_.block), size_);
    MatrixXd block = MatrixXd::Zero(size_, columns);
    const Index given = static_cast<Index>(options_.start.size()) / size_;
    const Eigen::Map<const MatrixXd> start(options_.start.data(), size_, given);
    for (Index i = 0; i < given; ++i) block.col(i % columns) += start.col(i);
    for (Index c = 0; c < columns; ++c) {
      const double norm = block.col(c).norm();
      if (norm > 0) block.col(c) /= norm;
      block.col(c) += (norm > 0 ? kStartNoise : 1.0) * random_unit();
    }
    MatrixXd coupling;
    return orthonormalise(block, 1, coupling);
  }

  VectorXd random_unit() {
    VectorXd v(size_);
    for (double& element : v) element = random_.normal();
    return v.normalized();
  }

  void append() {
    last_ = next_.cols();
    basis_.middleCols(filled_, last_) = next_;
    filled_ += last_;
  }

  // One block of products: a block row and column of T, and the next block.
  void expand() {
    const auto q = basis_.leftCols(filled_);
    const MatrixXd block = basis_.middleCols(filled_ - last_, last_);
    MatrixXd w(size_, last_);
    hessian_.multiply({block.data(), static_cast<std::size_t>(block.size())},
                      {w.data(), static_cast<std::size_t>(w.size())});
    scale_ = std::max(scale_, w.colwise().norm().maxCoeff());
    MatrixXd h = MatrixXd::Zero(filled_, last_);
    for (int pass = 0; pass < 2; ++pass) {  // twice is enough (Giraud et al., 2005)
      const MatrixXd again = q.transpose() * w;
      w.noalias() -= q * again;
      h += again;
    }
    projected_.block(0, filled_ - last_, filled_, last_) = h;
    projected_.block(filled_ - last_, 0, last_, filled_) = h.transpose();
    const MatrixXd corner = h.bottomRows(last_);
    projected_.block(filled_ - last_, filled_ - last_, last_, last_) =
        (corner + corner.transpose()) / 2;
    next_ = orthonormalise(w, scale_, coupling_);
  }

  // An orthonormal basis N of w's columns, orthogonal to Q, with w = N B. A column of which nothing
  // is left (Q holds an invariant subspace) is replaced by a random one, outside that subspace.
  MatrixXd orthonormalise(const MatrixXd& w, double scale, MatrixXd& b) {
    const Index columns = std::min(w.cols(), size_ - filled_);
    MatrixXd n(size_, columns);
    b = MatrixXd::Zero(columns, w.cols());
    Index made = 0;
    for (Index c = 0; c < w.cols(); ++c) {
      VectorXd v = w.col(c);
      const VectorXd shares = remove(v, n.leftCols(made));
      b.col(c).head(made) = shares;
      if (made == columns || v.norm() <= kNegligible * scale) continue;
      b(made, c) = v.norm();
      n.col(made++) = v.normalized();
    }
    if (made < columns && first_breakdown_ == 0) first_breakdown_ = hessian_.cost().products + 1;
    while (made < columns) {
      VectorXd v = random_unit();
      remove(v, n.leftCols(made));
      n.col(made++) = v.normalized();
    }
    return n;
  }

  // Makes v orthogonal to Q and to `block`; returns its shares of the latter.
  VectorXd remove(VectorXd& v, const Eigen::Ref<const MatrixXd>& block) const {
    const auto q = basis_.leftCols(filled_);
    VectorXd shares = VectorXd::Zero(block.cols());
    for (int pass = 0; pass < 2; ++pass) {
      v -= q * (q.transpose() * v);
      const VectorXd again = block.transpose() * v;
      v -= block * again;
      shares += again;
    }
    return shares;
  }

  // Ritz pairs, by magnitude.
  void solve() {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(
        projected_.topLeftCorner(filled_, filled_));
    order_.resize(static_cast<std::size_t>(filled_));
    std::iota(order_.begin(), order_.end(), Index{0});
    values_ = solver.eigenvalues();
    coordinates_ = solver.eigenvectors();
    std::stable_sort(order_.begin(), order_.end(),
                     [&](Index a, Index b) { return std::abs(values_[a]) > std::abs(values_[b]); });
  }

  double value(Index i) const { return values_[order_[static_cast<std::size_t>(i)]]; }
  auto coordinates(Index i) const { return coordinates_.col(order_[static_cast<std::size_t>(i)]); }
  double residual(Index i) const { return (coupling_ * coordinates(i).tail(last_)).norm(); }

  bool converged() const {
    if (filled_ < wanted_) return false;
    const double zero = kNegligible * std::abs(value(0));
    for (Index i = 0; i < wanted_; ++i) {
      if (residual(i) > std::max(options_.tolerance * std::abs(value(i)), zero)) return false;
    }
    return true;
  }

  bool explored() const {
    const std::size_t since = first_breakdown_ == 0 ? 0 : first_breakdown_ - 1;
    return hessian_.cost().products >= since + kExploring;
  }

  // Leaves the Ritz vectors of largest magnitude, to which `next_` still is orthogonal.
  void restart() {
    const Index kept = std::min(wanted_ + (capacity_ - wanted_) / 2, capacity_ - next_.cols());
    MatrixXd chosen(filled_, kept);
    VectorXd values(kept);
    for (Index i = 0; i < kept; ++i) {
      chosen.col(i) = coordinates(i);
      values[i] = value(i);
    }
    basis_.leftCols(kept) = (basis_.leftCols(filled_) * chosen).eval();
    projected_.setZero();
    projected_.diagonal().head(kept) = values;
    filled_ = kept;
  }

  TopEigenpairs result() const {
    TopEigenpairs out{.size = hessian_.size()};
    const Index found = std::min(wanted_, filled_);
    out.converged = converged();
    out.vectors.resize(static_cast<std::size_t>(size_ * found));
    Eigen::Map<MatrixXd> vectors(out.vectors.data(), size_, found);
    for (Index i = 0; i < found; ++i) {
      out.values.push_back(value(i));
      const double magnitude = std::abs(value(i));
      out.residuals.push_back(magnitude > 0 ? residual(i) / magnitude : residual(i));
      vectors.col(i) = basis_.leftCols(filled_) * coordinates(i);
    }
    out.cost = hessian_.cost();
    return out;
  }

  MeteredHessian hessian_;
  const EigenpairOptions& options_;
  RandomStream random_;
  Index size_;
  Index wanted_;
  Index capacity_ = 0;  // columns of `basis_`
  MatrixXd basis_;      // Q in its first `filled_` columns
  MatrixXd projected_;  // T in its corner
  MatrixXd next_;       // Next
  MatrixXd coupling_;   // B
  Index filled_ = 0;
  Index last_ = 0;                   // columns of Q's last block
  double scale_ = 0;                 // the largest |H q| so far
  std::size_t first_breakdown_ = 0;  // products before it, and one; 0: none
  VectorXd values_;                  // eigenvalues of T
  MatrixXd coordinates_;             // its eigenvectors
  std::vector<Index> order_;         // by magnitude
};

}  // namespace

TopEigenpairs top_eigenpairs(const HessianMap& hessian, const EigenpairOptions& options,
                             RandomStream random) {
  if (options.k > hessian.size) {
    throw RunError(
        fmt::format("{} eigenpairs are wanted of a Hessian of {} rows", options.k, hessian.size));
  }
  UNDERSTUDY_CHECK(options.block > 0 &&
                   options.start.size() % std::max<std::size_t>(1, hessian.size) == 0);
  if (options.k == 0) return {.size = hessian.size, .converged = true};
  return BlockLanczos(hessian, options, random).run();
}

}  // namespace understudy
