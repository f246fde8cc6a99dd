// Long random traffic through every model: nothing is lost, nothing is counted twice, and the
// outcome depends neither on the run nor on how often the model is asked.
#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

struct Outcome {
  std::vector<double> ends_s;
  std::vector<std::size_t> order;
  std::vector<std::int64_t> bytes;
  bool operator==(const Outcome&) const = default;
};

struct Options {
  std::uint64_t seed = 0;
  bool disturb = false;    // cancel transfers, and change links
  bool ask_often = false;  // advance to many instants at which nothing happens
};

void disturb(Traffic& t, RandomStream& random, std::size_t newest) {
  const std::size_t victim = static_cast<std::size_t>(random.below(newest + 1));
  if (random.below(4) == 0 && t.is_under_way(victim)) t.cancel(victim);
  const auto link = static_cast<std::uint32_t>(random.below(t.topology().links().size()));
  if (random.below(4) == 0) t.set_link(link, random.uniform(1e7, 1e9), random.below(4) != 0);
}

Outcome run(const NetworkConfig& config, const Options& options) {
  RandomStream random({.seed = options.seed, .purpose = Purpose::kTest});
  Traffic t(config, make_topology(ClusterConfig{.machines = 4, .devices_per_machine = 3}));
  for (std::size_t i = 0; i < 400; ++i) {
    const Duration gap{static_cast<std::int64_t>(random.below(2'000'000'000))};  // 1 ms on average
    if (options.ask_often) {
      for (int part = 0; part < 7; ++part) t.run_to(t.now() + gap / 8);
      t.run_to(t.now() + (gap - 7 * (gap / 8)));
    } else {
      t.run_to(t.now() + gap);
    }
    const auto bytes =
        random.below(8) == 0 ? 0 : static_cast<std::int64_t>(random.below(1'000'000));
    t.start(static_cast<int>(random.below(12)), static_cast<int>(random.below(12)), bytes);
    if (options.disturb) disturb(t, random, i);
  }
  for (std::uint32_t link = 0; link < t.topology().links().size(); ++link) t.set_link(link, 1e9);
  t.run_to_the_end();
  Outcome outcome{t.all_ends_s(), t.order(), {}};
  for (const LinkStatistics& link : t.network().statistics()) outcome.bytes.push_back(link.bytes);
  return outcome;
}

class RandomTraffic : public testing::TestWithParam<NetworkConfig> {};

INSTANTIATE_TEST_SUITE_P(Models, RandomTraffic,
                         testing::Values(IdealConfig{}, QueuedConfig{}, queued_in_packets(),
                                         FairShareConfig{}),
                         [](const auto& model) { return name_of(model.param); });
INSTANTIATE_TEST_SUITE_P(Impaired, RandomTraffic,
                         testing::Values(impaired(IdealConfig{}), impaired(QueuedConfig{}),
                                         impaired(FairShareConfig{})),
                         [](const auto& model) { return name_of(model.param); });

TEST_P(RandomTraffic, ConservesBytes) {
  RandomStream random({.seed = 3, .purpose = Purpose::kTest});
  Traffic t(GetParam(), make_topology(ClusterConfig{.machines = 4, .devices_per_machine = 3}));
  std::vector<std::int64_t> expected(t.topology().links().size(), 0);
  for (int i = 0; i < 500; ++i) {
    t.run_to(t.now() + Duration{static_cast<std::int64_t>(random.below(1'000'000'000))});
    const auto from = static_cast<int>(random.below(12)), to = static_cast<int>(random.below(12));
    const auto bytes = static_cast<std::int64_t>(random.below(1'000'000));
    t.start(from, to, bytes);
    const auto places = t.topology().places();
    for (const LinkId id : t.topology().route(places[static_cast<std::size_t>(from)].vertex,
                                              places[static_cast<std::size_t>(to)].vertex)) {
      expected[id.index()] += bytes;
    }
  }
  t.run_to_the_end();
  for (std::size_t i = 0; i < 500; ++i) EXPECT_TRUE(t.ended(i));
  for (std::size_t link = 0; link < expected.size(); ++link) {
    const LinkStatistics& counted = t.network().statistics()[link];
    EXPECT_EQ(counted.bytes, expected[link]);
    const double bytes_per_s = t.topology().links()[link].bandwidth.bytes_per_s();
    EXPECT_LE(counted.busy, t.now() - kStart);
    if (GetParam().index() !=
        0) {  // no link sends faster than it can, but for a picosecond a message or packet
      const double packets = static_cast<double>(counted.messages + counted.bytes / 1000);
      const double rounding_s = packets * 1e-12;
      EXPECT_GE((to_seconds(counted.busy) + rounding_s) * bytes_per_s,
                static_cast<double>(expected[link]));
    }
  }
}

TEST_P(RandomTraffic, RepeatsToTheBit) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Options options{.seed = seed, .disturb = true};
    EXPECT_EQ(run(GetParam(), options), run(GetParam(), options));
  }
}

TEST_P(RandomTraffic, DoesNotDependOnHowOftenItIsAsked) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    EXPECT_EQ(run(GetParam(), {.seed = seed, .disturb = true}),
              run(GetParam(), {.seed = seed, .disturb = true, .ask_often = true}));
  }
}

TEST_P(RandomTraffic, IsTheSameOnLinksThatDoNothing) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Options options{.seed = seed, .disturb = true};
    const Outcome bare = run(GetParam(), options), same = run(impaired(GetParam()), options);
    EXPECT_EQ(bare.ends_s, same.ends_s);
    EXPECT_EQ(bare.bytes, same.bytes);
  }
}

TEST_P(RandomTraffic, EndsWhateverWasNotCancelled) {
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    const Outcome outcome = run(GetParam(), {.seed = seed, .disturb = true});
    const auto delivered = std::count_if(outcome.ends_s.begin(), outcome.ends_s.end(),
                                         [](double s) { return s >= 0; });
    EXPECT_EQ(static_cast<std::size_t>(delivered), outcome.order.size());
    EXPECT_GT(delivered, 300);
  }
}

}  // namespace
}  // namespace understudy
