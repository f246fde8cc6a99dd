// Answers made smaller on their way: their bytes, and what error feedback makes good.
#include <cmath>

#include "tests/federated/harness.hpp"

namespace understudy {
namespace {

// At x = 0 each client's first coordinate pulls ten times as hard as its second, in opposite
// directions; together only the second has somewhere to go, the mean's minimum (0, 1).
Federation pulled_apart(const CodecConfig& upload) {
  Federation f;
  f.bowls = {{{1, 1}, {10, 1}}, {{1, 1}, {-10, 1}}};
  f.config = {.rounds = 4000, .local_steps = 1};
  f.config.upload = upload;
  f.lr = 0.005;
  return f;
}

TEST(Uploads, WithErrorFeedbackConvergeWhereLeavingOutAloneDoesNot) {
  const auto with = run(pulled_apart(TopKCodec{.share = 0.5})).models.back();
  // What is not sent yet is at most what the larger coordinate sends in a round or two, 0.05 each.
  EXPECT_NEAR(with[0], 0, 0.1);
  EXPECT_NEAR(with[1], 1, 0.1);
  const auto without =
      run(pulled_apart(TopKCodec{.share = 0.5, .error_feedback = false})).models.back();
  EXPECT_EQ(without[1], 0);
}

// One minimum for all: answers vanish there, and with them what was left out.
TEST(Uploads, WithErrorFeedbackConvergeToACommonMinimum) {
  Federation f;
  f.bowls = {{{1, 4, 2, 3}, {1, 2, 3, 4}}, {{3, 1, 4, 2}, {1, 2, 3, 4}}};
  f.config = {.rounds = 2000, .local_steps = 2};
  f.config.upload = TopKCodec{.share = 0.25};
  f.lr = 0.05;
  const auto x = run(f).models.back();
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(x[j], static_cast<double>(j + 1), 1e-9);
}

// A mean of roundings that are each right in the mean.
TEST(Uploads, QuantisedConvergeToACommonMinimum) {
  for (const int bits : {8, 4, 2}) {
    Federation f;
    f.bowls = {{{1, 2}, {1, -2}}, {{2, 1}, {1, -2}}};
    f.config = {.rounds = 1500, .local_steps = 1};
    f.config.upload = QuantisedCodec{.bits = bits};
    f.lr = 0.1;
    const auto x = run(f).models.back();
    EXPECT_NEAR(x[0], 1, 1e-6) << bits;
    EXPECT_NEAR(x[1], -2, 1e-6) << bits;
  }
}

// Of four values one and four bits of places; of four values in 4 bits the largest and two bytes.
TEST(Uploads, TravelInAsManyBytesAsTheyTake) {
  Federation f;
  f.bowls.push_back({{1, 1, 1, 1}, {1, 2, 3, 4}});
  f.config = {.rounds = 3, .local_steps = 1};
  const auto bytes_up = [&f] { return run(f).world.nodes[0].bytes_sent; };
  f.config.upload = NoCodec{};
  EXPECT_EQ(bytes_up(), 3 * (24 + 32));
  f.config.upload = TopKCodec{.share = 0.25};
  EXPECT_EQ(bytes_up(), 3 * (24 + 8 + 1));
  f.config.upload = QuantisedCodec{.bits = 4};
  EXPECT_EQ(bytes_up(), 3 * (24 + 8 + 2));
}

TEST(Uploads, ResumeWithTheSameBits) {
  for (const CodecConfig& upload :
       {CodecConfig{TopKCodec{.share = 0.5}},
        CodecConfig{QuantisedCodec{.bits = 4, .error_feedback = true}}}) {
    Federation f = pulled_apart(upload);
    f.config.rounds = 8;
    std::vector<WorldSnapshot> snapshots;
    f.on_safe_point = [&](const WorldSnapshot& s) { snapshots.push_back(s); };
    const FederationEnd whole = run(f);
    f.on_safe_point = nullptr;
    f.resume = &snapshots.at(3);
    const FederationEnd resumed = run(f);
    EXPECT_EQ(resumed.models.back(), whole.models.back());
    EXPECT_EQ(resumed.residuals, whole.residuals);
  }
}

}  // namespace
}  // namespace understudy
