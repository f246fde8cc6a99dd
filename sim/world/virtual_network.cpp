#include "sim/world/virtual_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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
    const auto match = std::find_if(arrived_.begin(), arrived_.end(), [&](const Arrival& a) {
      return matches(operation, a.message);
    });
    const TimePoint now = network_.scheduler_.now();
    if (match == arrived_.end()) {
      waiting_.push_back({&operation, now});
      return false;
    }
    if (network_.trace_ != nullptr) network_.trace_->emit(match->event(rank_, now));
    operation.message = std::move(match->message);
    arrived_.erase(match);
    return true;
  }

  void cancel(ReceiveOperation& operation) override {
    std::erase_if(waiting_, [&](const Waiting& w) { return w.operation == &operation; });
  }

  void deliver(InFlight&& flight) {
    const auto match = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& w) {
      return matches(*w.operation, flight.message);
    });
    const TimePoint now = network_.scheduler_.now();
    Arrival arrival{std::move(flight.message), flight.sent, now, std::move(flight.about)};
    if (match == waiting_.end()) {
      arrived_.push_back(std::move(arrival));
      return;
    }
    ReceiveOperation& operation = *match->operation;
    if (network_.trace_ != nullptr) {
      MessageEvent event = arrival.event(rank_, now);
      event.waited = now - match->since;
      network_.trace_->emit(event);
    }
    waiting_.erase(match);
    operation.message = std::move(arrival.message);
    operation.complete();
  }

  Sent sent;
  bool everything_received() const { return arrived_.empty(); }
  bool waits_for(const Lost& lost) const {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& w) {
      return matches(*w.operation, lost.from, lost.tag);
    });
  }

 private:
  struct Arrival {
    Message message;
    TimePoint sent, arrived;
    std::shared_ptr<const Activity> about;

    MessageEvent event(Rank to, TimePoint received) const {
      const Bytes size{static_cast<std::int64_t>(message.payload.size())};
      return {.from = message.from,
              .to = to,
              .tag = message.tag,
              .size = size,
              .sent = sent,
              .arrived = arrived,
              .received = received,
              .about = about};
    }
  };
  struct Waiting {
    ReceiveOperation* operation;
    TimePoint since;
  };
  static bool matches(const ReceiveOperation& operation, Rank from, const Tag& tag) {
    return operation.tag == tag && (!operation.from || *operation.from == from);
  }
  static bool matches(const ReceiveOperation& operation, const Message& message) {
    return matches(operation, message.from, message.tag);
  }
  VirtualNetwork& network_;
  Rank rank_;
  std::vector<Arrival> arrived_;
  std::vector<Waiting> waiting_;
};

VirtualNetwork::VirtualNetwork(Scheduler& scheduler, const Topology& topology,
                               std::unique_ptr<NetworkModel> model)
    : scheduler_(scheduler), topology_(topology), model_(std::move(model)) {
  for (std::size_t i = 0; i < topology.places().size(); ++i) {
    endpoints_.push_back(std::make_unique<Endpoint>(*this, Rank{i}));
  }
  scheduler.set_source(this);
}

VirtualNetwork::~VirtualNetwork() { scheduler_.set_source(nullptr); }

Transport& VirtualNetwork::endpoint(Rank rank) { return *endpoints_.at(rank.index()); }
const VirtualNetwork::Sent& VirtualNetwork::sent(Rank rank) const {
  return endpoints_.at(rank.index())->sent;
}
bool VirtualNetwork::everything_received() const {
  return std::all_of(endpoints_.begin(), endpoints_.end(),
                     [](const auto& endpoint) { return endpoint->everything_received(); });
}
void VirtualNetwork::restore_sent(Rank rank, const Sent& sent) {
  endpoints_.at(rank.index())->sent = sent;
}

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
      endpoints_[flight.to.index()]->deliver(std::move(flight));
    } else {
      lose(flight);
    }
  }
}

std::string VirtualNetwork::waits_for_what_was_lost() const {
  for (const Lost& lost : lost_) {
    if (!endpoints_[lost.to.index()]->waits_for(lost)) continue;
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
