// Samples as a board stores and computes with them, and what it is to do with them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "firmware/protocol.h"

namespace understudy {

// How samples are written. With int16 and int8 a feature is the integer times the scale.
struct ShardFormat {
  int features = 1;
  protocol::Element element = protocol::kFloat32;
  float scale = 1;

  int sample_bytes() const { return features * protocol::bytes_of(element) + 1; }
  bool operator==(const ShardFormat&) const = default;
};

// Samples one after the other: the features, then the label as a byte.
struct Shard {
  ShardFormat format;
  std::vector<std::uint8_t> bytes;

  int samples() const { return static_cast<int>(bytes.size()) / format.sample_bytes(); }
};

// The smallest scale with which every one of `values` fits the element; 1 for float32, and where all
// are zero.
float fitting_scale(std::span<const float> values, protocol::Element element);

// `values` row by row, `format.features` to a row, one label for each row. Rounds to the nearest
// integer, and to the largest or smallest where that is out of range. Throws DataError for labels
// other than 0 and 1, values that are not finite, or a scale that is not positive.
Shard make_shard(std::span<const float> values, std::span<const std::uint8_t> labels,
                 const ShardFormat& format);

// One training, of a logistic regression by mini-batch gradients.
struct BoardTraining {
  int epochs = 1;
  int batch = 1;  // samples; the last of an epoch may have fewer
  float rate = 0.1f;
  float l2 = 0;
  // Step after each batch, or once, after all epochs, along the sum of all gradients.
  protocol::Update update = protocol::kPerBatch;
};

}  // namespace understudy
