// Fair sharing: the textbook's cases, and on random networks the property that defines it.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "runtime/base/random.hpp"
#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Rates can't be seen from outside, bytes can: what transfers of no end send in the first second,
// by cancelling them all at its end. Exact to a byte of some 10^5 to 10^8.
std::vector<double> bytes_in_the_first_second(Traffic& t,
                                              const std::vector<std::vector<LinkId>>& routes) {
  for (const auto& route : routes) t.start_on(route, std::int64_t{1} << 50);
  t.run_to(1);
  std::vector<double> sent;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const std::size_t link = routes[i].front().index();
    const std::int64_t before = t.network().statistics()[link].bytes;
    t.cancel(i);
    sent.push_back(static_cast<double>(t.network().statistics()[link].bytes - before));
  }
  return sent;
}

std::vector<LinkId> forward(std::initializer_list<int> hops) {
  std::vector<LinkId> route;
  for (const int hop : hops)
    route.push_back(LinkId{2 * hop});  // a path's links alternate in direction
  return route;
}

TEST(FairShare, GivesAParkingLotItsShares) {
  // Capacities 1 and 2 MB/s. The long flow and the first short one split the narrow link; the other
  // short one takes all that is left of the wide one.
  Traffic t(FairShareConfig{}, path({{Bandwidth{8e6}, 0ms}, {Bandwidth{16e6}, 0ms}}));
  const auto sent = bytes_in_the_first_second(t, {forward({0, 1}), forward({0}), forward({1})});
  EXPECT_NEAR(sent[0], 0.5e6, 1);
  EXPECT_NEAR(sent[1], 0.5e6, 1);
  EXPECT_NEAR(sent[2], 1.5e6, 1);
}

TEST(FairShare, FillsInSeveralRounds) {
  // After the figure in Bertsekas and Gallager, 6.5.2. Three flows split the second link; one of
  // them leaves 2/3 of the first to the fourth flow; the fifth has the wide link to itself.
  const LinkConfig one{Bandwidth{8e6}, 0ms}, two{Bandwidth{16e6}, 0ms};
  Traffic t(FairShareConfig{}, path({one, one, one, two}));
  const auto sent = bytes_in_the_first_second(
      t, {forward({1}), forward({1}), forward({0, 1}), forward({0}), forward({3})});
  EXPECT_NEAR(sent[0], 1e6 / 3, 1);
  EXPECT_NEAR(sent[1], 1e6 / 3, 1);
  EXPECT_NEAR(sent[2], 1e6 / 3, 1);
  EXPECT_NEAR(sent[3], 2e6 / 3, 1);
  EXPECT_NEAR(sent[4], 2e6, 1);
}

TEST(FairShare, GivesAReleasedShareToThoseWhoCanUseIt) {
  // A flow of 0.25 MB leaves the first link at 0.5 s; the long flow grows from 0.5 to 1 MB/s, at
  // the cost of the one on the second link, which falls from 1.5 to 1 MB/s.
  Traffic t(FairShareConfig{}, path({{Bandwidth{8e6}, 0ms}, {Bandwidth{16e6}, 0ms}}));
  const auto brief_route = forward({0}), long_route = forward({0, 1}), short_route = forward({1});
  t.start_on(brief_route, 250'000);
  t.start_on(long_route, 1'250'000);
  t.start_on(short_route, 1'750'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 0.5, 1e-11);
  EXPECT_NEAR(t.end_s(1), 1.5, 1e-11);
  EXPECT_NEAR(t.end_s(2), 1.5, 1e-11);
}

TEST(FairShare, TakesLatencyBeforeItTakesCapacity) {
  // The late one joins at 1 s, when the early one has sent 1 of 2 MB.
  Traffic t(FairShareConfig{}, path({{Bandwidth{8e6}, 0ms}, {Bandwidth{80e6}, 1s}}));
  const auto near_route = forward({0}), far_route = forward({0, 1});
  t.start_on(near_route, 2'000'000);
  t.start_on(far_route, 2'000'000);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(0), 3, 1e-11);
  EXPECT_NEAR(t.end_s(1), 4, 1e-11);
}

TEST(FairShare, SharesByWeight) {
  // 0.25 and 0.75 MB/s until the heavy one is over at 4/3 s; the light one has 2/3 MB left.
  Traffic t(FairShareConfig{}, path({{Bandwidth{8e6}, 0ms}}));
  const auto route = forward({0});
  t.start({.route = route, .size = Bytes{kMegabyte}});
  t.start({.route = route, .size = Bytes{kMegabyte}, .weight = 3});
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(1), 4.0 / 3, 1e-11);
  EXPECT_NEAR(t.end_s(0), 2, 1e-11);
}

TEST(FairShare, LeavesToOthersWhatACappedFlowCannotTake) {
  for (const NetworkConfig& config :
       {NetworkConfig{IdealConfig{}}, NetworkConfig{FairShareConfig{}}}) {
    Traffic t(config, path({{Bandwidth{8e6}, 0ms}}));
    const auto route = forward({0});
    t.start({.route = route, .size = Bytes{kMegabyte}, .cap_bytes_per_s = 2e5});
    t.start({.route = route, .size = Bytes{kMegabyte}});
    t.run_to_the_end();
    EXPECT_NEAR(t.end_s(0), 5, 1e-11) << name_of(config);
    EXPECT_NEAR(t.end_s(1), config.index() == 0 ? 1 : 1.25, 1e-11) << name_of(config);
    EXPECT_EQ(t.network().statistics()[0].queueing, config.index() == 0 ? 0ms : 250ms);
  }
}

TEST(FairShare, TakesWeightsAndCapsFromTheScenario) {
  const FairShareConfig config{.shares = {{.from = "node0", .to = "node2", .weight = 3},
                                          {.from = "node1", .cap = Bandwidth{8e5}}}};
  Traffic t(config, path({{Bandwidth{8e6}, 0ms}, {Bandwidth{8e6}, 0ms}}));
  t.start(0, 2, kMegabyte);      // 3/4 MB/s on the first link
  t.start(0, 1, kMegabyte / 4);  // 1/4 MB/s there: both until 1 s, 1/4 MB is left
  t.start(1, 2, kMegabyte / 5);  // 0.1 MB/s, so 2 s
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(1), 1, 1e-11);
  EXPECT_NEAR(t.end_s(0), 1 + 0.25 / 0.9, 1e-11);  // the second link has room for 0.9 MB/s
  EXPECT_NEAR(t.end_s(2), 2, 1e-11);
}

TEST(FairShare, WeighsByInverseLatencyWhereTheScenarioSaysSo) {
  // Both join at 3 s: the far one a third of the near one's rate. 1/4 and 3/4 MB/s.
  Traffic t(FairShareConfig{.fairness = Fairness::kInverseLatency},
            path({{Bandwidth{8e6}, 1s}, {Bandwidth{8e7}, 2s}}));
  const auto near_route = forward({0}), far_route = forward({0, 1});
  t.start_on(far_route, kMegabyte);
  t.run_to(2);
  t.start_on(near_route, 3 * kMegabyte / 4);
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(1), 4, 1e-11);
  EXPECT_NEAR(t.end_s(0), 4.75, 1e-11);
}

LinkConfig half_duplex(double bits_per_s) {
  return {.bandwidth = Bandwidth{bits_per_s}, .duplex = Duplex::kHalf};
}

TEST(FairShare, SharesAHalfDuplexCableBetweenBothDirections) {
  for (const NetworkConfig& config :
       {NetworkConfig{IdealConfig{}}, NetworkConfig{FairShareConfig{}}}) {
    Traffic t(config, path({half_duplex(8e6)}));
    t.start(0, 1, kMegabyte);
    t.start(1, 0, kMegabyte / 2);
    t.run_to_the_end();
    EXPECT_NEAR(t.end_s(0), config.index() == 0 ? 1 : 1.5, 1e-11) << name_of(config);
    EXPECT_NEAR(t.end_s(1), config.index() == 0 ? 0.5 : 1, 1e-11) << name_of(config);
  }
}

// Three stations and one channel: what is relayed is sent twice.
TEST(FairShare, TakesAMediumTwiceWhereAFlowCrossesItTwice) {
  Topology topology;
  for (const char* name : {"a", "b", "c"}) topology.add_vertex({name, VertexKind::kHost});
  const MediumId air = topology.add_medium();
  topology.add_link({VertexId{0}, VertexId{1}, Bandwidth{8e6}, 0ms, air});
  topology.add_link({VertexId{1}, VertexId{2}, Bandwidth{8e6}, 0ms, air});
  Traffic t(FairShareConfig{}, std::move(topology));
  const std::vector<LinkId> relayed = {LinkId{0}, LinkId{1}}, direct = {LinkId{1}};
  t.start_on(relayed, 3 * kMegabyte);
  t.start_on(direct, kMegabyte);  // a third of the air for each crossing, until 3 s
  t.run_to_the_end();
  EXPECT_NEAR(t.end_s(1), 3, 1e-11);
  EXPECT_NEAR(t.end_s(0), 7, 1e-11);  // 2 MB were left, at half a MB/s
}

TEST(FairShare, ChangesAMediumAsAWhole) {
  for (const NetworkConfig& config :
       {NetworkConfig{IdealConfig{}}, NetworkConfig{FairShareConfig{}}}) {
    Traffic t(config, path({half_duplex(8e6)}));
    t.start(1, 0, kMegabyte);  // on link 1
    t.run_to(0.25);
    t.set_link(0, 4e6);
    t.run_to(0.75);  // half is left
    t.set_link(0, 4e6, false);
    t.run_to(2.75);
    t.set_link(0, 8e6, true);
    t.run_to_the_end();
    EXPECT_NEAR(t.end_s(0), 3.25, 1e-11) << name_of(config);
    EXPECT_EQ(t.network().statistics()[1].down, 2s) << name_of(config);
  }
}

TEST(FairShare, FeelsAnotherLatencyOnlyWhereItStartsLater) {
  Traffic t(FairShareConfig{}, path({{Bandwidth{8e6}, 1s}}));
  const auto route = forward({0});
  t.start_on(route, 0);
  t.network().set_link(LinkId{0}, {Bandwidth{8e6}, 3s, true}, t.now());
  t.start_on(route, 0);
  t.run_to_the_end();
  EXPECT_EQ(t.all_ends_s(), (std::vector<double>{1, 3}));
}

struct RandomNetwork {
  Topology topology;
  std::vector<std::vector<LinkId>> routes;
  Duration latency{10ms};  // of each link, where times are looked at
};

// Any sequence of distinct links can be a route: the model doesn't ask how they are joined.
RandomNetwork random_network(RandomStream& random) {
  RandomNetwork network;
  const std::size_t links = 1 + random.below(12), flows = 1 + random.below(30);
  const VertexId a = network.topology.add_vertex({"a", VertexKind::kHost});
  const VertexId b = network.topology.add_vertex({"b", VertexKind::kHost});
  const bool alike = random.below(3) == 0;  // then ties abound
  for (std::size_t i = 0; i < links; ++i) {
    network.topology.add_link(
        {a, b, Bandwidth{alike ? 8e7 : std::exp(random.uniform(16, 20))}, 0ms});
  }
  for (std::size_t i = 0; i < flows; ++i) {
    std::vector<LinkId> route;
    for (std::size_t link = 0; link < links; ++link) {
      if (random.below(links) < 2) route.push_back(LinkId{link});
    }
    if (!route.empty()) network.routes.push_back(std::move(route));
  }
  return network;
}

// A rate vector is max-min fair if and only if it fits and every flow has a bottleneck: a saturated
// link on which no other flow is faster (Bertsekas and Gallager, 6.5.2).
void expect_max_min_fair(const Topology& topology, const std::vector<std::vector<LinkId>>& routes,
                         const std::vector<double>& rates) {
  std::vector<double> used(topology.links().size(), 0), fastest(topology.links().size(), 0);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    for (const LinkId id : routes[i]) {
      used[id.index()] += rates[i];
      fastest[id.index()] = std::max(fastest[id.index()], rates[i]);
    }
  }
  const double slack =
      static_cast<double>(routes.size()) + 1;  // bytes: each rate is rounded down to one
  const auto capacity = [&](LinkId id) {
    return topology.links()[id.index()].bandwidth.bytes_per_s();
  };
  for (std::size_t link = 0; link < used.size(); ++link)
    EXPECT_LE(used[link], capacity(LinkId{link}) + slack);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const bool has_bottleneck = std::any_of(routes[i].begin(), routes[i].end(), [&](LinkId id) {
      return used[id.index()] >= capacity(id) - slack && rates[i] >= fastest[id.index()] - 2;
    });
    EXPECT_TRUE(has_bottleneck) << "flow " << i;
  }
}

TEST(FairShare, GivesEveryFlowABottleneckOnRandomNetworks) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    RandomStream random({.seed = seed, .purpose = Purpose::kTest});
    RandomNetwork network = random_network(random);
    Traffic t(FairShareConfig{}, std::move(network.topology));
    const std::vector<double> rates = bytes_in_the_first_second(t, network.routes);
    expect_max_min_fair(t.topology(), network.routes, rates);
  }
}

// Rates that came about by joins, ends, cancels and changes of links must be those of a fresh
// solution.
TEST(FairShare, ForgetsHowTheFlowsCameAbout) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    RandomStream random({.seed = seed, .purpose = Purpose::kTest, .round = 1});
    RandomNetwork network = random_network(random);
    if (network.routes.empty()) continue;
    Traffic t(FairShareConfig{}, std::move(network.topology));
    const auto any = [&] { return static_cast<std::size_t>(random.below(network.routes.size())); };
    for (int i = 0; i < 40; ++i) {  // a past
      const std::size_t passing =
          t.start_on(network.routes[any()], static_cast<std::int64_t>(random.below(1 << 22)));
      t.run_to(t.now() + Duration{static_cast<std::int64_t>(random.below(50'000'000'000))});
      if (random.below(3) == 0 && t.is_under_way(passing)) t.cancel(passing);
      const auto link = static_cast<std::uint32_t>(random.below(t.topology().links().size()));
      t.set_link(link, std::exp(random.uniform(16, 20)), random.below(4) != 0);
      t.set_link(link, t.topology().links()[link].bandwidth.bits_per_s);
    }
    const TimePoint begin = t.now() + 1000s;
    t.run_to(begin);
    ASSERT_EQ(t.network().next_event(), kNever) << "the past is over";
    std::vector<std::size_t> numbers;
    for (const auto& route : network.routes)
      numbers.push_back(t.start_on(route, std::int64_t{1} << 50));
    t.run_to(begin + 1s);
    std::vector<double> rates;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::size_t link = network.routes[i].front().index();
      const std::int64_t before = t.network().statistics()[link].bytes;
      t.cancel(numbers[i]);
      rates.push_back(static_cast<double>(t.network().statistics()[link].bytes - before));
    }
    expect_max_min_fair(t.topology(), network.routes, rates);
  }
}

// One link shared by weight, event by event in long double, over all jobs each time.
struct SharedLink {
  struct Job {
    long double left, weight, end = -1;
  };
  std::vector<Job> jobs;
  long double bytes_per_s = 1e6, now = 0, busy = 0, queueing = 0;
  bool up = true;

  void run_to(long double until) {
    while (now < until) {
      long double weight = 0, next = until, flowing = 0;
      for (const Job& job : jobs) {
        weight += job.left > 0 ? job.weight : 0;
        flowing += job.left > 0;
      }
      const long double level = up && weight > 0 ? bytes_per_s / weight : 0;
      for (const Job& job : jobs) {
        if (job.left > 0 && level > 0) next = std::min(next, now + job.left / (job.weight * level));
      }
      busy += flowing > 0 ? next - now : 0;
      queueing += (next - now) * (flowing - (level > 0));  // together they send as one would alone
      for (Job& job : jobs) {
        if (job.left <= 0) continue;
        job.left -= job.weight * level * (next - now);
        if (job.left < 1e-6L) job.left = 0, job.end = next;
      }
      now = next;
    }
  }
};

// Many flows cross one link and a wide one each; now and then other flows cross a wide one only. The
// shared link changes, and flows are cancelled.
class CrowdedLink {
 public:
  explicit CrowdedLink(std::uint64_t seed)
      : random_({.seed = seed, .purpose = Purpose::kTest, .round = 3}) {
    for (std::uint64_t i = 1; i <= kWide; ++i) {
      both_.push_back({LinkId{i}, LinkId{0}});
      only_.push_back({LinkId{i}});
    }
  }
  void something_happens() {
    run_for(Duration{static_cast<std::int64_t>(random_.below(200'000'000'000))});
    const std::uint64_t what = random_.below(20);
    if (what < 14) {
      start();
    } else if (what < 16) {
      traffic_.start_on(only_[random_.below(kWide)],
                        static_cast<std::int64_t>(random_.below(100'000'000)));
    } else if (what < 18) {
      cancel(random_.below(numbers_.size() + 1));
    } else {
      set_link(random_.uniform(5e5, 2e6), random_.below(4) != 0);
    }
  }
  void set_link(double bytes_per_s, bool up) {
    expected_.up = up;
    expected_.bytes_per_s = bytes_per_s;
    traffic_.set_link(0, 8 * bytes_per_s, up);
  }
  void run_for(Duration duration) {
    traffic_.run_to(traffic_.now() + duration);
    expected_.run_to(to_seconds(traffic_.now() - kStart));
  }
  void expect_the_same() {
    for (std::size_t job = 0; job < numbers_.size(); ++job) {
      const double end = traffic_.ended(numbers_[job]) ? traffic_.end_s(numbers_[job]) : -1;
      EXPECT_NEAR(end, static_cast<double>(expected_.jobs[job].end), 1e-9);
    }
    const LinkStatistics& statistics = traffic_.network().statistics()[0];
    EXPECT_NEAR(to_seconds(statistics.busy), static_cast<double>(expected_.busy), 1e-9);
    EXPECT_NEAR(to_seconds(statistics.queueing), static_cast<double>(expected_.queueing), 1e-7);
  }

 private:
  static constexpr std::uint64_t kWide = 40;

  static Topology topology() {
    Topology topology;
    const VertexId a = topology.add_vertex({"a", VertexKind::kHost});
    const VertexId b = topology.add_vertex({"b", VertexKind::kHost});
    for (std::uint64_t i = 0; i <= kWide; ++i)
      topology.add_link({a, b, Bandwidth{i == 0 ? 8e6 : 8e8}, 0ms});
    return topology;
  }
  void start() {
    const auto bytes = static_cast<std::int64_t>(1 + random_.below(200'000));
    const double weight = random_.below(2) == 0 ? 1 : std::exp(random_.uniform(-2, 2));
    const auto& route = both_[random_.below(kWide)];
    numbers_.push_back(traffic_.start({.route = route, .size = Bytes{bytes}, .weight = weight}));
    expected_.jobs.push_back({static_cast<long double>(bytes), weight});
  }
  void cancel(std::size_t job) {
    if (job == numbers_.size() || !traffic_.is_under_way(numbers_[job])) return;
    traffic_.cancel(numbers_[job]);
    expected_.jobs[job].left = 0;
  }

  RandomStream random_;
  std::vector<std::vector<LinkId>> both_, only_;
  Traffic traffic_{FairShareConfig{}, topology()};
  SharedLink expected_;
  std::vector<std::size_t> numbers_;  // by job
};

TEST(FairShare, SharesACrowdedLinkLikeAPlainLoopOverItsFlows) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    CrowdedLink link(seed);
    for (int i = 0; i < 400; ++i) link.something_happens();
    link.set_link(1e6, true);
    link.run_for(1000s);
    link.expect_the_same();
  }
}

struct Journey {
  std::size_t route;
  std::int64_t bytes;
  Duration start;
};

std::vector<double> ends_s(const RandomNetwork& network, const std::vector<Journey>& journeys,
                           int speed) {
  Topology topology;
  for (const Vertex& vertex : network.topology.vertices()) topology.add_vertex(vertex);
  for (const Link& link : network.topology.links())
    topology.add_link({link.from, link.to, Bandwidth{link.bandwidth.bits_per_s * speed},
                       network.latency * 2 / speed});
  Traffic t(FairShareConfig{}, std::move(topology));
  for (const Journey& journey : journeys) {
    t.run_to(kStart + journey.start * 2 / speed);
    t.start_on(network.routes[journey.route], journey.bytes);
  }
  t.run_to_the_end();
  return t.all_ends_s();
}

TEST(FairShare, TakesHalfTheTimeAtTwiceTheBandwidthAndHalfTheLatency) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    RandomStream random({.seed = seed, .purpose = Purpose::kTest, .round = 2});
    const RandomNetwork network = random_network(random);
    if (network.routes.empty()) continue;
    std::vector<Journey> journeys;
    Duration start{0};
    for (int i = 0; i < 30; ++i) {
      start += Duration{static_cast<std::int64_t>(random.below(1'000'000'000))};
      journeys.push_back({static_cast<std::size_t>(random.below(network.routes.size())),
                          static_cast<std::int64_t>(random.below(1 << 24)), start});
    }
    const std::vector<double> slow = ends_s(network, journeys, 1),
                              fast = ends_s(network, journeys, 2);
    for (std::size_t i = 0; i < slow.size(); ++i) EXPECT_NEAR(slow[i] / 2, fast[i], 1e-10);
  }
}

}  // namespace
}  // namespace understudy
