// What links do to the messages that cross them, as draws by themselves, without a network.
//
// A message's draws on a link are keyed by the seed, the link and the message's number there, 1, 2,
// ... So a link needs to remember only that number, the last draw of its jitter and the state of its
// Gilbert-Elliott chain. A message costs in proportion to what happens to its packets, not to their
// number: what happens to none is skipped by geometric draws, which is exact.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "runtime/base/random.hpp"
#include "sim/network/jitter.hpp"
#include "sim/network/network_config.hpp"
#include "topologies/topology.hpp"

namespace understudy {

// Some of the packets of one message.
struct Packets {
  std::int64_t count = 0;
  bool last = false;  // with the message's last one, which may be shorter than the others
  bool operator==(const Packets&) const = default;
};
// Those of `all` that are not among `some` of them.
constexpr Packets operator-(Packets all, Packets some) {
  return {all.count - some.count, all.last && !some.last};
}

// What happens to a message on one link.
struct Outcome {
  Duration delay{0};  // on top of the link's latency; at least minus that
  Packets lost{};
  Packets corrupted{};   // not among the lost
  Packets duplicated{};  // among the others
  bool operator==(const Outcome&) const = default;
};

class Impairments {
 public:
  // Throws ScenarioError for a pattern that fits no link and a table that can't be read.
  Impairments(std::span<const ImpairmentConfig> configs, const Topology& topology,
              std::uint64_t seed);

  // The next message over the link, of which so many packets are still on their way.
  Outcome draw(LinkId link, Packets packets);
  // From now on.
  void set_latency(LinkId link, Duration latency) { links_.at(link.index()).latency = latency; }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  struct Impairment {
    ImpairmentConfig config;
    std::optional<Jitter> jitter;
  };
  struct ImpairedLink {
    std::uint32_t impairment = kNone;
    bool bad = false;  // the state of the Gilbert-Elliott chain
    Duration latency{0};
    std::uint64_t messages = 0;
    double jitter = 0;  // the last draw, standard normal
  };

  RandomStream stream(LinkId link, std::uint64_t message) const;
  void begin(LinkId id, ImpairedLink& link) const;

  std::uint64_t seed_;
  std::vector<Impairment> impairments_;
  std::vector<ImpairedLink> links_;  // by LinkId
};

// Those of the packets that something happens to, to each by itself with the same probability.
Packets choose(Packets from, double probability, RandomStream& random);
// Those that are lost in a Gilbert-Elliott chain, whose state goes on with every packet: a packet is
// lost or not in the state that it finds.
Packets lose_in_bursts(Packets from, const GilbertElliottLoss& loss, bool& bad,
                       RandomStream& random);

}  // namespace understudy
