#include "sim/network/unreliable_network.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "runtime/base/errors.hpp"
#include "sim/network/packets.hpp"

namespace understudy {
namespace {

constexpr Duration kLongestTimeout = std::chrono::seconds{60};

// What so many of a message's packets carry.
Bytes bytes_of(Packets some, const PacketConfig& packet, Bytes size) {
  if (!some.last) return {some.count * packet.payload.count};
  return {size.count - (packet_count(packet, size) - some.count) * packet.payload.count};
}

}  // namespace

Duration timeout_after(const RetransmitConfig& config, int again) {
  Duration timeout = config.timeout;
  for (int i = 0; i < again && timeout < kLongestTimeout; ++i) timeout *= 2;
  return std::min(timeout, std::max(config.timeout, kLongestTimeout));
}

UnreliableNetwork::UnreliableNetwork(std::unique_ptr<NetworkModel> model, Impairments impairments,
                                     const PacketConfig& packet,
                                     const ReliabilityConfig& reliability)
    : model_(std::move(model)),
      impairments_(std::move(impairments)),
      packet_(packet),
      retransmit_{.tries = 0},
      counted_(model_->statistics().size()) {
  if (const auto* config = std::get_if<RetransmitConfig>(&reliability)) retransmit_ = *config;
}

UnreliableNetwork::Slot UnreliableNetwork::take_slot() {
  if (free_.empty()) {
    messages_.emplace_back();
    return static_cast<Slot>(messages_.size() - 1);
  }
  const Slot slot = free_.back();
  free_.pop_back();
  return slot;
}

TransferId UnreliableNetwork::start(const Transfer& transfer, TimePoint now) {
  UNDERSTUDY_CHECK(transfer.size.count >= 0);
  if (now != now_) run_until(now);
  const Slot slot = take_slot();
  messages_[slot] = {.transfer = transfer, .sequence = starts_++};
  ++under_way_;
  send(slot);
  return TransferId{slot};
}

void UnreliableNetwork::send(Slot slot) {
  Message& message = messages_[slot];
  Transfer transfer = message.transfer;
  const Draw drawn = draw(transfer);
  transfer.delay = drawn.delay;
  Transfer copies = transfer;
  copies.size = drawn.copies;
  if (copies.size.count > 0) {
    // Together they are one flow, in its share of the links and under its cap.
    const double whole =
        static_cast<double>(transfer.size.count) + static_cast<double>(copies.size.count);
    for (Transfer* part : {&transfer, &copies}) {
      part->weight *= static_cast<double>(part->size.count) / whole;
      part->cap_bytes_per_s *= static_cast<double>(part->size.count) / whole;
    }
  }
  message.state = State::kSending;
  message.loses = drawn.loses;
  message.lost = drawn.lost;
  message.inside = start_inside(transfer, slot);
  if (copies.size.count > 0) start_inside(copies, kNobody);
}

// A packet that is lost on one link can't be lost on another.
UnreliableNetwork::Draw UnreliableNetwork::draw(const Transfer& transfer) {
  const Packets all{packet_count(packet_, transfer.size), true};
  Packets left = all;
  Draw out{.delay = transfer.delay};
  for (const LinkId link : transfer.route) {
    const Outcome outcome = impairments_.draw(link, left);
    left = left - outcome.lost - outcome.corrupted;
    LinkStatistics& counted = counted_[link.index()];
    counted.lost_packets += outcome.lost.count;
    counted.corrupted_packets += outcome.corrupted.count;
    counted.duplicated_packets += outcome.duplicated.count;
    out.delay = checked_add(kStart + out.delay, outcome.delay).time_since_epoch();
    if (__builtin_add_overflow(out.copies.count,
                               bytes_of(outcome.duplicated, packet_, transfer.size).count,
                               &out.copies.count)) {
      throw std::overflow_error("the copies of a message's packets are beyond 2^63 bytes");
    }
  }
  out.loses = left != all;
  out.lost = {transfer.size.count - bytes_of(left, packet_, transfer.size).count};
  return out;
}

TransferId UnreliableNetwork::start_inside(const Transfer& transfer, Slot owner) {
  const TransferId id = model_->start(transfer, now_);
  if (id.index() >= owners_.size()) owners_.resize(id.index() + 1, kNobody);
  owners_[id.index()] = owner;
  return id;
}

void UnreliableNetwork::carried(const Completion& completion) {
  const Slot slot = std::exchange(owners_[completion.id.index()], kNobody);
  if (slot == kNobody) return;  // copies
  Message& message = messages_[slot];
  if (completion.delivered && !message.loses) return end(slot, true, {});
  const std::int64_t still = message.transfer.size.count - message.lost.count;
  const Bytes missing{message.lost.count + std::min(still, completion.lost.count)};
  if (message.again == retransmit_.tries) return end(slot, false, missing);
  message.transfer.size = missing;
  message.state = State::kWaiting;
  timeouts_.set(slot, checked_add(now_, timeout_after(retransmit_, message.again++)));
}

void UnreliableNetwork::end(Slot slot, bool delivered, Bytes lost) {
  messages_[slot].state = State::kEnded;
  --under_way_;
  ended_.push_back({TransferId{slot}, delivered, lost});
}

void UnreliableNetwork::cancel(TransferId id, TimePoint now) {
  if (now != now_) run_until(now);
  const Slot slot = id.value;
  UNDERSTUDY_CHECK(slot < messages_.size() && messages_[slot].state != State::kFree);
  Message& message = messages_[slot];
  if (message.state == State::kEnded) {
    std::erase_if(ended_, [id](const Completion& completion) { return completion.id == id; });
  } else {
    if (message.state == State::kSending) {
      owners_[message.inside.index()] = kNobody;
      model_->cancel(message.inside, now);
    }
    timeouts_.clear(slot);
    --under_way_;
  }
  message.state = State::kFree;
  free_.push_back(slot);
}

void UnreliableNetwork::set_link(LinkId link, const LinkState& state, TimePoint now) {
  if (now != now_) run_until(now);
  impairments_.set_latency(link, state.latency);
  model_->set_link(link, state, now);
}

TimePoint UnreliableNetwork::next() { return std::min(model_->next_event(), timeouts_.next()); }

TimePoint UnreliableNetwork::next_event() {
  if (!ended_.empty()) return now_;
  return under_way_ == 0 ? kNever : next();
}

void UnreliableNetwork::advance(TimePoint now, std::vector<Completion>& ended) {
  free_.insert(free_.end(), handed_out_.begin(), handed_out_.end());
  handed_out_.clear();
  run_until(now);
  for (const Completion& completion : ended_) {
    messages_[completion.id.index()].state = State::kFree;
    handed_out_.push_back(completion.id.value);
  }
  ended.insert(ended.end(), ended_.begin(), ended_.end());
  ended_.clear();
}

// One instant after the other, since what ends at one may start anew. What follows at `now` itself is
// left for later: a model shares out a link only once all that happens at an instant is known.
void UnreliableNetwork::run_until(TimePoint now) {
  UNDERSTUDY_CHECK(now >= now_);
  for (TimePoint at = next(); at < now; at = next()) step(at);
  step(now);
}

void UnreliableNetwork::step(TimePoint now) {
  now_ = now;
  const auto before = static_cast<std::ptrdiff_t>(ended_.size());
  inside_ended_.clear();
  model_->advance(now, inside_ended_);
  for (const Completion& completion : inside_ended_) carried(completion);
  std::sort(ended_.begin() + before, ended_.end(),
            [this](const auto& a, const auto& b) { return earlier(a.id.value, b.id.value); });
  if (timeouts_.next() != now) return;
  due_.clear();
  timeouts_.take_due(due_);
  std::sort(due_.begin(), due_.end(), [this](Slot a, Slot b) { return earlier(a, b); });
  for (const Slot slot : due_) send(slot);
}

std::span<const LinkStatistics> UnreliableNetwork::statistics() const {
  const auto inside = model_->statistics();
  reported_.assign(inside.begin(), inside.end());
  for (std::size_t l = 0; l < reported_.size(); ++l) reported_[l] += counted_[l];
  return reported_;
}

}  // namespace understudy
