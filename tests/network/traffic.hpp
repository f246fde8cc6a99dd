// Drives a network model as a scheduler would, and notes when every transfer ended.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/network/make_network.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

class Traffic {
 public:
  Traffic(const NetworkConfig& config, Topology topology)
      : topology_(std::move(topology)), network_(make_network(config, {}, topology_, 0)) {}

  // Starts a transfer at the present time and returns its number, counted from 0.
  std::size_t start(int from_rank, int to_rank, std::int64_t bytes) {
    const auto places = topology_.places();
    return start_on(topology_.route(places[static_cast<std::size_t>(from_rank)].vertex,
                                    places[static_cast<std::size_t>(to_rank)].vertex),
                    bytes);
  }
  std::size_t start_on(std::span<const LinkId> route, std::int64_t bytes) {
    return start({.route = route, .size = Bytes{bytes}});
  }
  std::size_t start(const Transfer& transfer) {
    const TransferId id = network_->start(transfer, now_);
    EXPECT_TRUE(under_way_.emplace(id.value, ends_.size()).second) << "an id is in use twice";
    ids_.push_back(id);
    ends_.emplace_back();
    lost_.emplace_back();
    return ends_.size() - 1;
  }
  std::size_t start_on(std::vector<LinkId>&& route,
                       std::int64_t bytes) = delete;  // a route outlives its transfer
  void cancel(std::size_t transfer) {
    EXPECT_EQ(under_way_.erase(ids_[transfer].value), 1u);
    network_->cancel(ids_[transfer], now_);
  }
  // From now on transfers need not arrive.
  void allow_losses() { losses_are_errors_ = false; }
  void set_link(std::uint32_t link, double bits_per_s, bool up = true) {
    network_->set_link(LinkId{link}, {Bandwidth{bits_per_s}, topology_.links()[link].latency, up},
                       now_);
  }

  // Advances event by event up to and including a time.
  void run_to(double seconds) { run_to(kStart + from_seconds(seconds)); }
  void run_to(TimePoint until) {
    while (network_->next_event() <= until && network_->next_event() != kNever)
      step(network_->next_event());
    step(until);
  }
  void run_to_the_end() {
    while (network_->next_event() != kNever) step(network_->next_event());
  }

  bool ended(std::size_t transfer) const { return ends_[transfer].has_value(); }
  double end_s(std::size_t transfer) const { return to_seconds(ends_[transfer].value()); }
  std::optional<TimePoint> end(std::size_t transfer) const { return ends_[transfer]; }
  // Bytes; nullopt: all of it was delivered, or it is still under way.
  std::optional<std::int64_t> lost(std::size_t transfer) const { return lost_[transfer]; }
  std::vector<double> all_ends_s() const {
    std::vector<double> seconds;
    for (const auto& end : ends_) seconds.push_back(end ? to_seconds(*end) : -1);
    return seconds;
  }
  const std::vector<std::size_t>& order() const { return order_; }  // of completions
  TimePoint now() const { return now_; }
  NetworkModel& network() { return *network_; }
  const Topology& topology() const { return topology_; }
  TransferId id(std::size_t transfer) const { return ids_[transfer]; }
  bool is_under_way(std::size_t transfer) const {
    const auto found = under_way_.find(ids_[transfer].value);
    return found != under_way_.end() && found->second == transfer;
  }

 private:
  void step(TimePoint now) {
    EXPECT_GE(now, now_);
    now_ = now;
    std::vector<Completion> ended;
    network_->advance(now, ended);
    for (const Completion& completion : ended) {
      EXPECT_TRUE(completion.delivered || !losses_are_errors_);
      const auto found = under_way_.find(completion.id.value);
      ASSERT_NE(found, under_way_.end()) << "ended twice, or never started";
      ends_[found->second] = now;
      if (!completion.delivered) lost_[found->second] = completion.lost.count;
      order_.push_back(found->second);
      under_way_.erase(found);
    }
  }

  Topology topology_;
  std::unique_ptr<NetworkModel> network_;
  TimePoint now_ = kStart;
  std::vector<TransferId> ids_;
  std::vector<std::optional<TimePoint>> ends_;
  std::vector<std::optional<std::int64_t>> lost_;
  bool losses_are_errors_ = true;
  std::map<std::uint32_t, std::size_t> under_way_;
  std::vector<std::size_t> order_;
};

inline std::string name_of(const NetworkConfig& config) {
  const std::string kind =
      std::vector<std::string>{"ideal", "queued", "fair_share"}[config.index()];
  return conditions_of(config).packet.payload.count > 0 ? kind + "_in_packets" : kind;
}

// A megabyte in 1000 packets.
inline QueuedConfig queued_in_packets() {
  return {.conditions = {.packet = {.payload = Bytes{1000}}}};
}

// The same, on links that do nothing to what crosses them.
inline NetworkConfig impaired(NetworkConfig config) {
  std::visit([](auto& kind) { kind.conditions.impairments.emplace_back(); }, config);
  return config;
}

// 8 Mbit/s carries 1 MB in a second.
inline constexpr double kMegabytePerSecond = 8e6;
inline constexpr std::int64_t kMegabyte = 1'000'000;

inline Topology path(std::vector<LinkConfig> links) {
  const int nodes = static_cast<int>(links.size()) + 1;
  return make_topology(PathConfig{.nodes = nodes, .links = std::move(links)});
}

}  // namespace understudy
