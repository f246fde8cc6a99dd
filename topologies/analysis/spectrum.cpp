#include "topologies/analysis/spectrum.hpp"

#include <Spectra/SymEigsSolver.h>
#include <Eigen/Dense>
#include <Eigen/SparseCholesky>

#include <algorithm>
#include <boost/pending/disjoint_sets.hpp>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/base/random.hpp"

namespace understudy {
namespace {

using Vector = Eigen::VectorXd;
using ConstVector = Eigen::Map<const Vector>;
using Sparse = Eigen::SparseMatrix<double>;
using Dense = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

constexpr double kTolerance = 1e-8;
constexpr Eigen::Index kMaxRestarts = 300;
constexpr Eigen::Index kKrylov = 30;  // vectors kept
// Numbers in the factors of a matrix: 80 MB.
constexpr std::int64_t kMaxFill = 5'000'000;

Sparse laplacian(std::size_t vertices, std::span<const WeightedEdge> edges) {
  std::vector<Eigen::Triplet<double>> entries;
  entries.reserve(4 * edges.size());
  for (const WeightedEdge& e : edges) {
    const auto a = static_cast<int>(e.a), b = static_cast<int>(e.b);
    entries.emplace_back(a, b, -e.weight);
    entries.emplace_back(b, a, -e.weight);
    entries.emplace_back(a, a, e.weight);
    entries.emplace_back(b, b, e.weight);
  }
  const auto size = static_cast<Eigen::Index>(vertices);
  Sparse matrix(size, size);
  matrix.setFromTriplets(entries.begin(), entries.end());
  return matrix;
}

// What Spectra asks of a matrix. On what is orthogonal to the constant vector, which the Laplacian
// takes to zero.
struct Operator {
  using Scalar = double;
  Eigen::Index size;
  Eigen::Index rows() const { return size; }
  Eigen::Index cols() const { return size; }
  static void project(Vector& x) { x.array() -= x.mean(); }
};

// shift x - L x.
struct Shifted : Operator {
  const Sparse& matrix;
  double shift;
  void perform_op(const double* in, double* out) const {
    Vector x = ConstVector(in, size);
    project(x);
    Vector y = shift * x - matrix * x;
    project(y);
    Eigen::Map<Vector>(out, size) = y;
  }
};

// The Laplacian without its last vertex: positive definite where the graph is connected.
struct Grounded : Eigen::SimplicialLDLT<Sparse> {
  std::int64_t fill() const { return m_nonZerosPerCol.cast<std::int64_t>().sum(); }
};

// The pseudoinverse: a solution of L y = x that is zero at the last vertex, moved to a mean of zero.
struct Inverse : Operator {
  const Grounded& factors;
  void perform_op(const double* in, double* out) const {
    Vector x = ConstVector(in, size);
    project(x);
    Vector y = Vector::Zero(size);
    y.head(size - 1) = factors.solve(x.head(size - 1));
    project(y);
    Eigen::Map<Vector>(out, size) = y;
  }
};

template <class Op>
Vector apply(const Op& op, const Vector& x) {
  Vector y(op.size);
  op.perform_op(x.data(), y.data());
  return y;
}

// A vector with its Rayleigh quotient, where it is an eigenvector.
template <class Op>
std::optional<FiedlerPair> if_eigenvector(const Op& op, Vector x) {
  x.normalize();
  const Vector y = apply(op, x);
  const double value = x.dot(y);
  if (!((y - value * x).norm() <= 100 * kTolerance * std::abs(value))) return std::nullopt;
  return FiedlerPair{value, {x.begin(), x.end()}};
}

// The largest eigenvalue and its vector; nullopt where Lanczos' method does not converge.
template <class Op>
std::optional<FiedlerPair> largest(Op& op) {
  RandomStream random({.purpose = Purpose::kTopology});
  Vector start(op.size);
  for (double& x : start) x = random.uniform(-1, 1);
  start = apply(op, start);  // in the operator's range
  // Were a random vector an eigenvector, all would be; Lanczos' method then has nowhere to go.
  if (auto found = if_eigenvector(op, start)) return found;
  Spectra::SymEigsSolver<Op> solver(op, 1, std::min(kKrylov, op.size));
  solver.init(start.data());
  solver.compute(Spectra::SortRule::LargestAlge, kMaxRestarts, kTolerance);
  if (solver.info() != Spectra::CompInfo::Successful) return std::nullopt;
  return if_eigenvector(op, solver.eigenvectors().col(0));
}

// Of the largest eigenvalue (Gershgorin).
double upper_bound(const Sparse& matrix) { return 2 * Vector(matrix.diagonal()).maxCoeff(); }

// A graph with small eigenvalues, such as a long ring, is one that cuts well, so the factors of its
// Laplacian are sparse; where they are not, the eigenvalue is large enough to be found without them.
std::optional<FiedlerPair> sparse_fiedler(const Sparse& matrix) {
  const Eigen::Index size = matrix.rows();
  const Sparse head = matrix.topLeftCorner(size - 1, size - 1);
  Grounded factors;
  factors.analyzePattern(head);
  if (factors.fill() <= kMaxFill) {
    factors.factorize(head);
    if (factors.info() != Eigen::Success) return std::nullopt;
    Inverse op{{size}, factors};
    auto found = largest(op);
    if (found) found->value = 1 / found->value;
    return found;
  }
  Shifted op{{size}, matrix, upper_bound(matrix)};
  auto found = largest(op);
  if (found) found->value = op.shift - found->value;
  return found;
}

struct Plain : Operator {
  const Sparse& matrix;
  void perform_op(const double* in, double* out) const {
    Eigen::Map<Vector>(out, size) = matrix * ConstVector(in, size);
  }
};

std::optional<double> greatest_eigenvalue(const Sparse& matrix) {
  if (static_cast<std::size_t>(matrix.rows()) <= kMaxDense)
    return Dense(matrix, Eigen::EigenvaluesOnly).eigenvalues().maxCoeff();
  Plain op{{matrix.rows()}, matrix};
  const auto found = largest(op);
  return found ? std::optional(found->value) : std::nullopt;
}

// Where the graph falls apart, what tells one part from the rest is an eigenvector of zero.
std::optional<FiedlerPair> kernel_pair(const Sparse& matrix) {
  const auto size = static_cast<std::size_t>(matrix.rows());
  std::vector<int> rank(size), parent(size);
  boost::disjoint_sets parts(rank.data(), parent.data());
  for (int v = 0; v < matrix.rows(); ++v) parts.make_set(v);
  for (int v = 0; v < matrix.rows(); ++v) {
    for (Sparse::InnerIterator entry(matrix, v); entry; ++entry)
      parts.union_set(v, static_cast<int>(entry.row()));
  }
  Vector x(matrix.rows());
  for (int v = 0; v < matrix.rows(); ++v) x[v] = parts.find_set(v) == parts.find_set(0) ? 1 : 0;
  if (x.minCoeff() == 1) return std::nullopt;
  x.array() -= x.mean();
  x.normalize();
  return FiedlerPair{0, {x.begin(), x.end()}};
}

std::optional<FiedlerPair> fiedler_of(const Sparse& matrix) {
  if (auto kernel = kernel_pair(matrix)) return kernel;
  if (static_cast<std::size_t>(matrix.rows()) > kMaxDense) return sparse_fiedler(matrix);
  const Dense all(matrix);
  const Vector vector = all.eigenvectors().col(1);
  return FiedlerPair{all.eigenvalues()[1], {vector.begin(), vector.end()}};
}

}  // namespace

std::optional<FiedlerPair> fiedler_pair(std::size_t vertices, std::span<const WeightedEdge> edges) {
  UNDERSTUDY_CHECK(vertices >= 2);
  return fiedler_of(laplacian(vertices, edges));
}

std::optional<double> metropolis_gap(
    std::size_t vertices, std::span<const std::pair<std::uint32_t, std::uint32_t>> pairs) {
  UNDERSTUDY_CHECK(vertices >= 2);
  std::vector<int> degree(vertices, 0);
  for (const auto& [a, b] : pairs) ++degree[a], ++degree[b];
  std::vector<WeightedEdge> edges;
  edges.reserve(pairs.size());
  for (const auto& [a, b] : pairs)
    edges.push_back({a, b, 1 / (1.0 + std::max(degree[a], degree[b]))});
  // W = I - L: its eigenvalues lie from 1 - greatest to 1 - second, and 1 for the constant vector.
  const Sparse matrix = laplacian(vertices, edges);
  const auto second = fiedler_of(matrix);
  if (!second || second->value <= 2 - upper_bound(matrix))
    return second ? std::optional(second->value) : std::nullopt;
  const auto greatest = greatest_eigenvalue(matrix);
  if (!greatest) return std::nullopt;
  return std::min(second->value, 2 - *greatest);
}

}  // namespace understudy
