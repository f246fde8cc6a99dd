#include "sim/emulation/fabric.hpp"

#include <algorithm>

namespace understudy {

Fabric::Fabric(const Executor& wall, EmulatedClock& clock, const Topology& topology,
               std::unique_ptr<NetworkModel> model, std::function<void(const Arrival&)> decided)
    : wall_(wall),
      clock_(clock),
      topology_(topology),
      model_(std::move(model)),
      decided_(std::move(decided)) {}

void Fabric::set_out(std::uint64_t number, Rank from, Rank to, Bytes size, TimePoint sent) {
  if (lost_.contains(from) || lost_.contains(to)) return;
  const auto places = topology_.places();
  const auto route = topology_.route(places[from.index()].vertex, places[to.index()].vertex);
  latest_start_ = std::max(latest_start_, now_ - sent);
  now_ = std::max(now_, sent);
  const TransferId id = model_->start({.route = route, .size = size}, now_);
  if (id.index() >= transfers_.size()) transfers_.resize(id.index() + 1);
  transfers_[id.index()] = {number, from, to, true};
  ++under_way_;
}

void Fabric::lose(Rank rank) {
  lost_.insert(rank);
  for (UnderWay& transfer : transfers_)
    if (transfer.from == rank || transfer.to == rank) transfer.wanted = false;
}

TimePoint Fabric::next_event() {
  if (under_way_ == 0) return kNever;
  const TimePoint next = clock_.wall_of(model_->next_event());
  return next == kNever ? kNever : std::max(next - kLead, wall_.now());
}

void Fabric::advance(TimePoint wall) {
  const TimePoint until = clock_.at(wall + kLead);
  while (under_way_ > 0) {
    const TimePoint next = model_->next_event();
    if (next > until) return;
    now_ = std::max(now_, next);
    ended_.clear();
    model_->advance(now_, ended_);
    for (const Completion& completion : ended_) {
      const UnderWay transfer = transfers_[completion.id.index()];
      --under_way_;
      if (transfer.wanted)
        decided_({transfer.number, transfer.from, transfer.to, now_, completion.delivered});
    }
  }
}

}  // namespace understudy
