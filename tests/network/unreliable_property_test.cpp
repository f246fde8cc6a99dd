// Random traffic over random impairments: whatever is drawn, every transfer ends once, and the same
// seed gives the same ends.
#include <gtest/gtest.h>

#include <chrono>

#include "runtime/base/random.hpp"
#include "tests/network/lossy_traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

JitterConfig some_jitter(RandomStream& random) {
  const double correlation = random.below(2) == 0 ? 0 : random.uniform();
  const Duration deviation = from_seconds(random.uniform(0, 5e-3));
  switch (random.below(4)) {
    case 0:
      return UniformJitter{deviation, correlation};
    case 1:
      return NormalJitter{deviation, correlation};
    case 2:
      return ParetoJitter{deviation, correlation};
    default:
      return ParetoNormalJitter{deviation, correlation};
  }
}

LossConfig some_loss(RandomStream& random) {
  if (random.below(2) == 0) return BernoulliLoss{random.uniform(0, 0.2)};
  return GilbertElliottLoss{random.uniform(0, 0.2), random.uniform(0.1, 1), random.uniform(0, 0.05),
                            random.uniform()};
}

NetworkConditions some_conditions(RandomStream& random) {
  NetworkConditions out;
  if (random.below(4) != 0)
    out.packet.payload = Bytes{static_cast<std::int64_t>(100 + random.below(10'000))};
  if (random.below(2) == 0) {
    out.reliability = UnreliableConfig{};
  } else {
    out.reliability = RetransmitConfig{from_seconds(random.uniform(1e-4, 1e-2)),
                                       static_cast<int>(1 + random.below(8))};
  }
  const char* const patterns[] = {"*", "machine0->*", "*->machine1", "switch<->machine2"};
  for (std::uint64_t i = 0; i <= random.below(3); ++i) {
    ImpairmentConfig impairment{.links = patterns[random.below(4)]};
    if (random.below(2) == 0) impairment.jitter = some_jitter(random);
    if (random.below(2) == 0) impairment.loss = some_loss(random);
    if (random.below(2) == 0) impairment.duplicate = random.uniform();
    if (random.below(2) == 0) impairment.corrupt = random.uniform(0, 0.1);
    if (random.below(2) == 0) impairment.reorder = random.uniform();
    out.impairments.push_back(impairment);
  }
  return out;
}

NetworkConfig some_network(RandomStream& random) {
  const NetworkConditions conditions = some_conditions(random);
  switch (random.below(3)) {
    case 0:
      return IdealConfig{.conditions = conditions};
    case 1:
      return QueuedConfig{.conditions = conditions};
    default:
      return FairShareConfig{.conditions = conditions};
  }
}

struct Outcome {
  std::vector<std::optional<End>> ends;
  std::vector<std::size_t> order;
  std::vector<std::int64_t> counts;
  std::vector<std::int64_t> sizes;
  std::size_t cancelled = 0;
};

void count(const LinkStatistics& link, std::vector<std::int64_t>& out) {
  out.insert(out.end(), {link.bytes, link.messages, link.busy.count(), link.queueing.count(),
                         link.lost_packets, link.corrupted_packets, link.duplicated_packets});
}

Outcome run(std::uint64_t seed, bool ask_often = false) {
  RandomStream random({.seed = seed, .purpose = Purpose::kTest});
  LossyTraffic t(some_network(random), make_topology(ClusterConfig{.machines = 4}), seed);
  Outcome out;
  for (std::size_t i = 0; i < 200; ++i) {
    const Duration gap{static_cast<std::int64_t>(random.below(2'000'000'000))};  // 1 ms on average
    if (ask_often) t.run_to(t.now() + gap / 3);
    t.run_to(ask_often ? t.now() + (gap - gap / 3) : t.now() + gap);
    out.sizes.push_back(random.below(8) == 0 ? 0
                                             : static_cast<std::int64_t>(random.below(300'000)));
    t.start(static_cast<int>(random.below(4)), static_cast<int>(random.below(4)), out.sizes.back());
    const std::size_t victim = random.below(i + 1);
    if (random.below(8) == 0 && t.is_under_way(victim)) {
      t.cancel(victim);
      ++out.cancelled;
    }
  }
  t.run_to_the_end();
  t.run_to(t.now() + 1000s);  // copies that nobody has waited for
  out.ends = t.ends();
  out.order = t.order();
  for (const LinkStatistics& link : t.network().statistics()) count(link, out.counts);
  EXPECT_EQ(t.network().next_event(), kNever);
  return out;
}

constexpr std::uint64_t kNetworks = 150;

TEST(AnyImpairments, EndEveryTransferOnce) {
  std::size_t lost = 0;
  for (std::uint64_t seed = 0; seed < kNetworks; ++seed) {
    SCOPED_TRACE(seed);
    const Outcome outcome = run(seed);
    EXPECT_EQ(outcome.order.size() + outcome.cancelled, outcome.ends.size());
    for (std::size_t i = 0; i < outcome.ends.size(); ++i) {
      if (!outcome.ends[i]) continue;
      const End& end = *outcome.ends[i];
      lost += end.delivered ? 0 : 1;
      EXPECT_EQ(end.lost.count > 0, !end.delivered && outcome.sizes[i] > 0);
      EXPECT_LE(end.lost.count, outcome.sizes[i]);
    }
  }
  EXPECT_GT(lost, 100u);
}

TEST(AnyImpairments, RepeatToTheBit) {
  for (std::uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Outcome once = run(seed), again = run(seed), asked_often = run(seed, true);
    EXPECT_EQ(once.ends, again.ends) << seed;
    EXPECT_EQ(once.counts, again.counts) << seed;
    EXPECT_EQ(once.ends, asked_often.ends) << seed;
    EXPECT_EQ(once.order, asked_often.order) << seed;
    EXPECT_EQ(once.counts, asked_often.counts) << seed;
  }
}

}  // namespace
}  // namespace understudy
