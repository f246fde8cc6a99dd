// Watches validation losses for the least of them, and for when they fall no more.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "runtime/training/early_stopping_config.hpp"

namespace understudy {

class EarlyStopping {
 public:
  // Without a configuration it never ends.
  explicit EarlyStopping(const std::optional<EarlyStoppingConfig>& config = {}) : config_(config) {}

  // Whether this is the least loss so far. A loss that is no number never is.
  bool take(double loss) {
    const bool falls = loss < state_.least - (config_ ? config_->min_delta : 0);
    state_.in_vain = falls ? 0 : state_.in_vain + 1;
    if (falls) state_.least = loss;
    return falls;
  }
  bool ended() const { return config_ && state_.in_vain >= config_->patience; }

  // What a checkpoint keeps.
  struct State {
    double least = std::numeric_limits<double>::infinity();
    std::int64_t in_vain = 0;  // losses since then
  };
  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

 private:
  std::optional<EarlyStoppingConfig> config_;
  State state_;
};

}  // namespace understudy
