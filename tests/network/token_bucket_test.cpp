// Token buckets against worked examples (RFC 2697: a bucket of `burst` tokens, full at first, that
// gains `rate` a second; tbf(8): what leaves at the peak while there are tokens), and against their
// definition: at most burst + rate x t in any time t.
#include <gtest/gtest.h>

#include <chrono>

#include "runtime/base/errors.hpp"
#include "runtime/base/random.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

constexpr double kTolerance_s = 1e-11;

// 1 MB/s, with 500 kB in the bucket, on links of 2 MB/s unless a test says otherwise.
const TokenBucketConfig kBucket{.rate = Bandwidth{8e6}, .burst = Bytes{500'000}};

QueuedConfig shaped(TokenBucketConfig bucket, PacketConfig packet = {}) {
  return {.token_buckets = {std::move(bucket)}, .conditions = {.packet = packet}};
}
Topology one_link(double bits_per_s = 16e6) { return path({{Bandwidth{bits_per_s}, 0ms}}); }

TEST(TokenBucket, LetsABurstPassAndThenTheRate) {
  // Tokens go at 2 - 1 MB/s: they last for 0.5 s, in which 1 MB leaves.
  for (const auto& [bytes, end_s] : {std::pair<std::int64_t, double>{500'000, 0.25},
                                     {1'000'000, 0.5},
                                     {1'500'000, 1.0},
                                     {3'000'000, 2.5}}) {
    Traffic t(shaped(kBucket), one_link());
    t.start(0, 1, bytes);
    t.run_to_the_end();
    EXPECT_NEAR(t.end_s(0), end_s, kTolerance_s) << bytes;
  }
}

TEST(TokenBucket, IsTheSameForManyMessagesAsForOne) {
  Traffic t(shaped(kBucket), one_link());
  for (int i = 0; i < 30; ++i) t.start(0, 1, 100'000);
  t.run_to_the_end();
  for (std::size_t i = 0; i < 30; ++i) {
    const double megabytes = 0.1 * static_cast<double>(i + 1);
    EXPECT_NEAR(t.end_s(i), std::max(megabytes / 2, megabytes - 0.5), kTolerance_s);
  }
}

TEST(TokenBucket, ShapesTrainsAndPacketsAlike) {
  // The first link's departures are those of above; each packet is sent in 1 us behind it.
  const PacketConfig packet{.payload = Bytes{90'000}, .overhead = Bytes{10'000}};
  QueuedConfig config = shaped(kBucket, packet);
  config.token_buckets[0].links = "node0->node1";
  Traffic first(config, path({{Bandwidth{16e6}, 0ms}, {Bandwidth{8e11}, 0ms}}));
  first.start(0, 2, 30 * 90'000);
  first.run_to(1.7);
  EXPECT_EQ(first.network().statistics()[2].bytes, 2'100'000);
  first.run_to_the_end();
  EXPECT_NEAR(first.end_s(0), 2.5 + 1e-6, kTolerance_s);

  config.token_buckets[0].links = "node1->node2";
  Traffic second(config, path({{Bandwidth{8e11}, 0ms}, {Bandwidth{16e6}, 0ms}}));
  second.start(0, 2, 30 * 90'000);
  second.run_to_the_end();
  // While the first packet is sent on the first link nothing is missing from the full bucket.
  EXPECT_NEAR(second.end_s(0), 1e-6 + 2.5, kTolerance_s);
}

TEST(TokenBucket, FillsWhileIdleUpToTheBurst) {
  for (const auto& [rest_s, end_s] : {std::pair<double, double>{0.2, 0.8}, {0.5, 0.5}, {9, 0.5}}) {
    Traffic t(shaped(kBucket), one_link());
    t.start(0, 1, 1'000'000);  // takes all tokens, until 0.5 s
    t.run_to(0.5 + rest_s);
    t.start(0, 1, 1'000'000);  // with 0.2 MB: 0.4 MB in 0.2 s, then 0.6 MB at 1 MB/s
    t.run_to_the_end();
    EXPECT_NEAR(t.end_s(1) - 0.5 - rest_s, end_s, kTolerance_s) << rest_s;
  }
}

TEST(TokenBucket, FillsWhileTheLinkIsDown) {
  Traffic t(shaped(kBucket), one_link());
  t.start(0, 1, 3'000'000);
  t.start(0, 1, 1'000'000);
  t.run_to(1);  // 1.5 MB have left, and no tokens
  t.set_link(0, 16e6, false);
  t.run_to(1.3);
  t.set_link(0, 16e6, true);
  t.run_to_the_end();
  // 0.3 MB of tokens: 0.6 MB in 0.3 s, the other 0.9 at 1 MB/s.
  EXPECT_NEAR(t.end_s(0), 1.3 + 0.3 + 0.9, kTolerance_s);
  EXPECT_NEAR(t.end_s(1), t.end_s(0) + 1, kTolerance_s);
}

TEST(TokenBucket, KeepsTheTokensOfWhatIsCancelled) {
  Traffic t(shaped(kBucket), one_link());
  t.start(0, 1, 1'000'000);
  t.start(0, 1, 1'000'000);
  t.run_to(0.3);  // 0.6 MB have left with 0.3 MB of the tokens: 0.2 MB are there
  t.cancel(0);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(1), 0.3 + 0.2 + 0.6, kTolerance_s);
}

TEST(TokenBucket, FollowsTheLinksBandwidth) {
  Traffic t(shaped(kBucket), one_link(12e6));
  t.start(0, 1, 3'000'000);
  t.run_to(0.4);  // 0.6 MB at 1.5 MB/s, 0.3 MB of tokens are left
  t.set_link(0, 32e6);
  t.run_to_the_end();
  // At 4 MB/s they last for 0.1 s and 0.4 MB.
  EXPECT_NEAR(t.end_s(0), 0.4 + 0.1 + 2, kTolerance_s);
}

TEST(TokenBucket, SendsNoFasterThanThePeakOrTheLink) {
  TokenBucketConfig bucket = kBucket;
  bucket.peak = Bandwidth{12e6};
  Traffic slow(shaped(bucket), one_link());
  slow.start(0, 1, 3'000'000);
  slow.run_to_the_end();
  EXPECT_NEAR(slow.end_s(0), 2.5, kTolerance_s);  // 1.5 MB in 1 s, then 1 MB/s
  Traffic quick(shaped(bucket), one_link());
  quick.start(0, 1, 900'000);
  quick.run_to_the_end();
  EXPECT_NEAR(quick.end_s(0), 0.6, kTolerance_s);
  bucket.peak = Bandwidth{1e12};
  Traffic unlimited(shaped(bucket), one_link());
  unlimited.start(0, 1, 900'000);
  unlimited.run_to_the_end();
  EXPECT_NEAR(unlimited.end_s(0), 0.45, kTolerance_s);
}

TEST(TokenBucket, WithoutABurstIsALinkOfTheRate) {
  Traffic t(shaped({.rate = Bandwidth{8e6}, .burst = Bytes{0}}), one_link());
  t.start(0, 1, 700'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 0.7, kTolerance_s);
}

TEST(TokenBucket, OfTheLastEntryThatFitsHolds) {
  const TokenBucketConfig fast{.links = "node0->*", .rate = Bandwidth{1e9}, .burst = Bytes{0}};
  Traffic t({QueuedConfig{.token_buckets = {kBucket, fast}}}, one_link());
  t.start(0, 1, 3'000'000);
  t.start(1, 0, 3'000'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 1.5, kTolerance_s);
  EXPECT_NEAR(t.end_s(1), 2.5, kTolerance_s);
}

TEST(TokenBucket, ForNoLinkIsAnError) {
  const Topology topology = one_link();
  EXPECT_THROW(make_network_model(shaped({.links = "node0->node2"}), topology), ScenarioError);
  QueuedConfig config;
  config.limits.push_back({.links = "nod0->node1", .packets = 3});
  EXPECT_THROW(make_network_model(config, topology), ScenarioError);
}

TEST(TokenBucket, OfEachWayOfAMediumIsItsOwn) {
  // The way there has used up its tokens at 0.5 s; the way back has all of them.
  Traffic t(shaped(kBucket), path({{Bandwidth{16e6}, 0ms, std::nullopt, Duplex::kHalf}}));
  t.start(0, 1, 1'000'000);
  t.start(1, 0, 1'000'000);
  t.start(0, 1, 1'000'000);  // tokens have come for 0.5 s in the meantime
  t.run_to(0.75);
  t.set_link(0, 16e6);  // nothing new, but everything is computed again
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 0.5, kTolerance_s);
  EXPECT_NEAR(t.end_s(1), 1.0, kTolerance_s);
  EXPECT_NEAR(t.end_s(2), 1.5, kTolerance_s);
}

struct Departures {
  std::vector<std::pair<TimePoint, double>> bytes;  // that left by then since the one before
  double total() const {
    double sum = 0;
    for (const auto& [time, size] : bytes) sum += size;
    return sum;
  }
};

// Random messages over one link, which is changed and cancelled on now and then.
Departures random_departures(std::uint64_t seed, const QueuedConfig& config, bool disturb) {
  RandomStream random({.seed = seed, .purpose = Purpose::kTest});
  Traffic t(config, one_link());
  std::vector<double> sizes;
  for (std::size_t i = 0; i < 200; ++i) {
    t.run_to(t.now() + Duration{static_cast<std::int64_t>(random.below(100'000'000'000))});
    sizes.push_back(static_cast<double>(random.below(i % 20 == 0 ? 2'000'000 : 50'000)));
    t.start(0, 1, static_cast<std::int64_t>(sizes.back()));
    if (!disturb) continue;
    const auto victim = static_cast<std::size_t>(random.below(i + 1));
    if (random.below(10) == 0 && t.is_under_way(victim)) t.cancel(victim);
    if (random.below(5) == 0) t.set_link(0, random.uniform(4e6, 40e6), random.below(3) != 0);
  }
  t.set_link(0, 16e6);
  t.run_to_the_end();
  Departures departures;
  for (const std::size_t i : t.order()) departures.bytes.emplace_back(*t.end(i), sizes[i]);
  return departures;
}

TEST(TokenBucket, LetsAtMostBurstAndRateThroughInAnyTime) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Departures departures = random_departures(seed, shaped(kBucket), seed % 2 == 1);
    double tightest = 0;
    for (std::size_t i = 0; i < departures.bytes.size(); ++i) {
      double bytes = 0;  // that left after the i-th's departure
      for (std::size_t j = i + 1; j < departures.bytes.size(); ++j) {
        bytes += departures.bytes[j].second;
        const double time_s = to_seconds(departures.bytes[j].first - departures.bytes[i].first);
        const double allowed = 500'000 + 1e6 * time_s;
        ASSERT_LE(bytes, allowed + 1e-4) << "seed " << seed;
        tightest = std::max(tightest, bytes / allowed);
      }
    }
    EXPECT_GT(tightest, 0.9) << "the bucket was never empty: nothing has been tested";
  }
}

TEST(TokenBucket, LetsTheRateThroughInTheLongRun) {
  Traffic t(shaped(kBucket), one_link());
  for (int i = 0; i < 1000; ++i) t.start(0, 1, 100'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(999), 100 - 0.5, kTolerance_s);  // 100 MB at 1 MB/s, but for the burst
}

TEST(TokenBucket, OfAtLeastTheBandwidthChangesNothing) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Departures plain = random_departures(seed, {}, false);
    const auto bucketed =
        random_departures(seed, shaped({.rate = Bandwidth{16e6}, .burst = Bytes{0}}), false);
    EXPECT_EQ(plain.bytes, bucketed.bytes);
    EXPECT_GT(plain.total(), 0);
  }
}

}  // namespace
}  // namespace understudy
