// Fair rates against two independent judges, after each of many random changes: progressive filling
// from scratch in long double, and the conditions that define the solution.
#include "sim/network/max_min.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

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
    solver.solve(changed);
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

// How far off the rates are at most, relative to what they should be. What is less than `grain` of
// the narrowest resource's capacity is not looked at.
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
  bool alike = false;        // capacities, so that ties abound
  double weights = 1;        // from 1/weights to weights
  double capped = 0;         // share of flows with a cap
  bool crosses_twice = false;
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

 private:
  double capacity() { return kind_.alike ? 1e7 : std::exp(random_.uniform(10, 20)); }
  std::vector<double> capacities() {
    std::vector<double> some(1 + random_.below(15));
    for (double& c : some) c = capacity();
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
    for (MaxMin::Resource r = 0; r < resources; ++r) {
      if (random_.below(resources) >= 3) continue;
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
                    Kind{.weights = 1e6, .capped = 0.3, .crosses_twice = true}));

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
        if (random.network().flows.contains(id) && random.network().solver.rate(id) != rate)
          EXPECT_NE(std::find(changed.begin(), changed.end(), id), changed.end());
      }
      before.clear();
      for (const auto& [id, _] : random.network().flows) before[id] = random.network().solver.rate(id);
      if (HasFailure()) return;
    }
  }
  RecordProperty("worst_relative_difference", std::to_string(worst * 1e12) + "e-12");
  std::printf("worst %g\n", worst);
  EXPECT_LT(worst, 1e-9);
}

}  // namespace
}  // namespace understudy
