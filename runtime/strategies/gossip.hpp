// Decentralised learning on lists of neighbours: gossip averaging, D-PSGD and CONNECT.
//
// Averaging: a node trains, then takes the weighted mean of its model and its neighbours'. D-PSGD: the
// step, computed while models travel, is added to the mean of those from before it (Lian et al., "Can
// decentralized algorithms outperform centralized algorithms?", NeurIPS 2017, algorithm 1). CONNECT: as
// averaging, but following the mean only along some directions (gossip_config.hpp).
#pragma once

#include <functional>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/federated/local_work.hpp"
#include "runtime/strategies/gossip_graphs.hpp"

namespace understudy {

// What is found of a Hessian: orthonormal rows, row-major, and their eigenvalues, those of the largest
// magnitude first; or its diagonal.
template <class Scalar>
struct Eigenpairs {
  std::vector<Scalar> vectors{};
  std::vector<double> values{};
  std::vector<double> diagonal{};
  std::int64_t products = 0;  // Hessian-vector products taken
};

// Finds the top eigenpairs of the Hessian of a node's loss at `x`, at most `count`, or its diagonal.
// Thread-safe.
template <class Scalar>
using FindEigenpairs = std::function<Eigenpairs<Scalar>(std::size_t node, std::span<const Scalar> x,
                                                        int count, RandomStream random)>;

// What a node knows at the end of its round.
template <class Scalar>
struct GossipRound {
  int round = 0;                  // from 1
  bool last = false;              // of the run
  std::size_t node = 0;           // index among the nodes
  std::span<const Scalar> model;  // empty in a dry run
};

// Borrowed things outlive the run; all nodes of a process share one job.
template <class Scalar>
struct GossipJob {
  GossipConfig config{};
  SharedList<Rank> nodes;             // in order of rank
  std::vector<GossipGraph> graphs{};  // at least one: of the first round, the second, ...
  LocalOptions local{};
  std::uint64_t seed = 0;
  std::span<const ClientData<Scalar>> data{};  // of each node
  std::span<std::vector<Scalar>> models{};     // of each node
  FindEigenpairs<Scalar> find_eigenpairs{};    // where the algorithm is CONNECT
  std::int64_t charged_products = 0;           // Hessian-vector products that finding them costs
  std::function<Task<>(Node&, const GossipRound<Scalar>&)> observe{};
  // Before a safe point after that round: to be done with what was put off. May be empty.
  std::function<Task<>(Node&, int round)> catch_up{};
};

// Whether a node takes part in a round.
bool takes_part(const GossipConfig& config, std::uint64_t seed, Rank rank, int round);

// Node i's weights in a graph, by the lists of those that nodes hear from, among those present: its own,
// and each of these in their order, 0 for the absent. They sum to 1.
struct MixingWeights {
  double own = 1;
  std::vector<double> of_neighbours;
};
MixingWeights mixing_weights(Mixing mixing, std::size_t i, const NeighbourLists& neighbours,
                             const std::function<bool(std::uint32_t)>& present);

// d without its part along the eigenvectors that the variant leaves out, in place. Of a diagonal h,
// damped, each d_i times damping / (h_i + damping), negative ones counting as zero.
template <class Scalar>
void restrict_direction(ConnectVariant variant, const Eigenpairs<Scalar>& pairs, double damping,
                        std::span<Scalar> d);

// `count` orthonormal rows of `size`, drawn.
template <class Scalar>
Eigenpairs<Scalar> random_directions(std::size_t size, int count, RandomStream random);

// The part of node number `index`.
template <class Scalar>
Task<> gossip(Node& node, const GossipJob<Scalar>& job, std::size_t index);

// A node that only serves passes the safe points.
Task<> stand_by(Node& node, const GossipConfig& config);

extern template Task<> gossip(Node&, const GossipJob<float>&, std::size_t);
extern template Task<> gossip(Node&, const GossipJob<double>&, std::size_t);

}  // namespace understudy
