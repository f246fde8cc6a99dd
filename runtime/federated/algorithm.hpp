// The seam between a round and an algorithm of federated learning: what the server gives, what a
// client makes of it, what the server makes of the answers, and whose model a client uses. Rounds
// themselves (selection, messages, deadlines) are the same for all (rounds.hpp).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/federated/federated_config.hpp"
#include "runtime/federated/local_work.hpp"

namespace understudy {

// One client's turn.
template <class Scalar>
struct ClientTurn {
  std::span<const Scalar> given;  // given_size() values from the server
  int round = 1;                  // from 1
  std::vector<Scalar>& kept;      // the client's own, from turn to turn; empty before its first
  std::span<Scalar> answer;       // answer_size() values for the server
  LocalWork<Scalar>& work;
};

// A client's answer as the server has it.
template <class Scalar>
struct ClientAnswer {
  std::span<const Scalar> values;
  double samples = 0;          // that the client trained on
  double discount = 1;         // of a stale answer: 1 / sqrt(1 + rounds late)
  double validation_loss = 0;  // where the algorithm's effort includes it
};

template <class Scalar>
struct ServerState {
  std::vector<Scalar> model;  // shared_size() values
  std::vector<Scalar> extra;  // the algorithm's own
};

// Scalar is float or double. Immutable, hence thread-safe. Unless it says otherwise an algorithm is
// federated averaging: the model goes out whole, what a client's training added to it comes back, and
// the mean of that by samples is added to the model (McMahan et al., "Communication-efficient learning
// of deep networks from decentralized data", AISTATS 2017).
template <class Scalar>
class FederatedAlgorithm {
 public:
  explicit FederatedAlgorithm(const Layout& layout) : layout_(layout) {}
  virtual ~FederatedAlgorithm() = default;

  // Values of the model that all clients share, from its start; the rest are each client's own.
  virtual std::size_t shared_size() const { return layout_.size; }
  virtual std::size_t given_size() const { return shared_size(); }
  virtual std::size_t answer_size() const { return shared_size(); }

  virtual ServerState<Scalar> start(std::span<const Scalar> initial) const;
  virtual void give(const ServerState<Scalar>& server, std::span<Scalar> out) const;
  virtual void train(const ClientTurn<Scalar>& turn) const = 0;
  virtual Effort effort(int round) const;
  // At least one answer, in order of the clients.
  virtual void aggregate(std::span<const ClientAnswer<Scalar>> answers,
                         ServerState<Scalar>& server) const;

  // The model that the client uses, whole, into `out`: of the shared model, what the client keeps
  // (empty: it has not taken part yet) and its samples.
  virtual void personal(std::span<const Scalar> shared, std::span<const Scalar> kept,
                        LocalWork<Scalar>& work, std::span<Scalar> out) const;
  // Whether that differs from client to client.
  virtual bool personalises() const { return false; }
  // The client's own one of two models that it uses a mixture of, (1 - l) shared + l own; empty where it
  // keeps none, or has not taken part yet.
  virtual std::span<const Scalar> mixed_in(std::span<const Scalar> /*kept*/) const { return {}; }
  // Whether clients use such mixtures.
  virtual bool mixes() const { return false; }
  // Whether the shared model is one by itself.
  bool is_whole() const { return shared_size() == layout_.size; }

 protected:
  const Layout& layout() const { return layout_; }

 private:
  Layout layout_;
};

// model += factor x the mean of values [from, from + model.size()) of the answers by `weights`,
// summed in double.
template <class Scalar>
void add_mean(std::span<const ClientAnswer<Scalar>> answers, std::span<const double> weights,
              std::size_t from, double factor, std::span<Scalar> model);

// Samples times discount, of each answer.
template <class Scalar>
std::vector<double> weights_by_samples(std::span<const ClientAnswer<Scalar>> answers);

// What an algorithm is made from; the layout is copied.
struct AlgorithmParts {
  const Layout& layout;
  FederatedSettings settings{};
  std::size_t clients = 1;  // of the population
  int rounds = 1;
};

// Throws ScenarioError where the algorithm does not fit the model.
template <class Scalar>
std::unique_ptr<FederatedAlgorithm<Scalar>> make_algorithm(FederatedKind kind,
                                                           const AlgorithmParts& parts);

extern template class FederatedAlgorithm<float>;
extern template class FederatedAlgorithm<double>;

}  // namespace understudy
