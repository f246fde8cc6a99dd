// What is drawn for messages, against the distributions packet by packet.
#include "sim/network/impairments.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "tests/network/chi_square.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

RandomStream stream(std::uint64_t seed) {
  return RandomStream({.seed = seed, .purpose = Purpose::kTest});
}

double binomial(int n, int k, double p) {
  const double ways = std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1));
  return ways * std::pow(p, k) * std::pow(1 - p, n - k);
}

// Five deviations of a mean.
double bound(double variance, double samples) { return 5 * std::sqrt(variance / samples); }

// How many, and whether the last one is among them: of n packets the last one is chosen with
// probability p, and of the other n - 1 a binomial number.
TEST(Choose, IsBinomialAndTreatsTheLastPacketAlike) {
  constexpr int kPackets = 6;
  for (const double p : {0.02, 0.3, 0.5, 0.71, 0.99}) {
    std::vector<std::int64_t> counts(2 * (kPackets + 1));
    std::vector<double> expected(counts.size());
    for (int k = 0; k < kPackets; ++k) {
      expected[static_cast<std::size_t>(2 * k)] = (1 - p) * binomial(kPackets - 1, k, p);
      expected[static_cast<std::size_t>(2 * k + 3)] = p * binomial(kPackets - 1, k, p);
    }
    RandomStream random = stream(1);
    for (int i = 0; i < 100'000; ++i) {
      const Packets chosen = choose({kPackets, true}, p, random);
      ++counts[static_cast<std::size_t>(2 * chosen.count + (chosen.last ? 1 : 0))];
    }
    SCOPED_TRACE(p);
    expect_distributed(counts, expected);
  }
}

TEST(Choose, NeverHasALastPacketThatIsNotThere) {
  RandomStream random = stream(2);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(choose({3, false}, 0.4, random).last);
    EXPECT_FALSE(choose({3, false}, 0.9, random).last);
  }
}

TEST(Choose, TakesNoneAndAllForCertain) {
  RandomStream random = stream(3);
  EXPECT_EQ(choose({1000, true}, 0, random), (Packets{0, false}));
  EXPECT_EQ(choose({1000, true}, 1, random), (Packets{1000, true}));
  EXPECT_EQ(choose({0, false}, 1, random), (Packets{0, false}));
}

// 10^15 packets, of which a hundred are lost or a hundred are not: nobody could wait for them one by
// one.
TEST(Choose, CostsWhatHappensAndNotWhatDoesNot) {
  constexpr double kPackets = 1e15;
  for (const double p : {1e-13, 1 - 1e-13}) {
    double rare = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      RandomStream random = stream(seed);
      const auto chosen = choose({1'000'000'000'000'000, true}, p, random).count;
      rare += p < 0.5 ? static_cast<double>(chosen) : kPackets - static_cast<double>(chosen);
    }
    const double mean = kPackets * std::min(p, 1 - p);  // of a Poisson number
    EXPECT_NEAR(rare / 100, mean, bound(mean, 100)) << p;
  }
}

// The chain packet by packet: a packet is lost by the state that it finds, then the state changes.
struct Chain {
  static constexpr int kPackets = 5;
  using Cells = std::vector<double>;  // by lost packets, whether the last one is, and the end state
  static std::size_t cell(std::int64_t lost, bool last, bool bad) {
    return static_cast<std::size_t>(4 * lost + (last ? 2 : 0) + (bad ? 1 : 0));
  }
  static Cells distribution(const GilbertElliottLoss& c, bool begins_bad) {
    Cells now(4 * (kPackets + 1));
    now[cell(0, false, begins_bad)] = 1;
    for (int packet = 0; packet < kPackets; ++packet) {
      Cells next(now.size());
      for (int lost = 0; lost <= packet; ++lost) {
        for (const bool last : {false, true}) {
          for (const bool bad : {false, true}) {
            const double here = now[cell(lost, last, bad)];
            const double lose = bad ? c.loss_bad : c.loss_good, leave = bad ? c.q : c.p;
            next[cell(lost + 1, true, bad)] += here * lose * (1 - leave);
            next[cell(lost + 1, true, !bad)] += here * lose * leave;
            next[cell(lost, false, bad)] += here * (1 - lose) * (1 - leave);
            next[cell(lost, false, !bad)] += here * (1 - lose) * leave;
          }
        }
      }
      now = next;
    }
    return now;
  }
};

TEST(GilbertElliott, IsTheChainPacketByPacket) {
  const std::vector<GilbertElliottLoss> configs = {{.p = 0.3, .q = 0.4},
                                                   {0.3, 0.4, 0.1, 0.8},
                                                   {0.9, 0.7, 0.6, 0.2},
                                                   {1, 1, 0, 1},
                                                   {0, 0.5, 0.25, 1}};
  for (std::size_t c = 0; c < configs.size(); ++c) {
    for (const bool begins_bad : {false, true}) {
      std::vector<std::int64_t> counts(4 * (Chain::kPackets + 1));
      RandomStream random = stream(10 + c);
      for (int i = 0; i < 100'000; ++i) {
        bool bad = begins_bad;
        const Packets lost = lose_in_bursts({Chain::kPackets, true}, configs[c], bad, random);
        ++counts[Chain::cell(lost.count, lost.last, bad)];
      }
      SCOPED_TRACE(testing::Message() << "config " << c << (begins_bad ? ", bad" : ", good"));
      const auto expected = Chain::distribution(configs[c], begins_bad);
      if (std::count(expected.begin(), expected.end(), 1.0) == 1) {
        EXPECT_EQ(counts[static_cast<std::size_t>(std::find(expected.begin(), expected.end(), 1.0) -
                                                  expected.begin())],
                  100'000);
      } else {
        expect_distributed(counts, expected);
      }
    }
  }
}

Topology two_links() { return path({{Bandwidth{1e6}, 20ms}, {Bandwidth{1e6}, 30ms}}); }

// Losses without end of packets sent one by one, or many to a message: the mean loss of the chain is
// p / (p + q), and its sum over N packets has variance N pi (1 - pi) (2 - p - q) / (p + q).
TEST(GilbertElliott, LosesItsShareInBurstsOfItsLength) {
  const GilbertElliottLoss chain{.p = 0.02, .q = 0.25};
  const double share = chain.p / (chain.p + chain.q);
  const double variance = share * (1 - share) * (2 - chain.p - chain.q) / (chain.p + chain.q);
  for (const std::int64_t packets : {1, 7, 1000}) {
    Impairments link(std::vector{ImpairmentConfig{.loss = chain}}, two_links(), 5);
    constexpr std::int64_t kPackets = 700'000;
    std::int64_t lost = 0, bursts = 0;
    bool before = false;
    for (std::int64_t sent = 0; sent < kPackets; sent += packets) {
      const std::int64_t now = link.draw(LinkId{0}, {packets, true}).lost.count;
      lost += now;
      if (now > 0 && !before) ++bursts;  // counts only where each message is a packet
      before = now > 0;
    }
    EXPECT_NEAR(static_cast<double>(lost) / kPackets, share, bound(variance, kPackets)) << packets;
    if (packets > 1) continue;
    const double mean = static_cast<double>(lost) / static_cast<double>(bursts);
    EXPECT_NEAR(mean, 1 / chain.q,
                bound((1 - chain.q) / (chain.q * chain.q), static_cast<double>(bursts)));
  }
}

TEST(Impairments, DropSpoilAndRepeatEachOfWhatIsLeft) {
  const ImpairmentConfig config{.loss = BernoulliLoss{0.1}, .duplicate = 0.3, .corrupt = 0.2};
  Impairments link(std::vector{config}, two_links(), 1);
  double lost = 0, corrupted = 0, duplicated = 0;
  constexpr int kMessages = 2000, kPackets = 50;
  for (int i = 0; i < kMessages; ++i) {
    const Outcome outcome = link.draw(LinkId{1}, {kPackets, true});
    EXPECT_LE(outcome.lost.last + outcome.corrupted.last + (outcome.duplicated.last ? 1 : 0), 1);
    lost += static_cast<double>(outcome.lost.count);
    corrupted += static_cast<double>(outcome.corrupted.count);
    duplicated += static_cast<double>(outcome.duplicated.count);
  }
  constexpr double kAll = kMessages * kPackets;
  const auto expect = [](double count, double p) {
    EXPECT_NEAR(count / kAll, p, bound(p * (1 - p), kAll));
  };
  expect(lost, 0.1);
  expect(corrupted, 0.9 * 0.2);
  expect(duplicated, 0.9 * 0.8 * 0.3);
}

TEST(Impairments, TouchNothingWhereThereIsNone) {
  Impairments links(std::vector{ImpairmentConfig{.links = "node0->*", .loss = BernoulliLoss{1}}},
                    two_links(), 1);
  EXPECT_EQ(links.draw(LinkId{0}, {9, true}), (Outcome{.lost = {9, true}}));
  for (const std::uint32_t other : {1u, 2u, 3u})
    EXPECT_EQ(links.draw(LinkId{other}, {9, true}), Outcome{});
}

TEST(Impairments, HoldByTheLastEntry) {
  Impairments links(std::vector{ImpairmentConfig{.loss = BernoulliLoss{1}},
                                ImpairmentConfig{.links = "node0<->node1", .corrupt = 1},
                                ImpairmentConfig{.links = "node1->node0"}},
                    two_links(), 1);
  EXPECT_EQ(links.draw(LinkId{0}, {9, true}), (Outcome{.corrupted = {9, true}}));
  EXPECT_EQ(links.draw(LinkId{1}, {9, true}), Outcome{});
  EXPECT_EQ(links.draw(LinkId{2}, {9, true}), (Outcome{.lost = {9, true}}));
}

TEST(Impairments, NameTheLinkThatIsMeant) {
  const std::vector configs{ImpairmentConfig{.links = "node0->node11"}};
  try {
    Impairments(configs, two_links(), 1);
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(problem.what(),
                 "no link of the topology is called 'node0->node11'; did you mean 'node0->node1'?");
  }
}

// The draws of a link depend on its own past only.
TEST(Impairments, AreTheSameForTheSameSeedWhateverHappensElsewhere) {
  const std::vector configs{ImpairmentConfig{.jitter = NormalJitter{5ms, 0.5},
                                             .loss = GilbertElliottLoss{.p = 0.1, .q = 0.2},
                                             .duplicate = 0.1,
                                             .corrupt = 0.1,
                                             .reorder = 0.1}};
  Impairments alone(configs, two_links(), 7), busy(configs, two_links(), 7);
  Impairments other_seed(configs, two_links(), 8);
  int same_seed_other = 0, same_link_other = 0;
  for (int i = 0; i < 200; ++i) {
    const Packets packets{1 + i % 50, true};
    const Outcome outcome = alone.draw(LinkId{2}, packets);
    for (int j = 0; j < i % 3; ++j) busy.draw(LinkId{0}, {17, true});
    const Outcome other = busy.draw(LinkId{3}, packets);
    EXPECT_EQ(busy.draw(LinkId{2}, packets), outcome);
    same_link_other += other == outcome ? 1 : 0;
    same_seed_other += other_seed.draw(LinkId{2}, packets) == outcome ? 1 : 0;
  }
  EXPECT_LT(same_seed_other, 20);
  EXPECT_LT(same_link_other, 20);
}

// With a deviation as large as the latency the sum would be below none with probability
// Phi(-1) = 0.1587.
TEST(Impairments, NeverDeliverBeforeTheMessageWasSent) {
  Impairments links(std::vector{ImpairmentConfig{.jitter = NormalJitter{20ms}}}, two_links(), 3);
  constexpr int kMessages = 100'000;
  int cut_off = 0;
  for (int i = 0; i < kMessages; ++i) {
    const Duration delay = links.draw(LinkId{0}, {1, true}).delay;
    ASSERT_GE(delay, -20ms);
    cut_off += delay == -20ms ? 1 : 0;
  }
  const double p = 0.5 * std::erfc(1 / std::sqrt(2));
  EXPECT_NEAR(cut_off / double{kMessages}, p, bound(p * (1 - p), kMessages));
}

TEST(Impairments, ReorderBySkippingTheLatencyOfThePresent) {
  const ImpairmentConfig config{.jitter = UniformJitter{1ms}, .reorder = 1};
  Impairments links(std::vector{config}, two_links(), 3);
  EXPECT_EQ(links.draw(LinkId{0}, {1, true}).delay, -20ms);
  EXPECT_EQ(links.draw(LinkId{2}, {1, true}).delay, -30ms);
  links.set_latency(LinkId{2}, 7ms);
  EXPECT_EQ(links.draw(LinkId{2}, {1, true}).delay, -7ms);
}

}  // namespace
}  // namespace understudy
