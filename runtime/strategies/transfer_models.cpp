#include "runtime/strategies/transfer_models.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/training/transfer_course.hpp"

namespace understudy {

CodecConfig codec_of(Precision precision) {
  switch (precision) {
    case Precision::kFloat16:
      return HalfCodec{};
    case Precision::kInt8:
      return QuantisedCodec{.bits = 8};
    case Precision::kInt4:
      return QuantisedCodec{.bits = 4};
    case Precision::kFloat32:
      break;
  }
  return NoCodec{};
}

TransferModels::TransferModels(const TransferLossConfig& loss, const TransferConfig& exchange,
                               const Sizes& sizes)
    : loss_(loss), exchange_(exchange), sizes_(sizes) {
  UNDERSTUDY_CHECK(sizes.models > 1 && sizes.nodes > 0 && exchange.every > 0);
}

std::size_t TransferModels::owner(std::size_t model) const {
  if (model == 0 || sizes_.nodes == 1) return 0;
  return 1 + (model - 1) % (sizes_.nodes - 1);
}

bool TransferModels::learns(std::size_t model) const {
  return model == 0 || members_learn(loss_.mode);
}

bool TransferModels::trains(std::size_t node, std::size_t model) const {
  const bool everywhere = exchange_.exchange == TransferExchange::kGradients;
  return learns(model) && (everywhere || owner(model) == node);
}

bool TransferModels::teaches(std::size_t teacher, std::size_t student) const {
  if (teacher == student || !learns(student)) return false;
  const bool all =
      loss_.mode == TransferMode::kMutual || loss_.mode == TransferMode::kCodistillation;
  return all || teacher == 0 || student == 0;
}

bool TransferModels::has_losses(std::size_t model, When when) const {
  if (!when) return whole_weight(model) > 0;
  const bool skips =
      exchange_.exchange == TransferExchange::kLogits && *when % exchange_.every != 0;
  return !skips && weight(model, *when) > 0;
}

std::vector<std::size_t> TransferModels::teachers(std::size_t model, When when) const {
  if (!has_losses(model, when)) return {};
  std::vector<std::size_t> out;
  for (std::size_t t = 0; t < count(); ++t) {
    if (teaches(t, model)) out.push_back(t);
  }
  return out;
}

std::vector<std::size_t> TransferModels::teachers_at(std::size_t node, When when) const {
  std::vector<std::size_t> out;
  for (std::size_t model = 0; model < count(); ++model) {
    if (!trains(node, model)) continue;
    for (const std::size_t t : teachers(model, when)) out.push_back(t);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::size_t> TransferModels::listeners(std::size_t teacher, When when) const {
  std::vector<std::size_t> out;
  for (std::size_t node = 0; node < sizes_.nodes; ++node) {
    if (node == owner(teacher)) continue;
    const std::vector<std::size_t> heard = teachers_at(node, when);
    if (std::binary_search(heard.begin(), heard.end(), teacher)) out.push_back(node);
  }
  return out;
}

bool TransferModels::is_checkpoint(std::int64_t update) const {
  return exchange_.exchange == TransferExchange::kCheckpoints && update % exchange_.every == 0;
}

double TransferModels::weight(std::size_t model, std::int64_t update) const {
  return whole_weight(model) * fraction_at(loss_.weight_course, update, sizes_.updates);
}

double TransferModels::temperature(std::int64_t update) const {
  return loss_.temperature * fraction_at(loss_.temperature_course, update, sizes_.updates);
}

}  // namespace understudy
