// How vectors are made smaller before they travel, as a scenario states it.
#pragma once

#include <variant>

namespace understudy {

struct NoCodec {};
// The values of the largest magnitude, as they are, and where they stand (Aji, Heafield, "Sparse
// communication for distributed gradient descent", 2017).
struct TopKCodec {
  double share = 0.01;  // of the values, at least one
  // What was left out is added to what is sent next (Stich, Cordonnier, Jaggi, "Sparsified SGD with
  // memory", 2018).
  bool error_feedback = true;
};
// Each value rounded to one of 2^bits - 1 equidistant levels between minus and plus the block's largest
// magnitude, up or down at random so that its mean is itself (Alistarh et al., "QSGD", 2017).
struct QuantisedCodec {
  int bits = 8;  // of a value, its sign included: 8, 4 or 2
  bool error_feedback = false;
};

// Each value rounded to the nearest of IEEE 754's binary16; those beyond its largest, 65504, to that.
struct HalfCodec {};

using CodecConfig = std::variant<NoCodec, TopKCodec, QuantisedCodec, HalfCodec>;

}  // namespace understudy
