#include "runtime/board/host_training.hpp"

#include <algorithm>
#include <cstring>

#include "firmware/kernel.h"
#include "runtime/base/errors.hpp"

namespace understudy {

namespace {

float feature(const std::uint8_t* bytes, const ShardFormat& format) {
  if (format.element == protocol::kInt8) return static_cast<std::int8_t>(*bytes) * format.scale;
  if (format.element == protocol::kInt16) {
    std::int16_t integer;
    std::memcpy(&integer, bytes, sizeof integer);
    return integer * format.scale;
  }
  float value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

struct Samples {
  std::vector<float> x;  // row by row
  std::vector<std::uint8_t> labels;
};

Samples decode(const Shard& shard) {
  const int element_bytes = protocol::bytes_of(shard.format.element);
  Samples samples;
  const std::uint8_t* at = shard.bytes.data();
  for (int i = 0; i < shard.samples(); ++i) {
    for (int j = 0; j < shard.format.features; ++j, at += element_bytes) {
      samples.x.push_back(feature(at, shard.format));
    }
    samples.labels.push_back(*at++);
  }
  return samples;
}

}  // namespace

std::vector<float> train_on_host(const Shard& shard, const BoardTraining& training,
                                 std::vector<float> weights) {
  const auto features = static_cast<std::uint8_t>(shard.format.features);
  UNDERSTUDY_CHECK(features <= kernel::kMostFeatures && weights.size() == features + 1u);
  const Samples samples = decode(shard);
  std::vector<float> gradient(weights.size());
  std::vector<float> total(weights.size());
  for (int epoch = 0; epoch < training.epochs; ++epoch) {
    for (int first = 0; first < shard.samples(); first += training.batch) {
      const int end = std::min(first + training.batch, shard.samples());
      for (int i = first; i < end; ++i) {
        kernel::accumulate(weights.data(), samples.x.data() + i * features, features,
                           samples.labels[static_cast<std::size_t>(i)], gradient.data());
      }
      kernel::finish_batch(weights.data(), gradient.data(), features,
                           static_cast<std::uint16_t>(end - first), training.l2, total.data());
      if (training.update == protocol::kPerBatch) {
        kernel::step(weights.data(), total.data(), features, training.rate);
      }
    }
  }
  if (training.update == protocol::kAfterEpochs) {
    kernel::step(weights.data(), total.data(), features, training.rate);
  }
  return weights;
}

}  // namespace understudy
