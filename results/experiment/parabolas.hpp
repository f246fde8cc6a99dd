// Three clients' parabolas a/2 (x - b)^2 under the algorithms, by the formulas of their papers in plain
// numbers: what `understudy selfcheck` compares runs with. Nothing here is shared with what runs.
#pragma once

#include <array>

namespace understudy::parabolas {

inline constexpr std::array<double, 3> kA{1, 4, 2};
inline constexpr std::array<double, 3> kB{0, 3, -2};
inline constexpr double kStartX = 5;
inline constexpr double kLr = 0.1;
inline constexpr int kSteps = 3;  // of a client in a round
inline constexpr int kRounds = 12;

// After kRounds: the server's x, and what each client uses.
struct End {
  double server = 0;
  std::array<double, 3> personal{};
};

End fedavg();
End fedprox(double mu);
End scaffold(double server_lr);
End fedadam(double server_lr, double beta1, double beta2, double tau);
End per_fedavg(double inner_lr, bool with_hessian);
End fedper();  // two layers: x shared, the other own
End apfl(double alpha);
End ditto(double lambda);
End loss_weighted(double sharpness);
End superfed_before_mixing(double mu);

// Gossip: each node's x after kRounds.
std::array<double, 3> averaging_on_a_complete_graph();
std::array<double, 3> averaging_on_a_path();  // Metropolis weights
std::array<double, 3> d_psgd_on_a_complete_graph();
// CONNECT on a complete graph; `kept` of (mean - own) by curvature.
std::array<double, 3> connect(double (*kept)(double curvature));

// Gradient descent on the mean of all for so many updates.
double gradient_descent(int updates);

}  // namespace understudy::parabolas
