// The answer of an ensemble: the mean of its members' probabilities, gathered where the target is. What
// members in processes of their own have to say goes beside the network, as it is only measured.
#pragma once

#include <span>
#include <vector>

#include "runtime/node/node.hpp"

namespace understudy {

class EnsembleAnswers final : OutOfBand::Listener {
 public:
  EnsembleAnswers(std::size_t members, std::size_t samples);

  // On the target's node, before anything is given.
  void listen(Node& target);
  // A member's logits, [samples, classes]; empty in a dry run.
  void give(Node& node, Rank target, std::size_t member, std::vector<float> logits);
  // On the target's node: until all members have given theirs.
  Task<> wait(Node& target);
  // log (1/K) sum_k softmax(z_k), of each sample and class; empty in a dry run.
  std::vector<float> mean_log_probabilities(std::size_t classes) const;

 private:
  void heard(Rank from, const std::string& what) override;
  void lost(Rank) override {}
  void take(std::size_t member, std::vector<float> logits);

  std::size_t samples_;
  std::vector<std::vector<float>> logits_;  // of each member
  std::size_t missing_;
  Event all_;
};

}  // namespace understudy
