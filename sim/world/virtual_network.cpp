#include "sim/world/virtual_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/transport/mailbox.hpp"

namespace understudy {

class VirtualNetwork::Endpoint final : public Transport {
 public:
  Endpoint(VirtualNetwork& network, Rank rank) : network_(network), rank_(rank) {}

  void send(Rank to, Tag tag, Payload payload) override {
    sent.bytes += static_cast<std::int64_t>(payload.size());
    ++sent.messages;
    network_.send(rank_, to, tag, std::move(payload));
  }

  bool receive(ReceiveOperation& operation) override {
    const TimePoint now = network_.scheduler_.now();
    auto arrival = mailbox_.take(operation);
    if (!arrival) {
      mailbox_.wait(operation, now);
      return false;
    }
    if (network_.trace_ != nullptr) network_.trace_->emit(event(*arrival, now));
    operation.message = std::move(arrival->message);
    return true;
  }

  void cancel(ReceiveOperation& operation) override { mailbox_.cancel(operation); }

  void deliver(InFlight&& flight) {
    const TimePoint now = network_.scheduler_.now();
    const auto waiting = mailbox_.claim(flight.message);
    Arrival arrival{std::move(flight.message), {flight.sent, now, std::move(flight.about)}};
    if (!waiting) return mailbox_.keep(std::move(arrival));
    if (network_.trace_ != nullptr) {
      MessageEvent received = event(arrival, now);
      received.waited = now - waiting->since;
      network_.trace_->emit(received);
    }
    waiting->operation->message = std::move(arrival.message);
    waiting->operation->complete();
  }

  Sent sent;
  bool everything_received() const { return mailbox_.empty(); }
  bool waits_for(const Lost& lost) const { return mailbox_.awaits(lost.from, lost.tag); }

 private:
  struct History {
    TimePoint sent, arrived;
    std::shared_ptr<const Activity> about;
  };
  using Arrival = Mailbox<History>::Arrival;

  MessageEvent event(const Arrival& arrival, TimePoint received) const {
    const Message& message = arrival.message;
    const Bytes size{static_cast<std::int64_t>(message.payload.size())};
    return {.from = message.from,
            .to = rank_,
            .tag = message.tag,
            .size = size,
            .sent = arrival.about.sent,
            .arrived = arrival.about.arrived,
            .received = received,
            .about = arrival.about.about};
  }

  VirtualNetwork& network_;
  Rank rank_;
  Mailbox<History> mailbox_;
};

VirtualNetwork::VirtualNetwork(Scheduler& scheduler, const Topology& topology,
                               std::unique_ptr<NetworkModel> model)
    : scheduler_(scheduler),
      topology_(topology),
      model_(std::move(model)),
      endpoints_(topology.places().size()) {
  scheduler.set_source(this);
}

VirtualNetwork::~VirtualNetwork() { scheduler_.set_source(nullptr); }

VirtualNetwork::Endpoint& VirtualNetwork::endpoint_of(Rank rank) {
  auto& endpoint = endpoints_.at(rank.index());
  if (endpoint == nullptr) endpoint = std::make_unique<Endpoint>(*this, rank);
  return *endpoint;
}
Transport& VirtualNetwork::endpoint(Rank rank) { return endpoint_of(rank); }
VirtualNetwork::Sent VirtualNetwork::sent(Rank rank) const {
  const auto& endpoint = endpoints_.at(rank.index());
  return endpoint == nullptr ? Sent{} : endpoint->sent;
}
bool VirtualNetwork::everything_received() const {
  return std::all_of(endpoints_.begin(), endpoints_.end(), [](const auto& endpoint) {
    return endpoint == nullptr || endpoint->everything_received();
  });
}
void VirtualNetwork::restore_sent(Rank rank, const Sent& sent) { endpoint_of(rank).sent = sent; }

std::span<const LinkStatistics> VirtualNetwork::link_statistics() {
  advance(scheduler_.now());
  return model_->statistics();
}

void VirtualNetwork::send(Rank from, Rank to, Tag tag, Payload payload) {
  const auto places = topology_.places();
  if (to.index() >= places.size()) {
    throw TransportError(fmt::format("rank {} sends to rank {}, but there are only {} ranks",
                                     from.value, to.value, places.size()));
  }
  const auto route = topology_.route(places[from.index()].vertex, places[to.index()].vertex);
  const Bytes size{static_cast<std::int64_t>(payload.size())};
  const TransferId id = model_->start({.route = route, .size = size}, scheduler_.now());
  if (id.index() >= in_flight_.size()) in_flight_.resize(id.index() + 1);
  InFlight& flight = in_flight_[id.index()];
  flight.to = to;
  flight.message.from = from;
  flight.message.tag = tag;
  flight.message.payload = std::move(payload);
  flight.sent = scheduler_.now();
  if (trace_ != nullptr) flight.about = trace_->activity(from, tag.stream);
}

void VirtualNetwork::advance(TimePoint now) {
  ended_.clear();
  model_->advance(now, ended_);
  for (const Completion& completion : ended_) {
    InFlight& flight = in_flight_[completion.id.index()];
    if (completion.delivered) {
      endpoint_of(flight.to).deliver(std::move(flight));
    } else {
      lose(flight);
    }
  }
}

std::string VirtualNetwork::waits_for_what_was_lost() const {
  for (const Lost& lost : lost_) {
    const auto& endpoint = endpoints_[lost.to.index()];
    if (endpoint == nullptr || !endpoint->waits_for(lost)) continue;
    return fmt::format("rank {} waits for a message from rank {} that the network lost at {:.6g} s",
                       lost.to.value, lost.from.value, to_seconds(lost.at));
  }
  return "";
}

void VirtualNetwork::lose(InFlight& flight) {
  const TimePoint now = scheduler_.now();
  const Payload payload = std::exchange(flight.message.payload, {});
  if (lost_.size() < kMostRemembered)
    lost_.push_back({flight.message.from, flight.to, flight.message.tag, now});
  if (trace_ == nullptr) return;
  const Bytes size{static_cast<std::int64_t>(payload.size())};
  trace_->emit(MessageEvent{.from = flight.message.from,
                            .to = flight.to,
                            .tag = flight.message.tag,
                            .size = size,
                            .sent = flight.sent,
                            .arrived = now,
                            .received = now,
                            .delivered = false,
                            .about = flight.about});
}

}  // namespace understudy
