// Decentralised learning as a scenario states it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/units.hpp"

namespace understudy {

enum class GossipKind { kAveraging, kDPsgd, kConnect };

// What a node's neighbours weigh. Plain: 1 / (neighbours + 1) each, itself included, which favours
// those with many neighbours where these are not equally many. Metropolis: 1 / (1 + the larger number
// of neighbours of the two), and the rest for itself, which keeps the mean of all (Xiao, Boyd, Kim,
// "Distributed average consensus with least-mean-square deviation", 2007).
enum class Mixing { kPlain, kMetropolis };

// Along which directions a node follows d, the mean of its neighbours less itself, given the top
// eigenpairs V, L of its Hessian:
//   published   all: x + d; the eigenpairs are computed and not used
//   low_loss    those that they leave: x + (I - V V') d
//   damped      x + (I - V L (L + damping I)^-1 V') d; negative eigenvalues count as zero
//   random      as low_loss, with random orthonormal V
enum class ConnectVariant { kPublished, kLowLoss, kDamped, kRandom };

// What is found of the Hessian: its top eigenpairs by Lanczos, or its diagonal by Hutchinson's probes,
// which `damped` then takes in place of V L V'.
enum class CurvatureKind { kLanczos, kHutchinson };

// Who exchanges models with whom in a round. `edges`: "0-1" in both directions, "0>1" from 0 to 1.
struct TopologyGraph {};  // neighbours in the topology
struct RingGraph {};
struct CompleteGraph {};
struct EdgesGraph {
  std::vector<std::string> edges{};
};
// As many graphs in turn as n - 1 has binary digits: in the k-th of them, k = 0, 1, ..., node i hears
// from node i + 2^k (mod n) alone. With plain weights, 1/2 each, all n = 2^d models are their mean after
// d rounds (Ying et al., "Exponential graph is provably efficient for decentralized deep learning",
// NeurIPS 2021).
struct OnePeerExponentialGraph {};
using GraphConfig =
    std::variant<TopologyGraph, RingGraph, CompleteGraph, EdgesGraph, OnePeerExponentialGraph>;

// In a round every node trains on its samples and exchanges models with its neighbours. Metrics per
// round of each node: train_loss, and for connect hessian_products and curvature_share, the share of the
// round's time that finding them took.
struct GossipConfig {
  GossipKind algorithm = GossipKind::kAveraging;
  Mixing mixing = Mixing::kPlain;
  int rounds = 10;
  // Passes over a node's samples in a round (1 where neither is given), or steps.
  std::optional<int> local_epochs{};
  std::optional<int> local_steps{};
  std::optional<double> lr{};  // of local steps; default: the workload's optimizer's
  double validation = 0;       // share of each node's samples that it does not train on
  // One after the other, a round each, and again from the first; none: the topology.
  std::vector<GraphConfig> graphs{};
  // The probability that a node takes part in a round. Who is away is drawn from the seed, so that
  // everyone knows, and nobody waits.
  double availability = 1;
  // How long a node waits for its neighbours' models, after its own has left; without it, for ever.
  std::optional<Duration> deadline{};
  ConnectVariant variant = ConnectVariant::kPublished;
  CurvatureKind curvature = CurvatureKind::kLanczos;
  int eigenpairs = 5;
  int most_products = 100;    // Hessian-vector products that finding it may take, and is charged
  int hessian_samples = 200;  // of a node's, the first so many, that its Hessian is of
  double damping = 1;

  // Whose model counts depends on when it arrives.
  bool depends_on_time() const { return deadline.has_value(); }
};

}  // namespace understudy
