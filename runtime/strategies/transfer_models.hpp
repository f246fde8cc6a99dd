// Which model is whose in a knowledge transfer, and who learns from whom at each update: what all nodes
// decide alike. Models are numbered: 0 is the target, i > 0 is member i - 1.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/strategies/transfer_config.hpp"
#include "runtime/training/transfer_config.hpp"

namespace understudy {

class TransferModels {
 public:
  struct Sizes {
    std::size_t models = 2;
    std::size_t nodes = 1;
    std::int64_t updates = 1;
  };
  TransferModels(const TransferLossConfig& loss, const TransferConfig& exchange,
                 const Sizes& sizes);

  std::size_t count() const { return sizes_.models; }
  // The node, by its place, that a model belongs to: the target to the first, members to the others in
  // turn.
  std::size_t owner(std::size_t model) const;
  // Whether its parameters change while the target trains.
  bool learns(std::size_t model) const;
  // Whether a node trains it then.
  bool trains(std::size_t node, std::size_t model) const;

  // An update, or nothing: at some update or other.
  using When = std::optional<std::int64_t>;
  // Whom a model learns from, ascending; nobody: its loss is the cross entropy alone.
  std::vector<std::size_t> teachers(std::size_t model, When when) const;
  // Whom some model that the node trains learns from, ascending.
  std::vector<std::size_t> teachers_at(std::size_t node, When when) const;
  // The nodes but its own that train models which learn from this one, ascending.
  std::vector<std::size_t> listeners(std::size_t teacher, When when) const;
  // Whether parameters travel before this update; under checkpoints only.
  bool is_checkpoint(std::int64_t update) const;

  double weight(std::size_t model, std::int64_t update) const;
  double temperature(std::int64_t update) const;

 private:
  bool teaches(std::size_t teacher, std::size_t student) const;
  bool has_losses(std::size_t model, When when) const;
  double whole_weight(std::size_t model) const {
    return model == 0 ? loss_.weight : loss_.member_weight;
  }

  TransferLossConfig loss_;
  TransferConfig exchange_;
  Sizes sizes_;
};

}  // namespace understudy
