// Codecs: sizes, exact round trips, unbiased rounding within its variance, and error feedback's sums.
#include "runtime/training/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

template <class Scalar>
std::vector<Scalar> round_trip(const Codec<Scalar>& codec, const std::vector<Scalar>& values,
                               std::uint32_t step = 0) {
  std::vector<std::byte> bytes(codec.encoded_bytes(values.size()));
  codec.encode(values, RandomStream({.purpose = Purpose::kCodec, .step = step}), bytes);
  std::vector<Scalar> out(values.size());
  codec.decode(bytes, out);
  return out;
}

std::vector<double> normals(std::size_t count, std::uint32_t step) {
  RandomStream random({.purpose = Purpose::kTest, .step = step});
  std::vector<double> values(count);
  for (double& v : values) v = random.normal();
  return values;
}

TEST(Codec, OfNothingIsTheBytesThemselves) {
  const auto codec = make_codec<double>(NoCodec{});
  EXPECT_EQ(codec->encoded_bytes(10), 80u);
  const auto values = normals(10, 1);
  EXPECT_EQ(round_trip(*codec, values), values);
}

// 1 % of 1000 floats: 10 values and 10 places of 4 bytes. Half of them: 500 values and 1000 bits.
TEST(TopK, TakesTheShorterOfPlacesAndBits) {
  EXPECT_EQ(make_codec<float>(TopKCodec{.share = 0.01})->encoded_bytes(1000), 10u * (4 + 4));
  EXPECT_EQ(make_codec<float>(TopKCodec{.share = 0.5})->encoded_bytes(1000), 500u * 4 + 125);
  EXPECT_EQ(make_codec<float>(TopKCodec{.share = 1e-9})->encoded_bytes(3), 4u + 1);
}

TEST(TopK, KeepsTheLargestAndOfEqualOnesTheFirst) {
  const auto codec = make_codec<double>(TopKCodec{.share = 0.5});
  EXPECT_THAT(round_trip<double>(*codec, {1, -5, 2, -2, 0, 3}),
              testing::ElementsAre(0, -5, 2, 0, 0, 3));
  const auto few = make_codec<float>(TopKCodec{.share = 0.001});
  std::vector<float> values(2000);
  values[7] = -1;
  values[1999] = 2;
  EXPECT_EQ(round_trip(*few, values), values);
}

TEST(TopK, OfAllIsExact) {
  const auto values = normals(77, 2);
  EXPECT_EQ(round_trip(*make_codec<double>(TopKCodec{.share = 1}), values), values);
}

TEST(TopK, RefusesPlacesOutsideTheVector) {
  const auto codec = make_codec<float>(TopKCodec{.share = 0.01});
  std::vector<std::byte> bytes(codec->encoded_bytes(1000), std::byte{0xff});
  std::vector<float> out(1000);
  EXPECT_THROW(codec->decode(bytes, out), TransportError);
  EXPECT_THROW(codec->decode(std::span(bytes).first(3), out), TransportError);
}

// A block's largest value of 4 bytes, and the bits; the last block is shorter.
TEST(Quantised, HasTheSizeOfItsBits) {
  EXPECT_EQ(make_codec<float>(QuantisedCodec{.bits = 8})->encoded_bytes(256), 4u + 256);
  EXPECT_EQ(make_codec<float>(QuantisedCodec{.bits = 4})->encoded_bytes(512), 2u * (4 + 128));
  EXPECT_EQ(make_codec<float>(QuantisedCodec{.bits = 2})->encoded_bytes(257), 4u + 64 + 4 + 1);
}

// Whole multiples of the step m / s, s = 127, 7 and 1, have a level of their own.
TEST(Quantised, IsExactOnItsLevels) {
  for (const auto& [bits, levels] : {std::pair{8, 127}, std::pair{4, 7}, std::pair{2, 1}}) {
    const auto codec = make_codec<double>(QuantisedCodec{.bits = bits});
    std::vector<double> values;
    for (int i = 0; i < 300; ++i) values.push_back(i % (2 * levels + 1) - levels);
    values[256] = levels;  // so that it is the largest of the second block too
    EXPECT_EQ(round_trip(*codec, values), values) << bits;
  }
  EXPECT_EQ(round_trip(*make_codec<float>(QuantisedCodec{.bits = 2}), std::vector<float>(5)),
            std::vector<float>(5));
}

// A value that lies a share p of a step D = m / s above a level goes up with probability p: its mean is
// itself and its variance D^2 p (1 - p), which summed is below sqrt(n) / s |v|^2 (Alistarh et al.).
TEST(Quantised, IsUnbiasedWithTheVarianceOfItsSteps) {
  constexpr std::uint32_t kDraws = 4000;
  for (const auto& [bits, levels] : {std::pair{8, 127.0}, std::pair{4, 7.0}, std::pair{2, 1.0}}) {
    const auto codec = make_codec<double>(QuantisedCodec{.bits = bits});
    const auto values = normals(40, 3);
    double largest = 0, squares = 0;
    for (const double v : values) {
      largest = std::max(largest, std::abs(v));
      squares += v * v;
    }
    std::vector<double> sum(values.size());
    double error = 0, expected = 0;
    for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
      const auto out = round_trip(*codec, values, draw);
      for (std::size_t i = 0; i < values.size(); ++i) {
        sum[i] += out[i];
        error += (out[i] - values[i]) * (out[i] - values[i]);
      }
    }
    const double step = largest / levels;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double place = values[i] / step, p = place - std::floor(place);
      const double variance = step * step * p * (1 - p);
      expected += variance;
      // Five standard errors of the mean, and what a level is off by through rounding.
      EXPECT_NEAR(sum[i] / kDraws, values[i], 5 * std::sqrt(variance / kDraws) + 1e-12);
    }
    EXPECT_NEAR(error / kDraws, expected, 0.05 * expected) << bits;
    EXPECT_LE(expected, std::sqrt(40.0) / levels * squares);
  }
}

// Values of few digits add up exactly, so that the identity holds to the bit.
TEST(ErrorFeedback, LosesNothingInSum) {
  for (const CodecConfig& config :
       {CodecConfig{TopKCodec{.share = 0.1}},
        CodecConfig{QuantisedCodec{.bits = 4, .error_feedback = true}}}) {
    const auto codec = make_codec<double>(config);
    std::vector<double> residual, sent(50), decoded(50), came(50);
    for (std::uint32_t step = 0; step < 30; ++step) {
      auto values = normals(50, 100 + step);
      for (double& v : values) v = std::round(v * 1024) / 1024;
      std::vector<std::byte> bytes(codec->encoded_bytes(50));
      encode_with_feedback<double>(*codec, values, residual,
                                   RandomStream({.purpose = Purpose::kCodec, .step = step}), bytes);
      codec->decode(bytes, came);
      for (std::size_t i = 0; i < 50; ++i) {
        sent[i] += values[i];
        decoded[i] += came[i];
      }
    }
    const bool exact = std::holds_alternative<TopKCodec>(config);
    for (std::size_t i = 0; i < 50; ++i)
      EXPECT_NEAR(decoded[i], sent[i] - residual[i], exact ? 0 : 1e-12);
  }
}

TEST(ErrorFeedback, IsLeftOutWhereItIsNotAskedFor) {
  const auto codec = make_codec<double>(TopKCodec{.share = 0.1, .error_feedback = false});
  std::vector<double> residual;
  std::vector<std::byte> bytes(codec->encoded_bytes(50));
  encode_with_feedback<double>(*codec, normals(50, 5), residual, RandomStream({}), bytes);
  EXPECT_TRUE(residual.empty());
}

// What binary16 holds comes back as it went: integers to 2048, powers of two down to 2^-24, both ends.
TEST(Half, KeepsWhatFitsAndRoundsTheRestToTheNearest) {
  const auto codec = make_codec<double>(HalfCodec{});
  EXPECT_EQ(codec->encoded_bytes(7), 14u);
  const std::vector<double> exact{0,      1,     -1,      2048,    -2047,       65504,
                                  -65504, 0.625, 0x1p-14, 0x1p-24, 3 * 0x1p-24, -1023 * 0x1p-24};
  EXPECT_EQ(round_trip(*codec, exact), exact);
  // 2049 lies between 2048 and 2050 and goes to the even fraction, 2051 likewise to 2052; 0.1 is nearest
  // to 1638 / 2^14; 4095.9 to the next power of two; below half of 2^-24 is nothing.
  EXPECT_THAT(round_trip<double>(*codec, {2049, 2051, 0.1, 4095.9, 0.4 * 0x1p-24, 1e6, -1e9}),
              testing::ElementsAre(2048, 2052, 1638 * 0x1p-14, 4096, 0, 65504, -65504));
}

}  // namespace
}  // namespace understudy
