// What links are under, whatever the model: as a scenario states it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/file_path.hpp"
#include "runtime/base/units.hpp"
#include "sim/network/distribution_config.hpp"
#include "topologies/topology.hpp"

namespace understudy {

// Links are chosen by patterns on their names, "london->paris": * stands for any text, ? for one
// character, and "a<->b" for both directions. Of several entries for one link the last one holds.

// What a message is cut into on the wire. Without a payload a message is one packet, whatever its
// size. Ethernet with TCP: 1448 of 1538 bytes, so payload 1448B, overhead 90B.
struct PacketConfig {
  Bytes payload{0};   // in a packet
  Bytes overhead{0};  // headers, added to each packet
};

// Jitter of a link: added to its latency, drawn for each message, mean 0. The sum of latency and
// jitter is cut off at 0. Kinds as in Linux's netem.
struct UniformJitter {
  Duration spread{0};  // -spread..spread
  double correlation = 0;
};
struct NormalJitter {
  Duration deviation{0};
  double correlation = 0;
};
struct ParetoJitter {  // shape 3, of the deviation
  Duration deviation{0};
  double correlation = 0;
};
struct ParetoNormalJitter {  // a quarter normal and three quarters Pareto
  Duration deviation{0};
  double correlation = 0;
};
struct TableJitter {  // an inverse distribution in units of 1/8192 deviations, as iproute2's .dist
  FilePath file{};
  Duration deviation{0};
  double correlation = 0;
};
using JitterConfig =
    std::variant<UniformJitter, NormalJitter, ParetoJitter, ParetoNormalJitter, TableJitter>;

struct BernoulliLoss {
  double probability = 0;  // of each packet
};
// A chain of two states that steps once a packet (Gilbert, 1960; Elliott, 1963): the mean loss is
// (q loss_good + p loss_bad) / (p + q), a stay in the bad state lasts 1/q packets.
struct GilbertElliottLoss {
  double p = 0.01;  // good to bad
  double q = 0.25;  // bad to good
  double loss_good = 0;
  double loss_bad = 1;
};
using LossConfig = std::variant<BernoulliLoss, GilbertElliottLoss>;

struct ImpairmentConfig {
  std::string links = "*";
  std::optional<JitterConfig> jitter{};
  std::optional<LossConfig> loss{};
  double duplicate = 0;  // of packets; copies take room on the links, and receivers drop them
  double corrupt = 0;    // of packets; the checksum finds them, so they are as good as lost
  double reorder = 0;    // of messages; they skip the link's latency, and so overtake others
};

// Lost packets are sent again, together, a timeout after the message's last packet has arrived or
// been lost; the timeout doubles from try to try (RFC 6298). After so many tries the message is
// lost.
struct RetransmitConfig {
  Duration timeout{std::chrono::milliseconds{200}};
  int tries = 16;
};
// A message that lost a packet is lost.
struct UnreliableConfig {};
using ReliabilityConfig = std::variant<RetransmitConfig, UnreliableConfig>;

// Lines of milliseconds, each an opportunity to deliver 1,500 bytes; the trace repeats (Netravali et
// al., "Mahimahi: accurate record-and-replay for HTTP", USENIX ATC 2015).
struct MahimahiTrace {
  std::string links = "*";
  FilePath file{};
  Duration resolution{std::chrono::milliseconds{1}};  // rates are means over so long
};
// Lines of time_s,rate_bit_s,latency_s after a header that names them; latency_s may be left out. The
// first time is 0. A link with a rate of 0 is not up.
struct CsvTrace {
  std::string links = "*";
  FilePath file{};
  bool repeat = false;  // begins again at its last line, which only says when
};
using TraceConfig = std::variant<MahimahiTrace, CsvTrace>;

// Traffic of others between two vertices, which nobody waits for.
struct ConstantTraffic {
  std::string from{}, to{};
  Bandwidth rate{1e6};
  Bytes message{65536};  // one every message / rate; the next waits for the one before, in queued
                         // for room among as many as an idle route needs at that rate
};
struct OnOffTraffic {
  std::string from{}, to{};
  Bandwidth rate{1e6};  // while on
  Bytes message{65536};
  DurationDistribution on = ExponentialDuration{};
  DurationDistribution off = ExponentialDuration{};
};
enum class SizeDistribution { kConstant, kExponential, kPareto };
struct PoissonTraffic {
  std::string from{}, to{};
  double flows_per_s = 1;
  Bytes size{100'000};                                      // in the mean
  SizeDistribution sizes = SizeDistribution::kExponential;  // pareto: shape 1.5
};
using BackgroundConfig = std::variant<ConstantTraffic, OnOffTraffic, PoissonTraffic>;

struct NetworkConditions {
  Routing routing = Routing::kShortestLatency;
  PacketConfig packet{};
  ReliabilityConfig reliability = RetransmitConfig{};
  std::vector<ImpairmentConfig> impairments{};
  std::vector<TraceConfig> traces{};
  std::vector<BackgroundConfig> background{};
};

}  // namespace understudy
