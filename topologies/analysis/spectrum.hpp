// Eigenvalues that tell how well a graph holds together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace understudy {

// Two different vertices that are joined; each two of them once.
struct WeightedEdge {
  std::uint32_t a = 0, b = 0;
  double weight = 1;  // > 0
};

// Of the Laplacian L of a weighted graph (L_ij = -w_ij, rows add up to zero): the second smallest
// eigenvalue and its eigenvector (Fiedler, "Algebraic connectivity of graphs", 1973); zero where the
// graph falls apart. At least two vertices. Computed with all others up to kMaxDense vertices, beyond that by Lanczos'
// method to a relative residual of 1e-8; nullopt where that does not converge.
struct FiedlerPair {
  double value = 0;
  std::vector<double> vector;  // of length 1
};
std::optional<FiedlerPair> fiedler_pair(std::size_t vertices, std::span<const WeightedEdge> edges);

// Of the matrix W that averages neighbours with Metropolis weights w_ij = 1 / (1 + max(d_i, d_j)),
// d the degrees, rows adding up to one: 1 - the second largest modulus of an eigenvalue. Averaging
// takes about log(1/e) / gap rounds to shrink disagreement to e (Xiao, Boyd and Kim, "Distributed
// average consensus with least-mean-square deviation", 2007). At least two vertices; nullopt as
// above.
std::optional<double> metropolis_gap(
    std::size_t vertices, std::span<const std::pair<std::uint32_t, std::uint32_t>> pairs);

inline constexpr std::size_t kMaxDense = 200;

}  // namespace understudy
