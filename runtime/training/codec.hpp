// Codecs: vectors of values to fewer bytes and back. What comes back may differ from what went in; how
// many bytes it takes depends on the number of values alone, so that times can be computed without them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/training/codec_config.hpp"

namespace understudy {

// Scalar is float or double. Immutable, hence thread-safe.
template <class Scalar>
class Codec {
 public:
  virtual ~Codec() = default;
  virtual std::size_t encoded_bytes(std::size_t count) const = 0;
  // `out` has encoded_bytes(values.size()). Values are finite. `random` feeds what rounds.
  virtual void encode(std::span<const Scalar> values, RandomStream random,
                      std::span<std::byte> out) const = 0;
  // As many values as were encoded. Throws TransportError where the bytes are not such.
  virtual void decode(std::span<const std::byte> bytes, std::span<Scalar> out) const = 0;
  // Whether what is lost is kept and added to what is encoded next.
  virtual bool error_feedback() const { return false; }
};

template <class Scalar>
std::unique_ptr<Codec<Scalar>> make_codec(const CodecConfig& config);

// Encodes values plus residual, and leaves in the residual what decoding does not bring back: after any
// number of vectors the sum of those decoded is the sum of those encoded less the residual (Seide et al.,
// "1-bit stochastic gradient descent", 2014). An empty residual is zero. Without error feedback it is not
// looked at.
template <class Scalar>
void encode_with_feedback(const Codec<Scalar>& codec, std::span<const Scalar> values,
                          std::vector<Scalar>& residual, RandomStream random,
                          std::span<std::byte> out);

}  // namespace understudy
