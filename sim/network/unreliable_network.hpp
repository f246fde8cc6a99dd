// A network that loses, repeats, spoils and delays packets, and what makes it reliable again. It
// decorates a model: what happens to a message is drawn for all links of its route at its start, and
// the model inside carries the message as a whole, delayed by as much as was drawn.
//
// A message that has lost nothing ends when the model has carried it. One that has lost something
// waits for the timeout, and only what is missing goes on its way again, with new draws. Copies of
// packets are a transfer of their own inside, started with the message, whose share of the links
// they take together. Nobody waits for copies: without a message under way there is no next event,
// and copies that are left are caught up with by whoever asks for a later present.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "sim/network/agenda.hpp"
#include "sim/network/impairments.hpp"
#include "sim/network/network_model.hpp"

namespace understudy {

class UnreliableNetwork final : public NetworkModel {
 public:
  UnreliableNetwork(std::unique_ptr<NetworkModel> model, Impairments impairments,
                    const PacketConfig& packet, const ReliabilityConfig& reliability);

  TransferId start(const Transfer& transfer, TimePoint now) override;
  // Copies of its packets stay on their way.
  void cancel(TransferId id, TimePoint now) override;
  void set_link(LinkId link, const LinkState& state, TimePoint now) override;
  TimePoint next_event() override;
  void advance(TimePoint now, std::vector<Completion>& ended) override;
  std::span<const LinkStatistics> statistics() const override;

 private:
  using Slot = std::uint32_t;
  static constexpr Slot kNobody = std::numeric_limits<Slot>::max();
  enum class State : std::uint8_t { kFree, kSending, kWaiting, kEnded };
  struct Message {
    Transfer transfer{};  // of what is missing
    std::uint64_t sequence = 0;
    State state = State::kFree;
    bool loses = false;   // a packet of what is being sent
    Bytes lost{0};        // of what is being sent, as drawn
    int again = 0;        // how often it was sent again
    TransferId inside{};  // while kSending
  };
  struct Draw {
    Duration delay{0};
    bool loses = false;
    Bytes lost{0}, copies{0};
  };

  TimePoint next();
  void run_until(TimePoint now);
  void step(TimePoint now);
  Slot take_slot();
  void send(Slot slot);
  Draw draw(const Transfer& transfer);
  TransferId start_inside(const Transfer& transfer, Slot owner);
  void carried(const Completion& completion);
  void end(Slot slot, bool delivered, Bytes lost);
  bool earlier(Slot a, Slot b) const { return messages_[a].sequence < messages_[b].sequence; }

  std::unique_ptr<NetworkModel> model_;
  Impairments impairments_;
  PacketConfig packet_;
  RetransmitConfig retransmit_;
  TimePoint now_ = kStart;
  Agenda timeouts_;
  std::vector<Message> messages_;
  std::vector<Slot> owners_;  // by TransferId of the model inside
  std::size_t under_way_ = 0;
  std::uint64_t starts_ = 0;
  std::vector<Slot> free_;
  std::vector<Completion> ended_;  // not yet handed out
  std::vector<Slot> handed_out_;   // by the last advance(); the caller may still look them up
  std::vector<Completion> inside_ended_;
  std::vector<Slot> due_;
  std::vector<LinkStatistics> counted_;  // packets, by link
  mutable std::vector<LinkStatistics> reported_;
};

// From the end of a try to the next one, after so many that were sent again already: doubled each
// time, up to the 60 s that RFC 6298 (2.5) lets it be bounded by.
Duration timeout_after(const RetransmitConfig& config, int again);

}  // namespace understudy
