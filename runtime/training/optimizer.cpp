#include "runtime/training/optimizer.hpp"

#include <array>
#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// One stretch of an update. `momentum` is null where there is none to keep.
template <class Scalar>
struct Update {
  std::size_t count;
  Scalar* parameters;
  const Scalar* gradient;
  Scalar* momentum;
  Scalar negative_rate;
  Scalar weight_decay;
  Scalar momentum_factor;
  Scalar fresh;  // 1 - dampening
};

// The switches are template parameters so that the loop has no branches and the compiler vectorises
// it.
template <bool Decay, bool Momentum, bool First, bool Nesterov, class Scalar>
[[gnu::always_inline]] inline void apply(const Update<Scalar>& update) {
  Scalar* __restrict parameters = update.parameters;
  const Scalar* __restrict gradient = update.gradient;
  Scalar* __restrict momentum = update.momentum;
  const auto [rate, decay, factor, fresh] =
      std::array{update.negative_rate, update.weight_decay, update.momentum_factor, update.fresh};
  for (std::size_t i = 0; i < update.count; ++i) {
    const Scalar parameter = parameters[i];
    Scalar direction = gradient[i];
    if constexpr (Decay) direction = std::fma(parameter, decay, direction);
    if constexpr (Momentum) {
      const Scalar buffer = First ? direction : std::fma(direction, fresh, momentum[i] * factor);
      momentum[i] = buffer;
      direction = Nesterov ? std::fma(buffer, factor, direction) : buffer;
    }
    parameters[i] = std::fma(direction, rate, parameter);
  }
}

struct Switches {
  bool decay;
  bool momentum;
  bool first;
  bool nesterov;
};

template <bool Decay, class Scalar>
[[gnu::always_inline]] inline void choose_momentum(const Switches& on,
                                                   const Update<Scalar>& update) {
  if (!on.momentum) return apply<Decay, false, false, false>(update);
  if (on.first && on.nesterov) return apply<Decay, true, true, true>(update);
  if (on.first) return apply<Decay, true, true, false>(update);
  if (on.nesterov) return apply<Decay, true, false, true>(update);
  return apply<Decay, true, false, false>(update);
}

template <class Scalar>
[[gnu::always_inline]] inline void choose(const Switches& on, const Update<Scalar>& update) {
  on.decay ? choose_momentum<true>(on, update) : choose_momentum<false>(on, update);
}

// The same arithmetic with the instruction and, where the CPU lacks it, through the C library:
// slow, same bits.
#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void choose_fused(const Switches& on, const Update<float>& u) {
  choose(on, u);
}
[[gnu::target("avx2,fma")]] void choose_fused(const Switches& on, const Update<double>& u) {
  choose(on, u);
}

template <class Scalar>
void update_stretch(const Switches& on, const Update<Scalar>& update) {
  static const bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  fused ? choose_fused(on, update) : choose(on, update);
}
#else
template <class Scalar>
void update_stretch(const Switches& on, const Update<Scalar>& update) {
  choose(on, update);
}
#endif

}  // namespace

template <class Scalar>
Sgd<Scalar>::Sgd(const SgdConfig& config, const Layout& layout)
    : config_(config), size_(layout.size) {
  for (const Slice& slice : layout.slices) {
    if (!slice.trainable) continue;
    const bool adjoins = !ranges_.empty() && ranges_.back().second == slice.offset;
    if (adjoins) {
      ranges_.back().second += slice.size;
    } else {
      ranges_.emplace_back(slice.offset, slice.offset + slice.size);
    }
  }
}

template <class Scalar>
std::span<const Scalar> Sgd<Scalar>::clipped(std::span<const Scalar> gradient) {
  if (!config_.clip_norm) return gradient;
  double squares = 0;
  for (const auto& [begin, end] : ranges_) {
    for (std::size_t i = begin; i < end; ++i)
      squares += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
  }
  constexpr double kGuard = 1e-6;
  const double factor = *config_.clip_norm / (std::sqrt(squares) + kGuard);
  if (factor >= 1) return gradient;
  clipped_.resize(size_);
  for (const auto& [begin, end] : ranges_) {
    for (std::size_t i = begin; i < end; ++i)
      clipped_[i] = gradient[i] * static_cast<Scalar>(factor);
  }
  return clipped_;
}

template <class Scalar>
void Sgd<Scalar>::step(std::span<Scalar> parameters, std::span<const Scalar> gradient, double lr) {
  UNDERSTUDY_CHECK(parameters.size() == size_ && gradient.size() == size_);
  const Switches on{config_.weight_decay != 0, config_.momentum != 0, momentum_.empty(),
                    config_.nesterov};
  if (on.momentum && on.first) momentum_.assign(size_, 0);
  gradient = clipped(gradient);
  for (const auto& [begin, end] : ranges_) {
    update_stretch(on, Update<Scalar>{
                           .count = end - begin,
                           .parameters = parameters.data() + begin,
                           .gradient = gradient.data() + begin,
                           .momentum = on.momentum ? momentum_.data() + begin : nullptr,
                           .negative_rate = static_cast<Scalar>(-lr),
                           .weight_decay = static_cast<Scalar>(config_.weight_decay),
                           .momentum_factor = static_cast<Scalar>(config_.momentum),
                           .fresh = static_cast<Scalar>(1 - config_.dampening),
                       });
  }
}

template <class Scalar>
std::span<const Scalar> Sgd<Scalar>::state() const {
  return momentum_;
}

template <class Scalar>
void Sgd<Scalar>::restore(std::span<const Scalar> state) {
  const bool fits = state.empty() || (state.size() == size_ && config_.momentum != 0);
  if (!fits) throw DataError("the checkpoint's optimizer state does not fit this optimizer");
  momentum_.assign(state.begin(), state.end());
}

template <class Scalar>
Cost Sgd<Scalar>::cost() const {
  double elements = 0;
  for (const auto& [begin, end] : ranges_) elements += static_cast<double>(end - begin);
  const bool momentum = config_.momentum != 0;
  // A multiply-add each for the update, weight decay, the buffer and Nesterov's look ahead.
  const double multiply_adds =
      1.0 + (config_.weight_decay != 0) + momentum + (momentum && config_.nesterov);
  const double accesses = momentum ? 5 : 3;  // read p and g, write p; read and write the buffer
  Cost cost{{.phase = Phase::kUpdate,
             .flops = 2 * multiply_adds * elements,
             .bytes = accesses * elements * sizeof(Scalar),
             .mark = std::nullopt}};
  // Squares and their sum, then products.
  if (config_.clip_norm)
    cost.insert(cost.begin(), {.phase = Phase::kUpdate,
                               .flops = 3 * elements,
                               .bytes = 3 * elements * sizeof(Scalar),
                               .mark = std::nullopt});
  return cost;
}

template class Sgd<float>;
template class Sgd<double>;

}  // namespace understudy
