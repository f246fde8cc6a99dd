#include "runtime/board/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/base/errors.hpp"

namespace understudy {

namespace {

template <class Integer>
void append_quantised(float value, float scale, std::vector<std::uint8_t>& out) {
  using Limits = std::numeric_limits<Integer>;
  const float rounded = std::nearbyint(value / scale);
  const float inside = std::clamp<float>(rounded, Limits::min(), Limits::max());
  const auto integer = static_cast<Integer>(inside);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&integer);
  out.insert(out.end(), bytes, bytes + sizeof integer);
}

void append(float value, const ShardFormat& format, std::vector<std::uint8_t>& out) {
  if (format.element == protocol::kInt8) {
    append_quantised<std::int8_t>(value, format.scale, out);
  } else if (format.element == protocol::kInt16) {
    append_quantised<std::int16_t>(value, format.scale, out);
  } else {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    out.insert(out.end(), bytes, bytes + sizeof value);
  }
}

}  // namespace

float fitting_scale(std::span<const float> values, protocol::Element element) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  if (element == protocol::kFloat32 || largest == 0) return 1;
  return largest / (element == protocol::kInt8 ? 127.0f : 32767.0f);
}

Shard make_shard(std::span<const float> values, std::span<const std::uint8_t> labels,
                 const ShardFormat& format) {
  const auto features = static_cast<std::size_t>(format.features);
  UNDERSTUDY_CHECK(features > 0 && values.size() == labels.size() * features);
  if (!(format.scale > 0) || !std::isfinite(format.scale)) {
    throw DataError(fmt::format("a shard's scale must be positive, not {}", format.scale));
  }
  Shard shard{format, {}};
  shard.bytes.reserve(labels.size() * static_cast<std::size_t>(format.sample_bytes()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (const float value : values.subspan(i * features, features)) {
      if (!std::isfinite(value)) {
        throw DataError(fmt::format("sample {} of a shard holds {}, no number", i, value));
      }
      append(value, format, shard.bytes);
    }
    if (labels[i] > 1) {
      throw DataError(fmt::format("sample {} of a shard has the label {}, not 0 or 1", i,
                                  static_cast<int>(labels[i])));
    }
    shard.bytes.push_back(labels[i]);
  }
  return shard;
}

}  // namespace understudy
