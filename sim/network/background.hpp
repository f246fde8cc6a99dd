// Traffic of others: sources of messages that nobody waits for, one start ahead each.
//
// Their latency is cut off, for it would only delay what nobody sees: a message of a constant source
// flows as soon as the one before has ended, so that an uncongested source keeps exactly its rate.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "runtime/base/random.hpp"
#include "sim/network/agenda.hpp"
#include "sim/network/network_config.hpp"
#include "sim/network/network_model.hpp"

namespace understudy {

// Flows of one source that may be under way at a time.
inline constexpr int kMostBackgroundFlows = 4096;

class BackgroundTraffic {
 public:
  struct Message {
    std::uint32_t source = 0;
    Transfer transfer{};  // its route lives as long as the source
  };

  // A paced source (constant, on_off) has one message under way at a time; where messages are
  // stored and forwarded, as many as an idle route needs to keep up the rate. Throws ScenarioError
  // for vertices that are none and for what has no way to go.
  BackgroundTraffic(const std::vector<BackgroundConfig>& config, const Topology& topology,
                    bool store_and_forward, std::uint64_t seed);

  // When a source has something to send next; kNever: none has.
  TimePoint next() const { return agenda_.next(); }
  // What starts at next(), by source; may be nothing. Valid until the next call. Throws RunError
  // for flows that don't fit in kMostBackgroundFlows.
  std::span<const Message> take_next();
  // A message has ended, delivered or not.
  void ended(std::uint32_t source, TimePoint now);

  // The link is down for good: what crosses it falls silent.
  void lose(LinkId link);

 private:
  // Messages one after the other.
  struct Paced {
    double bytes_per_s = 0;
    Bytes message{};
    Duration gap{};  // between the starts of two messages
    int most_under_way = 1;
    std::optional<OnOffTraffic> pauses{};
    TimePoint on_until = kNever;
    TimePoint next = kStart;
    bool waits = false;  // for one that is under way
  };
  struct Source {
    std::vector<LinkId> route;
    std::variant<Paced, PoissonTraffic> kind;
    std::uint32_t draws = 0;  // so far
    int under_way = 0;
  };

  template <class Config>
  Source with_route(const Config& config, const Topology& topology) const;
  Paced paced(Bandwidth rate, Bytes message, const Source& source, const Topology& topology) const;
  void add(const ConstantTraffic& config, const Topology& topology);
  void add(const OnOffTraffic& config, const Topology& topology);
  void add(const PoissonTraffic& config, const Topology& topology);

  RandomStream next_stream(std::uint32_t number);
  Duration draw_next(std::uint32_t number, const DurationDistribution& distribution);
  void start(std::uint32_t number, Paced& paced, TimePoint now);
  void start(std::uint32_t number, const PoissonTraffic& flows, TimePoint now);
  void skip_pauses(std::uint32_t number, Paced& paced);
  void send(std::uint32_t number, Bytes size, double cap_bytes_per_s);

  std::uint64_t seed_;
  bool store_and_forward_;
  std::vector<Source> sources_;
  Agenda agenda_;  // slot: the source's number
  std::vector<std::uint32_t> due_;
  std::vector<Message> starting_;
};

}  // namespace understudy
