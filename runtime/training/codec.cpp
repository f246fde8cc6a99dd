#include "runtime/training/codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

template <class Scalar>
class Plain final : public Codec<Scalar> {
 public:
  std::size_t encoded_bytes(std::size_t count) const override { return count * sizeof(Scalar); }
  void encode(std::span<const Scalar> values, RandomStream,
              std::span<std::byte> out) const override {
    UNDERSTUDY_CHECK(out.size() == values.size_bytes());
    if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
  }
  void decode(std::span<const std::byte> bytes, std::span<Scalar> out) const override {
    UNDERSTUDY_CHECK(bytes.size() == out.size_bytes());
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  }
};

// k = ceil(share x count) values, then where they stand: as a list of 4 bytes each in ascending order, or
// as a bit for each value, whichever is shorter.
template <class Scalar>
class TopK final : public Codec<Scalar> {
 public:
  explicit TopK(const TopKCodec& config) : config_(config) {}
  bool error_feedback() const override { return config_.error_feedback; }

  std::size_t encoded_bytes(std::size_t count) const override {
    const std::size_t k = kept(count);
    return k * sizeof(Scalar) + (lists(count) ? 4 * k : (count + 7) / 8);
  }

  void encode(std::span<const Scalar> values, RandomStream,
              std::span<std::byte> out) const override {
    UNDERSTUDY_CHECK(out.size() == encoded_bytes(values.size()));
    const std::vector<std::uint32_t> places = largest(values);
    std::byte* at = out.data();
    for (const std::uint32_t place : places) {
      std::memcpy(at, &values[place], sizeof(Scalar));
      at += sizeof(Scalar);
    }
    if (lists(values.size())) {
      if (!places.empty()) std::memcpy(at, places.data(), 4 * places.size());
      return;
    }
    std::fill(at, out.data() + out.size(), std::byte{0});
    for (const std::uint32_t place : places) at[place / 8] |= std::byte{1} << (place % 8);
  }

  void decode(std::span<const std::byte> bytes, std::span<Scalar> out) const override {
    if (bytes.size() != encoded_bytes(out.size())) fail();
    std::fill(out.begin(), out.end(), Scalar{0});
    const std::size_t k = kept(out.size());
    const std::byte* at = bytes.data();
    const std::byte* const where = at + k * sizeof(Scalar);
    const bool list = lists(out.size());
    std::size_t bit = 0;
    for (std::size_t i = 0; i < k; ++i, at += sizeof(Scalar)) {
      std::uint32_t place = 0;
      if (list) {
        std::memcpy(&place, where + 4 * i, 4);
      } else {
        while (bit < out.size() && (where[bit / 8] >> (bit % 8) & std::byte{1}) == std::byte{0})
          ++bit;
        place = static_cast<std::uint32_t>(bit++);
      }
      if (place >= out.size()) fail();
      std::memcpy(&out[place], at, sizeof(Scalar));
    }
  }

 private:
  [[noreturn]] static void fail() {
    throw TransportError("a message does not hold as many values as were to come");
  }
  std::size_t kept(std::size_t count) const {
    const auto k = static_cast<std::size_t>(std::ceil(config_.share * static_cast<double>(count)));
    return std::min(count, std::max<std::size_t>(1, k));
  }
  bool lists(std::size_t count) const { return 4 * kept(count) <= (count + 7) / 8; }

  // Of equal magnitudes the first, so that the choice is one; in ascending order.
  std::vector<std::uint32_t> largest(std::span<const Scalar> values) const {
    std::vector<std::uint32_t> places(values.size());
    std::iota(places.begin(), places.end(), 0u);
    const auto k = static_cast<std::ptrdiff_t>(kept(values.size()));
    if (k < std::ssize(places)) {
      std::nth_element(places.begin(), places.begin() + k, places.end(),
                       [&](std::uint32_t a, std::uint32_t b) {
                         const Scalar x = std::abs(values[a]), y = std::abs(values[b]);
                         return x > y || (x == y && a < b);
                       });
      places.resize(static_cast<std::size_t>(k));
    }
    std::sort(places.begin(), places.end());
    return places;
  }

  TopKCodec config_;
};

// Blocks of 256 values: the largest magnitude m as it is, then for each value its level q of
// -s..s, s = 2^(bits-1) - 1, as q + s in `bits` bits. It stands for q m / s.
template <class Scalar>
class Quantised final : public Codec<Scalar> {
 public:
  explicit Quantised(const QuantisedCodec& config)
      : config_(config), bits_(static_cast<std::size_t>(config.bits)) {
    UNDERSTUDY_CHECK(bits_ == 8 || bits_ == 4 || bits_ == 2);
  }
  bool error_feedback() const override { return config_.error_feedback; }

  std::size_t encoded_bytes(std::size_t count) const override {
    const std::size_t whole = count / kBlock, rest = count % kBlock;
    return whole * block_bytes(kBlock) + (rest == 0 ? 0 : block_bytes(rest));
  }

  void encode(std::span<const Scalar> values, RandomStream random,
              std::span<std::byte> out) const override {
    UNDERSTUDY_CHECK(out.size() == encoded_bytes(values.size()));
    std::fill(out.begin(), out.end(), std::byte{0});
    for (std::size_t first = 0; first < values.size(); first += kBlock) {
      const auto block = values.subspan(first, std::min(kBlock, values.size() - first));
      encode_block(block, random, out.first(block_bytes(block.size())));
      out = out.subspan(block_bytes(block.size()));
    }
  }

  void decode(std::span<const std::byte> bytes, std::span<Scalar> out) const override {
    if (bytes.size() != encoded_bytes(out.size()))
      throw TransportError("a message does not hold as many values as were to come");
    for (std::size_t first = 0; first < out.size(); first += kBlock) {
      const auto block = out.subspan(first, std::min(kBlock, out.size() - first));
      decode_block(bytes.first(block_bytes(block.size())), block);
      bytes = bytes.subspan(block_bytes(block.size()));
    }
  }

 private:
  static constexpr std::size_t kBlock = 256;

  std::size_t block_bytes(std::size_t count) const {
    return sizeof(Scalar) + (count * bits_ + 7) / 8;
  }
  // a b / c, exact where that is a whole number; the product may overflow where the ratio does not.
  static double ratio(double a, double b, double c) {
    return std::isfinite(a * b) ? a * b / c : a / c * b;
  }
  double levels() const { return static_cast<double>((1u << (bits_ - 1)) - 1); }

  void encode_block(std::span<const Scalar> values, RandomStream& random,
                    std::span<std::byte> out) const {
    Scalar largest = 0;
    for (const Scalar v : values) largest = std::max(largest, std::abs(v));
    std::memcpy(out.data(), &largest, sizeof largest);
    const auto codes = out.subspan(sizeof(Scalar));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double exact = largest == 0 ? 0
                                        : ratio(static_cast<double>(values[i]), levels(),
                                                static_cast<double>(largest));
      const double below = std::floor(exact);
      const double level = below + (random.uniform() < exact - below ? 1 : 0);
      const auto code = static_cast<unsigned>(level + levels());
      codes[i * bits_ / 8] |= static_cast<std::byte>(code << (i * bits_ % 8));
    }
  }

  void decode_block(std::span<const std::byte> bytes, std::span<Scalar> out) const {
    Scalar largest = 0;
    std::memcpy(&largest, bytes.data(), sizeof largest);
    const auto codes = bytes.subspan(sizeof(Scalar));
    const unsigned mask = (1u << bits_) - 1;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const unsigned code =
          std::to_integer<unsigned>(codes[i * bits_ / 8]) >> (i * bits_ % 8) & mask;
      const double level = static_cast<double>(code) - levels();
      out[i] = static_cast<Scalar>(ratio(level, static_cast<double>(largest), levels()));
    }
  }

  QuantisedCodec config_;
  std::size_t bits_;
};

// 2 bytes a value.
template <class Scalar>
class Half final : public Codec<Scalar> {
 public:
  std::size_t encoded_bytes(std::size_t count) const override { return 2 * count; }
  void encode(std::span<const Scalar> values, RandomStream,
              std::span<std::byte> out) const override {
    UNDERSTUDY_CHECK(out.size() == encoded_bytes(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint16_t bits = bits_of(static_cast<double>(values[i]));
      std::memcpy(out.data() + 2 * i, &bits, sizeof bits);
    }
  }
  void decode(std::span<const std::byte> bytes, std::span<Scalar> out) const override {
    if (bytes.size() != encoded_bytes(out.size()))
      throw TransportError("a message does not hold as many values as were to come");
    for (std::size_t i = 0; i < out.size(); ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, bytes.data() + 2 * i, sizeof bits);
      out[i] = static_cast<Scalar>(value_of(bits));
    }
  }

 private:
  static constexpr double kLargest = 65504;
  static constexpr int kFractionBits = 10, kBias = 15, kLeastExponent = 1 - kBias;

  // A sign, 5 bits of exponent, 10 of fraction. Both are counted in units of the last place, so that a
  // fraction rounded up to the next power of two carries into the exponent by itself.
  static std::uint16_t bits_of(double value) {
    const double size = std::min(std::abs(value), kLargest);
    int exponent = 0;
    std::frexp(size, &exponent);
    exponent = size == 0 ? kLeastExponent : std::max(exponent - 1, kLeastExponent);
    const auto units = static_cast<int>(std::nearbyint(std::ldexp(size, kFractionBits - exponent)));
    const int bits = ((exponent - kLeastExponent) << kFractionBits) + units;
    return static_cast<std::uint16_t>(bits | (std::signbit(value) ? 0x8000 : 0));
  }
  static double value_of(std::uint16_t bits) {
    const int exponent = bits >> kFractionBits & 0x1f, fraction = bits & 0x3ff;
    const double units = exponent == 0 ? fraction : fraction + (1 << kFractionBits);
    const double size = std::ldexp(units, std::max(exponent, 1) - kBias - kFractionBits);
    return (bits & 0x8000) != 0 ? -size : size;
  }
};

}  // namespace

template <class Scalar>
std::unique_ptr<Codec<Scalar>> make_codec(const CodecConfig& config) {
  if (const auto* top_k = std::get_if<TopKCodec>(&config))
    return std::make_unique<TopK<Scalar>>(*top_k);
  if (const auto* quantised = std::get_if<QuantisedCodec>(&config))
    return std::make_unique<Quantised<Scalar>>(*quantised);
  if (std::holds_alternative<HalfCodec>(config)) return std::make_unique<Half<Scalar>>();
  return std::make_unique<Plain<Scalar>>();
}

template <class Scalar>
void encode_with_feedback(const Codec<Scalar>& codec, std::span<const Scalar> values,
                          std::vector<Scalar>& residual, RandomStream random,
                          std::span<std::byte> out) {
  if (!codec.error_feedback()) return codec.encode(values, random, out);
  residual.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) residual[i] += values[i];
  codec.encode(residual, random, out);
  std::vector<Scalar> decoded(values.size());
  codec.decode(out, decoded);
  for (std::size_t i = 0; i < values.size(); ++i) residual[i] -= decoded[i];
}

template std::unique_ptr<Codec<float>> make_codec(const CodecConfig&);
template std::unique_ptr<Codec<double>> make_codec(const CodecConfig&);
template void encode_with_feedback(const Codec<float>&, std::span<const float>, std::vector<float>&,
                                   RandomStream, std::span<std::byte>);
template void encode_with_feedback(const Codec<double>&, std::span<const double>,
                                   std::vector<double>&, RandomStream, std::span<std::byte>);

}  // namespace understudy
