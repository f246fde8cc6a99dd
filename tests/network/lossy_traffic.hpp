// Drives a network that may lose transfers, and notes how every one of them ended.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <vector>

#include "tests/network/traffic.hpp"

namespace understudy {

struct End {
  TimePoint at;
  bool delivered = true;
  Bytes lost{0};
  bool operator==(const End&) const = default;
};
inline void PrintTo(const End& end, std::ostream* out) {
  *out << to_seconds(end.at) << " s, " << (end.delivered ? "delivered" : "lost") << ", "
       << end.lost.count << " bytes lost";
}

class LossyTraffic {
 public:
  LossyTraffic(const NetworkConfig& config, Topology topology, std::uint64_t seed)
      : topology_(std::move(topology)), network_(make_network(config, {}, topology_, seed)) {}

  // Both start a transfer at the present time and return its number, counted from 0.
  std::size_t start(int from_rank, int to_rank, std::int64_t bytes) {
    const auto places = topology_.places();
    return start_on(topology_.route(places[static_cast<std::size_t>(from_rank)].vertex,
                                    places[static_cast<std::size_t>(to_rank)].vertex),
                    bytes);
  }
  std::size_t start_on(std::uint32_t link, std::int64_t bytes) {
    const Link& only = topology_.links()[link];
    return start_on(topology_.route(only.from, only.to), bytes);
  }
  void cancel(std::size_t transfer) {
    EXPECT_EQ(under_way_.erase(ids_[transfer].value), 1u);
    network_->cancel(ids_[transfer], now_);
  }

  void run_to(double seconds) { run_to(kStart + from_seconds(seconds)); }
  void run_to(TimePoint until) {
    while (network_->next_event() <= until && network_->next_event() != kNever)
      step(network_->next_event());
    step(until);
  }
  void run_to_the_end() {
    while (network_->next_event() != kNever) step(network_->next_event());
  }

  bool is_under_way(std::size_t transfer) const {
    const auto found = under_way_.find(ids_[transfer].value);
    return found != under_way_.end() && found->second == transfer;
  }
  bool ended(std::size_t transfer) const { return ends_[transfer].has_value(); }
  End end(std::size_t transfer) const { return ends_[transfer].value(); }
  double end_s(std::size_t transfer) const { return to_seconds(end(transfer).at); }
  const std::vector<std::optional<End>>& ends() const { return ends_; }
  const std::vector<std::size_t>& order() const { return order_; }  // of ends
  TransferId id(std::size_t transfer) const { return ids_[transfer]; }
  TimePoint now() const { return now_; }
  LinkStatistics link(std::size_t link) const { return network_->statistics()[link]; }
  NetworkModel& network() { return *network_; }
  const Topology& topology() const { return topology_; }

 private:
  std::size_t start_on(std::span<const LinkId> route, std::int64_t bytes) {
    const TransferId id = network_->start({.route = route, .size = Bytes{bytes}}, now_);
    EXPECT_TRUE(under_way_.emplace(id.value, ends_.size()).second) << "an id is in use twice";
    ids_.push_back(id);
    ends_.emplace_back();
    return ends_.size() - 1;
  }
  void step(TimePoint now) {
    EXPECT_GE(now, now_);
    now_ = now;
    std::vector<Completion> ended;
    network_->advance(now, ended);
    for (const Completion& completion : ended) {
      const auto found = under_way_.find(completion.id.value);
      ASSERT_NE(found, under_way_.end()) << "ended twice, or never started";
      ends_[found->second] = End{now, completion.delivered, completion.lost};
      order_.push_back(found->second);
      under_way_.erase(found);
    }
  }

  Topology topology_;
  std::unique_ptr<NetworkModel> network_;
  TimePoint now_ = kStart;
  std::vector<TransferId> ids_;
  std::vector<std::optional<End>> ends_;
  std::map<std::uint32_t, std::size_t> under_way_;
  std::vector<std::size_t> order_;
};

}  // namespace understudy
