// Drives a whole network - model, traces, faults, traffic of others - as a scheduler would, and
// notes how every transfer ended.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/network/make_network.hpp"
#include "tests/data/idx_files.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

class Dynamics {
 public:
  struct Ending {
    TimePoint at;
    bool delivered;
    Bytes lost;
    bool operator==(const Ending&) const = default;
  };

  Dynamics(const NetworkConfig& config, const FaultsConfig& faults, Topology topology,
           std::uint64_t seed = 1)
      : topology_(std::move(topology)), network_(make_network(config, faults, topology_, seed)) {}

  // Starts a transfer at the present time and returns its number, counted from 0.
  std::size_t start(int from_vertex, int to_vertex, std::int64_t bytes) {
    const auto route = topology_.route(VertexId{from_vertex}, VertexId{to_vertex});
    const TransferId id = network_->start({.route = route, .size = Bytes{bytes}}, now_);
    EXPECT_TRUE(under_way_.emplace(id.value, endings_.size()).second) << "an id is in use twice";
    ids_.push_back(id);
    endings_.emplace_back();
    return endings_.size() - 1;
  }
  void cancel(std::size_t transfer) {
    EXPECT_EQ(under_way_.erase(ids_[transfer].value), 1u);
    network_->cancel(ids_[transfer], now_);
  }

  // Advances event by event up to and including a time.
  void run_to(double seconds) { run_to(kStart + from_seconds(seconds)); }
  void run_to(TimePoint until) {
    for (TimePoint next = network_->next_event(); next <= until && next != kNever;
         next = network_->next_event())
      step(next);
    step(until);
  }
  // Until nothing is under way.
  void run_to_the_end() {
    while (network_->next_event() != kNever) step(network_->next_event());
  }
  // The present becomes a later one of which the network is not told.
  void look_away_until(TimePoint until) { now_ = until; }

  const std::optional<Ending>& ending(std::size_t transfer) const { return endings_[transfer]; }
  const std::vector<std::optional<Ending>>& endings() const { return endings_; }
  double end_s(std::size_t transfer) const { return to_seconds(endings_[transfer].value().at); }
  std::int64_t bytes(std::size_t link) const { return network_->statistics()[link].bytes; }
  TimePoint now() const { return now_; }
  NetworkModel& network() { return *network_; }
  const Topology& topology() const { return topology_; }
  std::size_t steps() const { return steps_; }  // so often was it advanced

 private:
  void step(TimePoint now) {
    EXPECT_GE(now, now_);
    now_ = now;
    ++steps_;
    std::vector<Completion> ended;
    network_->advance(now, ended);
    for (const Completion& completion : ended) {
      const auto found = under_way_.find(completion.id.value);
      ASSERT_NE(found, under_way_.end()) << "ended twice, or never started";
      endings_[found->second] = {now, completion.delivered, completion.lost};
      under_way_.erase(found);
    }
  }

  Topology topology_;
  std::unique_ptr<NetworkModel> network_;
  TimePoint now_ = kStart;
  std::size_t steps_ = 0;
  std::vector<TransferId> ids_;
  std::vector<std::optional<Ending>> endings_;
  std::map<std::uint32_t, std::size_t> under_way_;
};

// A model with conditions, by its number in NetworkConfig. What is lost stays lost.
inline NetworkConfig with_conditions(std::size_t kind, NetworkConditions conditions) {
  conditions.reliability = UnreliableConfig{};
  if (kind == 0) return IdealConfig{std::move(conditions)};
  if (kind == 1) return QueuedConfig{.conditions = std::move(conditions)};
  return FairShareConfig{.conditions = std::move(conditions)};
}

// Files that traces are read from.
class TraceFiles {
 public:
  FilePath file(const std::string& text) {
    const auto path = folder_ / std::to_string(count_++);
    write_file(path, text);
    return {path.string()};
  }
  TraceConfig csv(const std::string& links, const std::string& rows, bool repeat = false) {
    return CsvTrace{links, file("time_s,rate_bit_s\n" + rows), repeat};
  }

 private:
  TemporaryFolder folder_;
  int count_ = 0;
};

}  // namespace understudy
