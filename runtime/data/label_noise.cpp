#include "runtime/data/label_noise.hpp"

namespace understudy {
namespace {

double rate_of(const NoLabelNoise&) { return 0; }
double rate_of(const PairLabelNoise& config) { return config.rate; }
double rate_of(const SymmetricLabelNoise& config) { return config.rate; }

}  // namespace

std::vector<std::uint8_t> with_noise(const LabelNoiseConfig& config,
                                     std::span<const std::uint8_t> labels, std::uint32_t classes,
                                     RandomStream random) {
  std::vector<std::uint8_t> out(labels.begin(), labels.end());
  const double rate = std::visit([](const auto& c) { return rate_of(c); }, config);
  if (rate == 0 || classes < 2) return out;
  const bool pair = std::holds_alternative<PairLabelNoise>(config);
  for (std::uint8_t& label : out) {
    if (random.uniform() >= rate) continue;
    const std::uint64_t ahead = pair ? 1 : 1 + random.below(classes - 1);
    label = static_cast<std::uint8_t>((label + ahead) % classes);
  }
  return out;
}

}  // namespace understudy
