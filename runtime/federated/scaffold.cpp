// SCAFFOLD: control variates take the clients' drift out of local steps (Karimireddy et al., "SCAFFOLD:
// stochastic controlled averaging for federated learning", ICML 2020, algorithm 1, option II). With K
// steps of rate lr on client i of N, of which S take part:
//   y = y - lr (g_i(y) - c_i + c)
//   c_i' = c_i - c + (x - y) / (K lr)
//   x = x + server_lr mean (y - x),  c = c + S/N mean (c_i' - c_i)
// Means are plain ones, as the paper's objective is. The server gives x and c; y - x and c_i' - c_i
// come back.
#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"

namespace understudy {
namespace {

template <class Scalar>
class Scaffold final : public FederatedAlgorithm<Scalar> {
 public:
  explicit Scaffold(const AlgorithmParts& parts)
      : FederatedAlgorithm<Scalar>(parts.layout),
        server_lr_(parts.settings.server_lr),
        clients_(static_cast<double>(parts.clients)) {}

  std::size_t given_size() const override { return 2 * this->shared_size(); }
  std::size_t answer_size() const override { return 2 * this->shared_size(); }

  ServerState<Scalar> start(std::span<const Scalar> initial) const override {
    return {{initial.begin(), initial.end()}, std::vector<Scalar>(initial.size())};
  }
  void give(const ServerState<Scalar>& server, std::span<Scalar> out) const override {
    const auto rest = std::copy(server.model.begin(), server.model.end(), out.begin());
    std::copy(server.extra.begin(), server.extra.end(), rest);
  }

  void train(const ClientTurn<Scalar>& turn) const override {
    const std::size_t n = this->shared_size();
    const auto x = turn.given.first(n), c = turn.given.subspan(n);
    std::vector<Scalar>& own = turn.kept;
    if (own.empty()) own.assign(n, 0);
    const std::vector<Scalar> y =
        descend<Scalar>(x, turn.work, [&](const auto&, std::vector<Scalar>& gradient) {
          for (std::size_t i = 0; i < n; ++i) gradient[i] += c[i] - own[i];
        });
    const auto added = turn.answer.first(n), control = turn.answer.subspan(n);
    subtract<Scalar>(y, x, added);
    const auto rate =
        static_cast<Scalar>(1 / (static_cast<double>(turn.work.steps()) * turn.work.options().lr));
    for (std::size_t i = 0; i < n; ++i) {
      control[i] = -c[i] - rate * added[i];
      own[i] += control[i];
    }
  }

  void aggregate(std::span<const ClientAnswer<Scalar>> answers,
                 ServerState<Scalar>& server) const override {
    std::vector<double> weights;
    for (const auto& answer : answers) weights.push_back(answer.discount);
    add_mean<Scalar>(answers, weights, 0, server_lr_, server.model);
    const double share = static_cast<double>(answers.size()) / clients_;
    add_mean<Scalar>(answers, weights, this->shared_size(), share, server.extra);
  }

 private:
  double server_lr_;
  double clients_;
};

}  // namespace

template <class Scalar>
AlgorithmPointer<Scalar> make_scaffold(const AlgorithmParts& parts) {
  return std::make_unique<Scaffold<Scalar>>(parts);
}
template AlgorithmPointer<float> make_scaffold(const AlgorithmParts&);
template AlgorithmPointer<double> make_scaffold(const AlgorithmParts&);

}  // namespace understudy
