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

struct RandomNetwork {
  Topology topology;
  std::vector<std::vector<LinkId>> routes;
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

}  // namespace
}  // namespace understudy
