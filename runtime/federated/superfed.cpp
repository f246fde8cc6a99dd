// SuperFed: each client learns a model of its own so that all mixtures of it with the federated one do
// well: a connected low-loss subspace (Hahn, Jeong, Lee, "Connecting low-loss subspace for personalized
// federated learning", KDD 2022). The loss on a batch x:
//   CE(x; (1 - l) w_f + l w_l) + mu |w_f - w_g| + nu cos^2(w_f, w_l),   l ~ U(0, 1)
// with l drawn for each batch: one for the model (MM), or one for each layer (LM). Until round
// floor(L R) only w_f trains, with l = 0 and without the last term. w_f alone is uploaded.
#include "runtime/federated/superfed.hpp"

#include <cmath>

#include "runtime/federated/algorithms.hpp"
#include "runtime/federated/descent.hpp"
#include "runtime/federated/layers.hpp"

namespace understudy {
namespace {

// f(offset, size) for each trainable stretch.
template <class Function>
void for_trainable(const Layout& layout, const Function& f) {
  for (const Slice& slice : layout.slices) {
    if (slice.trainable) f(slice.offset, slice.size);
  }
}

template <class Scalar>
struct Products {
  double ff = 0, fl = 0, ll = 0;
  explicit Products(const SuperFedModels<Scalar>& m) {
    for_trainable(m.layout, [&](std::size_t offset, std::size_t size) {
      const auto f = m.federated.subspan(offset, size), l = m.local.subspan(offset, size);
      ff += dot(f, f);
      fl += dot(f, l);
      ll += dot(l, l);
    });
  }
  bool any_zero() const { return ff == 0 || ll == 0; }
};

template <class Scalar>
class SuperFed final : public FederatedAlgorithm<Scalar> {
 public:
  SuperFed(const AlgorithmParts& parts, MixingScope scope)
      : FederatedAlgorithm<Scalar>(parts.layout),
        settings_(parts.settings),
        only_federated_until_(static_cast<int>(
            std::floor(parts.settings.personal_from * static_cast<double>(parts.rounds)))) {
    if (scope == MixingScope::kModel) {
      mixed_together_.push_back({0, parts.layout.size});
    } else {
      mixed_together_ = layers_of(parts.layout);
    }
  }

  Effort effort(int round) const override { return {.updates = trains_local(round) ? 2 : 1}; }

  void train(const ClientTurn<Scalar>& turn) const override {
    std::vector<Scalar> federated(turn.given.begin(), turn.given.end());
    if (trains_local(turn.round)) {
      train_both(turn, federated);
    } else {
      train_federated(turn, federated);
    }
    subtract<Scalar>(federated, turn.given, turn.answer);
  }

  bool personalises() const override { return true; }
  bool mixes() const override { return true; }
  std::span<const Scalar> mixed_in(std::span<const Scalar> kept) const override { return kept; }
  void personal(std::span<const Scalar> shared, std::span<const Scalar> kept, LocalWork<Scalar>&,
                std::span<Scalar> out) const override {
    if (kept.empty()) {
      std::copy(shared.begin(), shared.end(), out.begin());
    } else {
      mix<Scalar>(shared, kept, settings_.mixing, out);
    }
  }

 private:
  bool trains_local(int round) const { return round > only_federated_until_; }

  void train_federated(const ClientTurn<Scalar>& turn, std::vector<Scalar>& federated) const {
    federated = descend<Scalar>(turn.given, turn.work,
                                [&](const std::vector<Scalar>& x, std::vector<Scalar>& gradient) {
                                  if (settings_.mu == 0) return;
                                  add_distance_gradient<Scalar>({this->layout(), x, {}, turn.given},
                                                                settings_.mu, gradient);
                                });
  }

  void train_both(const ClientTurn<Scalar>& turn, std::vector<Scalar>& federated) const {
    LocalWork<Scalar>& work = turn.work;
    std::vector<Scalar>& local = turn.kept;
    if (local.empty()) {
      local.resize(work.size());
      work.own_initial(local);
    }
    std::vector<Scalar> mixed(work.size()), by_federated(work.size()), by_local(work.size());
    Sgd<Scalar> of_federated = work.optimizer(), of_local = work.optimizer();
    for (std::size_t k = 0; k < work.steps(); ++k) {
      const std::vector<double> shares = draw_shares(work, k);
      mix_layers(federated, local, shares, mixed);
      work.gradient(mixed, k, by_federated);
      divide(shares, by_federated, by_local);
      const SuperFedModels<Scalar> models{this->layout(), federated, local, turn.given};
      add_distance_gradient<Scalar>(models, settings_.mu, by_federated);
      add_squared_cosine_gradients<Scalar>(models, settings_.nu, by_federated, by_local);
      of_federated.step(federated, by_federated, work.options().lr);
      of_local.step(local, by_local, work.options().lr);
    }
  }

  std::vector<double> draw_shares(const LocalWork<Scalar>& work, std::size_t step) const {
    RandomStream random = work.random(Purpose::kMixing, static_cast<std::uint32_t>(step));
    std::vector<double> shares;
    for (std::size_t i = 0; i < mixed_together_.size(); ++i) shares.push_back(random.uniform());
    return shares;
  }
  void mix_layers(const std::vector<Scalar>& federated, const std::vector<Scalar>& local,
                  const std::vector<double>& shares, std::vector<Scalar>& mixed) const {
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const auto [offset, size] = mixed_together_[i];
      mix<Scalar>(std::span(federated).subspan(offset, size),
                  std::span(local).subspan(offset, size), shares[i],
                  std::span(mixed).subspan(offset, size));
    }
  }
  // By the chain rule the mixture's gradient g is (1 - l) g by w_f and l g by w_l.
  void divide(const std::vector<double>& shares, std::vector<Scalar>& by_federated,
              std::vector<Scalar>& by_local) const {
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const auto [offset, size] = mixed_together_[i];
      const auto share = static_cast<Scalar>(shares[i]);
      for (std::size_t j = offset; j < offset + size; ++j) {
        by_local[j] = share * by_federated[j];
        by_federated[j] *= 1 - share;
      }
    }
  }

  FederatedSettings settings_;
  int only_federated_until_;
  std::vector<LayerStretch> mixed_together_;  // stretches with one l each
};

}  // namespace

template <class Scalar>
double distance_to_global(const SuperFedModels<Scalar>& m) {
  double sum = 0;
  for_trainable(m.layout, [&](std::size_t offset, std::size_t size) {
    for (std::size_t i = offset; i < offset + size; ++i) {
      const double d = static_cast<double>(m.federated[i]) - static_cast<double>(m.global[i]);
      sum += d * d;
    }
  });
  return std::sqrt(sum);
}

template <class Scalar>
void add_distance_gradient(const SuperFedModels<Scalar>& m, double factor, std::span<Scalar> out) {
  const double distance = distance_to_global(m);
  if (distance == 0) return;
  const auto f = static_cast<Scalar>(factor / distance);
  for_trainable(m.layout, [&](std::size_t offset, std::size_t size) {
    for (std::size_t i = offset; i < offset + size; ++i)
      out[i] += f * (m.federated[i] - m.global[i]);
  });
}

template <class Scalar>
double squared_cosine(const SuperFedModels<Scalar>& models) {
  const Products<Scalar> p(models);
  return p.any_zero() ? 0 : p.fl * p.fl / (p.ff * p.ll);
}

template <class Scalar>
void add_squared_cosine_gradients(const SuperFedModels<Scalar>& m, double factor,
                                  std::span<Scalar> by_federated, std::span<Scalar> by_local) {
  const Products<Scalar> p(m);
  if (p.any_zero()) return;
  // 2 c / (|f| |l|) = 2 <f, l> / (|f|^2 |l|^2), and c^2 = <f, l> times half of that.
  const double crosswise = factor * 2 * p.fl / (p.ff * p.ll);
  const auto cross = static_cast<Scalar>(crosswise);
  const auto along_f = static_cast<Scalar>(crosswise * p.fl / p.ff);
  const auto along_l = static_cast<Scalar>(crosswise * p.fl / p.ll);
  for_trainable(m.layout, [&](std::size_t offset, std::size_t size) {
    for (std::size_t i = offset; i < offset + size; ++i) {
      const Scalar f = m.federated[i], l = m.local[i];
      by_federated[i] += cross * l - along_f * f;
      by_local[i] += cross * f - along_l * l;
    }
  });
}

template <class Scalar>
AlgorithmPointer<Scalar> make_superfed(const AlgorithmParts& parts, MixingScope scope) {
  return std::make_unique<SuperFed<Scalar>>(parts, scope);
}

template double distance_to_global(const SuperFedModels<float>&);
template double distance_to_global(const SuperFedModels<double>&);
template void add_distance_gradient(const SuperFedModels<float>&, double, std::span<float>);
template void add_distance_gradient(const SuperFedModels<double>&, double, std::span<double>);
template double squared_cosine(const SuperFedModels<float>&);
template double squared_cosine(const SuperFedModels<double>&);
template void add_squared_cosine_gradients(const SuperFedModels<float>&, double, std::span<float>,
                                           std::span<float>);
template void add_squared_cosine_gradients(const SuperFedModels<double>&, double, std::span<double>,
                                           std::span<double>);
template AlgorithmPointer<float> make_superfed(const AlgorithmParts&, MixingScope);
template AlgorithmPointer<double> make_superfed(const AlgorithmParts&, MixingScope);

}  // namespace understudy
