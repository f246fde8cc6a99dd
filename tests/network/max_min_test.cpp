// Fair rates against two independent judges, after each of many random changes: progressive filling
// from scratch in long double, and the conditions that define the solution.
#include "sim/network/max_min.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "runtime/base/random.hpp"

namespace understudy {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Demand {
  std::vector<MaxMin::Resource> crossed;
  double weight = 1;
  double cap = kInfinity;
};

// A solver beside the plain data that the judges go by.
struct Network {
  std::vector<double> capacities;
  std::map<MaxMin::Flow, Demand> flows;
  MaxMin solver;

  explicit Network(std::vector<double> c) : capacities(std::move(c)), solver(capacities) {}
  void join(MaxMin::Flow flow, Demand demand) {
    solver.join(flow, demand.crossed, demand.weight, demand.cap);
    flows[flow] = std::move(demand);
  }
  void leave(MaxMin::Flow flow) {
    solver.leave(flow);
    flows.erase(flow);
  }
  void set_capacity(MaxMin::Resource resource, double capacity) {
    solver.set_capacity(resource, capacity);
    capacities[resource] = capacity;
  }
  std::vector<MaxMin::Flow> solve() {
    std::vector<MaxMin::Flow> changed;
    std::vector<MaxMin::Resource> leaders;
    solver.solve(changed, leaders);
    for (const MaxMin::Resource leader : leaders) {
      for (const MaxMin::Crossing& crossing : solver.flows_on(leader)) {
        EXPECT_TRUE(solver.is_led(crossing.other));
        EXPECT_EQ(solver.holder(crossing.other), leader);
        changed.push_back(crossing.other);
      }
    }
    return changed;
  }
};

// The levels rise together; each round the first that can't rise any further are fixed.
std::map<MaxMin::Flow, long double> filled_from_scratch(const Network& network) {
  std::map<MaxMin::Flow, long double> levels;
  while (levels.size() < network.flows.size()) {
    std::vector<long double> left(network.capacities.begin(), network.capacities.end());
    std::vector<long double> weight(left.size(), 0), share(left.size(), kInfinity);
    long double least = kInfinity;
    for (const auto& [id, flow] : network.flows) {
      const auto level = levels.find(id);
      for (const MaxMin::Resource r : flow.crossed) {
        if (level != levels.end()) left[r] -= level->second * flow.weight;
        if (level == levels.end()) weight[r] += flow.weight;
      }
      if (level == levels.end()) least = std::min(least, flow.cap / (long double)flow.weight);
    }
    for (std::size_t r = 0; r < left.size(); ++r) {
      if (weight[r] > 0) share[r] = std::max(0.0L, left[r]) / weight[r];
      least = std::min(least, share[r]);
    }
    for (const auto& [id, flow] : network.flows) {
      if (levels.contains(id)) continue;
      bool stays = flow.cap / (long double)flow.weight <= least;
      for (const MaxMin::Resource r : flow.crossed) stays = stays || share[r] <= least;
      if (stays) levels[id] = least;
    }
  }
  return levels;
}

// How far off the rates are at most, relative to what they should be.
double worst_difference(const Network& network) {
  double worst = 0;
  for (const auto& [id, level] : filled_from_scratch(network)) {
    const auto expected = static_cast<double>(level * network.flows.at(id).weight);
    if (expected == 0) {
      EXPECT_EQ(network.solver.rate(id), 0);
    } else {
      worst = std::max(worst, std::abs(network.solver.rate(id) / expected - 1));
    }
  }
  return worst;
}

// A rate vector is max-min fair if and only if it fits and every flow has a bottleneck.
void expect_bottlenecks(const Network& network, double tolerance) {
  std::vector<double> used(network.capacities.size(), 0), highest(used.size(), 0);
  for (const auto& [id, flow] : network.flows) {
    const double rate = network.solver.rate(id);
    EXPECT_LE(rate, flow.cap * (1 + tolerance));
    for (const MaxMin::Resource r : flow.crossed) {
      used[r] += rate;
      highest[r] = std::max(highest[r], rate / flow.weight);
    }
  }
  for (std::size_t r = 0; r < used.size(); ++r)
    EXPECT_LE(used[r], network.capacities[r] * (1 + tolerance));
  for (const auto& [id, flow] : network.flows) {
    const double rate = network.solver.rate(id);
    const auto is_bottleneck = [&](MaxMin::Resource r) {
      return used[r] >= network.capacities[r] * (1 - tolerance) &&
             rate / flow.weight >= highest[r] * (1 - tolerance);
    };
    EXPECT_TRUE(rate >= flow.cap * (1 - tolerance) ||
                std::any_of(flow.crossed.begin(), flow.crossed.end(), is_bottleneck));
    const MaxMin::Resource holder = network.solver.holder(id);
    EXPECT_TRUE(holder == MaxMin::kNone ? rate >= flow.cap * (1 - tolerance)
                                        : is_bottleneck(holder));
  }
}

struct Kind {
  bool alike = false;  // capacities, so that ties abound
  double weights = 1;  // from 1/weights to weights
  double capped = 0;   // share of flows with a cap
  bool crosses_twice = false;
  std::uint64_t hubs = 0;  // flows cross one of the first resources and mostly one other
};

class RandomNetwork {
 public:
  RandomNetwork(std::uint64_t seed, const Kind& kind)
      : random_({.seed = seed, .purpose = Purpose::kTest}), kind_(kind), network_(capacities()) {}

  // One instant: some changes, then the solution.
  std::vector<MaxMin::Flow> step() {
    for (std::uint64_t changes = 1 + random_.below(random_.below(8) == 0 ? 20 : 3); changes > 0;
         --changes)
      change();
    return network_.solve();
  }
  const Network& network() const { return network_; }
  void join_one() {
    join();
    network_.solve();
  }

 private:
  double capacity() { return kind_.alike ? 1e7 : std::exp(random_.uniform(10, 20)); }
  std::vector<double> capacities() {
    std::vector<double> some(1 + random_.below(kind_.hubs > 0 ? 60 : 15));
    for (double& c : some) c = capacity();
    for (std::size_t r = kind_.hubs; kind_.hubs > 0 && r < some.size(); ++r)
      some[r] += 1e7 * random_.uniform(1, 5);  // wide leaves
    return some;
  }
  void change() {
    const std::uint64_t what = random_.below(16), size = network_.flows.size();
    const auto r = static_cast<MaxMin::Resource>(random_.below(network_.capacities.size()));
    if (what == 0) {
      network_.set_capacity(r, random_.below(4) == 0 ? 0 : capacity());
    } else if (what == 1) {
      network_.set_capacity(r, network_.capacities[r] * random_.uniform(0.9, 1.1));
    } else if (random_.below(40) >= size) {
      join();
    } else {
      auto victim = network_.flows.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(random_.below(size)));
      network_.leave(victim->first);
    }
  }
  void join() {
    MaxMin::Flow id = 0;
    while (network_.flows.contains(id)) ++id;
    Demand demand;
    const std::size_t resources = network_.capacities.size();
    const auto hub = kind_.hubs > 0 ? random_.below(kind_.hubs) : 0;
    const auto leaf = kind_.hubs > 0 ? random_.below(resources) : 0;
    for (MaxMin::Resource r = 0; r < resources; ++r) {
      if (kind_.hubs > 0 ? r != hub && r != leaf : random_.below(resources) >= 3) continue;
      demand.crossed.push_back(r);
      if (kind_.crosses_twice && random_.below(3) == 0) demand.crossed.push_back(r);
    }
    if (demand.crossed.empty())
      demand.crossed.push_back(static_cast<MaxMin::Resource>(random_.below(resources)));
    demand.weight = std::exp(random_.uniform(-1, 1) * std::log(kind_.weights));
    if (random_.uniform() < kind_.capped) demand.cap = std::exp(random_.uniform(8, 18));
    network_.join(id, demand);
  }

  RandomStream random_;
  Kind kind_;
  Network network_;
};

class EveryKind : public testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(
    MaxMin, EveryKind,
    testing::Values(Kind{}, Kind{.alike = true}, Kind{.weights = 10}, Kind{.capped = 0.4},
                    Kind{.crosses_twice = true},
                    Kind{.alike = true, .weights = 100, .capped = 0.2, .crosses_twice = true},
                    Kind{.weights = 1e6, .capped = 0.3, .crosses_twice = true}, Kind{.hubs = 1},
                    Kind{.alike = true, .hubs = 1},
                    Kind{.weights = 10, .capped = 0.02, .crosses_twice = true, .hubs = 3}));

TEST_P(EveryKind, IsThatOfAFreshSolutionAfterEveryChange) {
  double worst = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    RandomNetwork random(seed, GetParam());
    std::map<MaxMin::Flow, double> before;
    for (int i = 0; i < 120; ++i) {
      const std::vector<MaxMin::Flow> changed = random.step();
      worst = std::max(worst, worst_difference(random.network()));
      expect_bottlenecks(random.network(), 1e-9);
      for (const auto& [id, rate] : before) {  // nothing changes in silence
        const bool stays =
            !random.network().flows.contains(id) || random.network().solver.rate(id) == rate;
        EXPECT_TRUE(stays || std::find(changed.begin(), changed.end(), id) != changed.end());
      }
      before.clear();
      for (const auto& [id, _] : random.network().flows)
        before[id] = random.network().solver.rate(id);
      if (HasFailure()) return;
    }
  }
  RecordProperty("worst_relative_difference", std::to_string(worst * 1e12) + "e-12");
  EXPECT_LT(worst, GetParam().weights > 1e3 ? 1e-9 : 1e-12);
}

// What has a bottleneck keeps it, or shares one that was wider (Bertsekas and Gallager, 6.5.2).
TEST(MaxMin, NeverRaisesTheSmallestRateByAnotherFlow) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    RandomNetwork random(seed, {.capped = 0.2, .crosses_twice = true});
    double smallest = kInfinity;
    for (int i = 0; i < 40; ++i) {
      random.join_one();
      double now = kInfinity;
      for (const auto& [id, _] : random.network().flows)
        now = std::min(now, random.network().solver.rate(id));
      EXPECT_LE(now, smallest * (1 + 1e-12));
      smallest = now;
    }
  }
}

TEST(MaxMin, SharesInProportionToWeightsUnderCaps) {
  // 12 for weights 1, 2, 3 and 6; the last is capped at 3, so the others share 9 in parts of 1.5.
  Network network({12});
  for (const auto& [flow, weight, cap] :
       {std::tuple{0u, 1.0, kInfinity}, {1u, 2.0, kInfinity}, {2u, 3.0, kInfinity}, {3u, 6.0, 3.0}})
    network.join(flow, {{0}, weight, cap});
  network.solve();
  EXPECT_DOUBLE_EQ(network.solver.rate(0), 1.5);
  EXPECT_DOUBLE_EQ(network.solver.rate(1), 3);
  EXPECT_DOUBLE_EQ(network.solver.rate(2), 4.5);
  EXPECT_DOUBLE_EQ(network.solver.rate(3), 3);
  EXPECT_EQ(network.solver.holder(3), MaxMin::kNone);
}

// In doubles 1e12 + 1e-6 - 1e12 is not 1e-6.
TEST(MaxMin, KeepsLightFlowsApartFromHeavyOnes) {
  Network network({10});
  network.join(0, {{0}, 1e12, 1});
  network.join(1, {{0}, 1e-6});
  network.solve();
  EXPECT_DOUBLE_EQ(network.solver.rate(0), 1);
  EXPECT_DOUBLE_EQ(network.solver.rate(1), 9);
  network.leave(0);
  network.join(2, {{0}, 1e-6});
  network.solve();
  EXPECT_DOUBLE_EQ(network.solver.rate(1), 5);
  EXPECT_DOUBLE_EQ(network.solver.rate(2), 5);
}

TEST(MaxMin, CountsEveryCrossing) {
  Network network({12});
  network.join(0, {{0, 0}});  // 2 x + y = 12, x = y
  network.join(1, {{0}});
  network.solve();
  EXPECT_DOUBLE_EQ(network.solver.rate(0), 4);
  EXPECT_DOUBLE_EQ(network.solver.rate(1), 4);
  network.leave(1);
  network.solve();
  EXPECT_DOUBLE_EQ(network.solver.rate(0), 6);
}

// A thousand leaves of unequal width on a hub that is never full: a change on one concerns no other.
TEST(MaxMin, LeavesAloneWhatIsBehindResourcesThatAreNotFull) {
  constexpr MaxMin::Resource kLeaves = 1000;
  std::vector<double> capacities(kLeaves + 1);
  for (MaxMin::Resource r = 0; r < kLeaves; ++r) capacities[r] = 1 + r;
  capacities[kLeaves] = 1e6;
  Network network(capacities);
  for (MaxMin::Resource r = 0; r < kLeaves; ++r) network.join(r, {{r, kLeaves}});
  network.solve();
  network.set_capacity(500, 800);
  EXPECT_EQ(network.solve(), (std::vector<MaxMin::Flow>{500}));
  EXPECT_DOUBLE_EQ(network.solver.rate(500), 800);
  network.leave(17);
  EXPECT_TRUE(network.solve().empty());
}

// Three links in a row: flows of level 1 on the first, 4 and 4 on the second, and one across that
// is held to 1 by the first.
TEST(MaxMin, LeavesAloneWhatIsBelowTheThreshold) {
  Network network({2, 9, 100});
  network.join(0, {{0}});
  network.join(1, {{0, 1}});
  network.join(2, {{1, 2}});
  network.join(3, {{1}});
  network.solve();
  EXPECT_DOUBLE_EQ(network.solver.rate(1), 1);
  EXPECT_DOUBLE_EQ(network.solver.rate(2), 4);
  network.leave(3);
  EXPECT_EQ(network.solve(), (std::vector<MaxMin::Flow>{2}));
  EXPECT_DOUBLE_EQ(network.solver.rate(2), 8);
  network.leave(0);  // the threshold is 1: now both of the others are concerned
  network.solve();
  EXPECT_DOUBLE_EQ(network.solver.rate(1), 2);
  EXPECT_DOUBLE_EQ(network.solver.rate(2), 7);
}

}  // namespace
}  // namespace understudy
