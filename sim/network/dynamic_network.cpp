#include "sim/network/dynamic_network.hpp"

#include <algorithm>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {

DynamicNetwork::DynamicNetwork(std::unique_ptr<NetworkModel> model, LinkTimeline timeline,
                               BackgroundTraffic background)
    : model_(std::move(model)),
      timeline_(std::move(timeline)),
      background_(std::move(background)),
      gone_(model_->statistics().size()) {}

TransferId DynamicNetwork::start(const Transfer& transfer, TimePoint now) {
  run_before_change(now);
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(flights_.size()));
    flights_.emplace_back();
  }
  const Slot slot = free_.back();
  free_.pop_back();
  flights_[slot] = {.route = transfer.route,
                    .size = transfer.size,
                    .sequence = starts_++,
                    .state = State::kUnderWay};
  ++under_way_;
  const auto is_gone = [this](LinkId id) { return gone_[id.index()]; };
  if (std::any_of(transfer.route.begin(), transfer.route.end(), is_gone)) {
    end(slot, {TransferId{slot}, false, transfer.size});
  } else {
    start_inside(transfer, {Owner::Kind::kFlight, slot, transfer.route});
  }
  return TransferId{slot};
}

void DynamicNetwork::start_inside(const Transfer& transfer, const Owner& owner) {
  const TransferId id = model_->start(transfer, now_);
  if (id.index() >= owners_.size()) owners_.resize(id.index() + 1);
  owners_[id.index()] = owner;
  if (owner.kind == Owner::Kind::kFlight) flights_[owner.number].inside = id;
}

DynamicNetwork::Owner DynamicNetwork::disown(TransferId inside) {
  return std::exchange(owners_[inside.index()], Owner{});
}

void DynamicNetwork::cancel(TransferId id, TimePoint now) {
  run_before_change(now);
  const Slot slot = id.value;
  UNDERSTUDY_CHECK(slot < flights_.size() && flights_[slot].state != State::kFree);
  if (flights_[slot].state == State::kEnded) {
    std::erase_if(ended_, [id](const Completion& completion) { return completion.id == id; });
  } else {
    model_->cancel(flights_[slot].inside, now);
    disown(flights_[slot].inside);
    --under_way_;
  }
  flights_[slot].state = State::kFree;
  free_.push_back(slot);
}

void DynamicNetwork::set_link(LinkId link, const LinkState& state, TimePoint now) {
  run_before_change(now);
  model_->set_link(link, timeline_.set_base(link, state), now);
}

TimePoint DynamicNetwork::next_event() {
  if (!ended_.empty()) return now_;
  return under_way_ > 0 ? next_inside() : kNever;
}

TimePoint DynamicNetwork::next_inside() {
  return std::min({model_->next_event(), timeline_.next(), background_.next()});
}

void DynamicNetwork::advance(TimePoint now, std::vector<Completion>& ended) {
  free_.insert(free_.end(), handed_out_.begin(), handed_out_.end());
  handed_out_.clear();
  run_until(now);
  for (const Completion& completion : ended_) {
    ended.push_back(completion);
    flights_[completion.id.index()].state = State::kFree;
    handed_out_.push_back(completion.id.value);
  }
  ended_.clear();
}

// One instant after the other. What follows at `now` itself is left for later: a model shares out a
// link only once all that happens at an instant is known.
void DynamicNetwork::run_until(TimePoint now) {
  UNDERSTUDY_CHECK(now >= now_);
  for (TimePoint at = next_inside(); at < now; at = next_inside()) serve(at);
  serve(now);
}

// Many transfers may start at one instant, and the first has brought the network there.
void DynamicNetwork::run_before_change(TimePoint now) {
  if (now != now_ || std::min(timeline_.next(), background_.next()) <= now) run_until(now);
}

void DynamicNetwork::serve(TimePoint now) {
  now_ = now;
  const std::size_t before = ended_.size();
  take_ended();
  if (timeline_.next() == now) change_links();
  if (background_.next() == now) {
    for (const auto& [source, transfer] : background_.take_next())
      start_inside(transfer, {Owner::Kind::kBackground, source, transfer.route});
  }
  const auto first = ended_.begin() + static_cast<std::ptrdiff_t>(before);
  std::sort(first, ended_.end(), [this](const Completion& a, const Completion& b) {
    return flights_[a.id.index()].sequence < flights_[b.id.index()].sequence;
  });
}

void DynamicNetwork::take_ended() {
  inside_ended_.clear();
  model_->advance(now_, inside_ended_);
  for (Completion completion : inside_ended_) {
    const Owner owner = disown(completion.id);
    if (owner.kind == Owner::Kind::kBackground) {
      background_.ended(owner.number, now_);
    } else {
      completion.id = TransferId{owner.number};
      end(owner.number, completion);
    }
  }
}

void DynamicNetwork::end(Slot slot, const Completion& completion) {
  flights_[slot].state = State::kEnded;
  --under_way_;
  ended_.push_back(completion);
}

void DynamicNetwork::change_links() {
  for (const auto& [link, state, for_good] : timeline_.take_next()) {
    model_->set_link(link, state, now_);
    if (for_good) lose_across(link);
  }
}

void DynamicNetwork::lose_across(LinkId link) {
  gone_[link.index()] = true;
  background_.lose(link);
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    const auto& route = owners_[i].route;
    const TransferId inside{i};
    if (std::find(route.begin(), route.end(), link) == route.end() || !model_->needs(inside, link))
      continue;
    const Owner owner = disown(inside);
    model_->cancel(inside, now_);
    if (owner.kind == Owner::Kind::kBackground) {
      background_.ended(owner.number, now_);
    } else {
      end(owner.number, {TransferId{owner.number}, false, flights_[owner.number].size});
    }
  }
}

}  // namespace understudy
