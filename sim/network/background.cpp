#include "sim/network/background.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "sim/network/distribution.hpp"
#include "sim/network/patterns.hpp"

namespace understudy {
namespace {

constexpr double kUncapped = std::numeric_limits<double>::infinity();
constexpr Duration kWithoutLatency = -std::chrono::hours{24};
constexpr Duration kShortestGap{std::chrono::nanoseconds{1}};
constexpr double kMostBytes = 1e18;

Bytes rounded(double bytes) {
  return Bytes{static_cast<std::int64_t>(std::min(bytes, kMostBytes) + 0.5)};
}

// Pareto of shape a = 1.5, by inverse transform: the least is mean (a - 1) / a.
double draw_pareto(double mean, RandomStream& random) {
  constexpr double kShape = 1.5;
  return mean * (kShape - 1) / kShape * std::pow(1 - random.uniform(), -1 / kShape);
}

Bytes draw_size(const PoissonTraffic& flows, RandomStream& random) {
  const auto mean = static_cast<double>(flows.size.count);
  double bytes = mean;
  if (flows.sizes == SizeDistribution::kExponential) bytes = mean * draw_exponential(random);
  if (flows.sizes == SizeDistribution::kPareto) bytes = draw_pareto(mean, random);
  return std::max(Bytes{1}, rounded(bytes));
}

// How long a message takes over an idle route that stores and forwards it.
double idle_seconds(std::span<const LinkId> route, Bytes message, const Topology& topology) {
  double seconds = 0;
  for (const LinkId id : route) {
    const Link& link = topology.links()[id.index()];
    seconds += to_seconds(link.latency) +
               static_cast<double>(message.count) / link.bandwidth.bytes_per_s();
  }
  return seconds;
}

}  // namespace

BackgroundTraffic::BackgroundTraffic(const std::vector<BackgroundConfig>& config,
                                     const Topology& topology, bool store_and_forward,
                                     std::uint64_t seed)
    : seed_(seed), store_and_forward_(store_and_forward) {
  for (const BackgroundConfig& source : config)
    std::visit([&](const auto& kind) { add(kind, topology); }, source);
}

template <class Config>
BackgroundTraffic::Source BackgroundTraffic::with_route(const Config& config,
                                                        const Topology& topology) const {
  const auto route =
      topology.route(vertex_called(topology, config.from), vertex_called(topology, config.to));
  if (route.empty()) {
    throw ScenarioError(
        fmt::format("background traffic from '{}' to itself crosses no link", config.from));
  }
  return {.route = {route.begin(), route.end()}, .kind = Paced{}};
}

BackgroundTraffic::Paced BackgroundTraffic::paced(Bandwidth rate, Bytes message,
                                                  const Source& source,
                                                  const Topology& topology) const {
  Paced paced{.bytes_per_s = rate.bytes_per_s(), .message = message};
  const double gap_s = static_cast<double>(message.count) / paced.bytes_per_s;
  paced.gap = saturated(gap_s);
  if (paced.gap < kShortestGap) {
    throw ScenarioError(
        fmt::format("background traffic of {} in messages of {} sends more than "
                    "one in a nanosecond; larger ones would do",
                    format(rate), format(message)));
  }
  if (store_and_forward_) {
    const double needed = std::ceil(idle_seconds(source.route, message, topology) / gap_s);
    paced.most_under_way =
        static_cast<int>(std::clamp(needed, 1.0, static_cast<double>(kMostBackgroundFlows)));
  }
  return paced;
}

void BackgroundTraffic::add(const ConstantTraffic& config, const Topology& topology) {
  Source source = with_route(config, topology);
  source.kind = paced(config.rate, config.message, source, topology);
  agenda_.set(static_cast<std::uint32_t>(sources_.size()), kStart);
  sources_.push_back(std::move(source));
}

void BackgroundTraffic::add(const OnOffTraffic& config, const Topology& topology) {
  require_valid(config.on);
  require_valid(config.off);
  Source source = with_route(config, topology);
  Paced pacing = paced(config.rate, config.message, source, topology);
  pacing.pauses = config;
  source.kind = std::move(pacing);
  const auto number = static_cast<std::uint32_t>(sources_.size());
  sources_.push_back(std::move(source));
  std::get<Paced>(sources_.back().kind).on_until = later(kStart, draw_next(number, config.on));
  agenda_.set(number, kStart);
}

void BackgroundTraffic::add(const PoissonTraffic& config, const Topology& topology) {
  Source source = with_route(config, topology);
  source.kind = config;
  const auto number = static_cast<std::uint32_t>(sources_.size());
  sources_.push_back(std::move(source));
  RandomStream random = next_stream(number);
  agenda_.set(number, later(kStart, saturated(draw_exponential(random) / config.flows_per_s)));
}

RandomStream BackgroundTraffic::next_stream(std::uint32_t number) {
  return RandomStream({.seed = seed_,
                       .node = number,
                       .purpose = Purpose::kBackground,
                       .step = sources_[number].draws++});
}

Duration BackgroundTraffic::draw_next(std::uint32_t number,
                                      const DurationDistribution& distribution) {
  RandomStream random = next_stream(number);
  return draw(distribution, random);
}

std::span<const BackgroundTraffic::Message> BackgroundTraffic::take_next() {
  const TimePoint now = agenda_.next();
  due_.clear();
  starting_.clear();
  agenda_.take_due(due_);
  std::sort(due_.begin(), due_.end());
  for (const std::uint32_t number : due_) {
    std::visit([&](auto& kind) { start(number, kind, now); }, sources_[number].kind);
  }
  return starting_;
}

// The last message before a pause is cut off where the pause begins, so that each time on carries
// rate x time.
void BackgroundTraffic::start(std::uint32_t number, Paced& paced, TimePoint now) {
  Bytes size = paced.message;
  paced.next = later(now, paced.gap);
  if (paced.next > paced.on_until) {
    size = std::min(size, rounded(paced.bytes_per_s * to_seconds(paced.on_until - now)));
    paced.next = paced.on_until;
  }
  skip_pauses(number, paced);
  if (size.count > 0) send(number, size, paced.bytes_per_s);
  paced.waits = sources_[number].under_way >= paced.most_under_way;
  if (!paced.waits) agenda_.set(number, paced.next);
}

void BackgroundTraffic::skip_pauses(std::uint32_t number, Paced& paced) {
  while (paced.next != kNever && paced.next >= paced.on_until) {
    const TimePoint on = later(paced.on_until, draw_next(number, paced.pauses->off));
    paced.on_until = later(on, draw_next(number, paced.pauses->on));
    paced.next = std::max(paced.next, on);
  }
}

// A flow's draws: its size, then the gap to the next one.
void BackgroundTraffic::start(std::uint32_t number, const PoissonTraffic& flows, TimePoint now) {
  if (sources_[number].under_way == kMostBackgroundFlows) {
    throw RunError(fmt::format(
        "the background traffic from '{}' to '{}' exceeds what its links carry: at {}s {} of its "
        "flows are under way",
        flows.from, flows.to, to_seconds(now), kMostBackgroundFlows));
  }
  RandomStream random = next_stream(number);
  send(number, draw_size(flows, random), kUncapped);
  agenda_.set(number, later(now, saturated(draw_exponential(random) / flows.flows_per_s)));
}

void BackgroundTraffic::send(std::uint32_t number, Bytes size, double cap_bytes_per_s) {
  Source& source = sources_[number];
  ++source.under_way;
  starting_.push_back({number,
                       {.route = source.route,
                        .size = size,
                        .delay = kWithoutLatency,
                        .cap_bytes_per_s = cap_bytes_per_s}});
}

void BackgroundTraffic::ended(std::uint32_t number, TimePoint now) {
  --sources_[number].under_way;
  auto* paced = std::get_if<Paced>(&sources_[number].kind);
  if (paced == nullptr || !paced->waits) return;
  paced->waits = false;
  paced->next = std::max(paced->next, now);
  skip_pauses(number, *paced);
  agenda_.set(number, paced->next);
}

void BackgroundTraffic::lose(LinkId link) {
  for (std::uint32_t number = 0; number < sources_.size(); ++number) {
    const auto& route = sources_[number].route;
    if (std::find(route.begin(), route.end(), link) == route.end()) continue;
    agenda_.clear(number);
    if (auto* paced = std::get_if<Paced>(&sources_[number].kind)) paced->waits = false;
  }
}

}  // namespace understudy
