#include "sim/network/impairments.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/base/errors.hpp"
#include "sim/network/patterns.hpp"

namespace understudy {
namespace {

// How many trials fail before the first success, at most `most`; each succeeds with probability p.
// By inversion (Devroye, "Non-Uniform Random Variate Generation", 1986, X.2).
std::int64_t failures(double p, std::int64_t most, RandomStream& random) {
  if (p <= 0) return most;
  const double count = std::floor(std::log1p(-random.uniform()) / std::log1p(-p));
  return count < static_cast<double>(most) ? static_cast<std::int64_t>(count) : most;
}

Packets lose(Packets from, const std::optional<LossConfig>& loss, bool& bad, RandomStream& random) {
  if (!loss) return {};
  if (const auto* bursts = std::get_if<GilbertElliottLoss>(&*loss))
    return lose_in_bursts(from, *bursts, bad, random);
  return choose(from, std::get<BernoulliLoss>(*loss).probability, random);
}

}  // namespace

Packets choose(Packets from, double probability, RandomStream& random) {
  if (probability > 0.5) return from - choose(from, 1 - probability, random);  // the fewer
  Packets chosen;
  std::int64_t left = from.count;
  for (std::int64_t skipped = failures(probability, left, random); skipped < left;
       skipped = failures(probability, left, random)) {
    left -= skipped + 1;
    ++chosen.count;
    chosen.last = from.last && left == 0;
  }
  return chosen;
}

Packets lose_in_bursts(Packets from, const GilbertElliottLoss& loss, bool& bad,
                       RandomStream& random) {
  Packets lost;
  for (std::int64_t left = from.count; left > 0;) {
    const std::int64_t stay = 1 + failures(bad ? loss.q : loss.p, left, random);
    const std::int64_t here = std::min(stay, left);
    left -= here;
    const Packets some =
        choose({here, from.last && left == 0}, bad ? loss.loss_bad : loss.loss_good, random);
    lost.count += some.count;
    lost.last = some.last;
    if (stay == here)
      bad = !bad;  // else it stays beyond these, and is drawn anew: it has no memory
  }
  return lost;
}

Impairments::Impairments(std::span<const ImpairmentConfig> configs, const Topology& topology,
                         std::uint64_t seed)
    : seed_(seed), links_(topology.links().size()) {
  for (std::size_t l = 0; l < links_.size(); ++l) links_[l].latency = topology.links()[l].latency;
  for (const ImpairmentConfig& config : configs) {
    for (const LinkId id : links_like(topology, config.links))
      links_[id.index()].impairment = static_cast<std::uint32_t>(impairments_.size());
    impairments_.push_back({config, std::nullopt});
    if (config.jitter) impairments_.back().jitter.emplace(*config.jitter);
  }
}

RandomStream Impairments::stream(LinkId link, std::uint64_t message) const {
  return RandomStream({.seed = seed_,
                       .node = link.value,
                       .purpose = Purpose::kNetwork,
                       .round = static_cast<std::uint32_t>(message >> 32),
                       .step = static_cast<std::uint32_t>(message)});
}

// Jitter and chain as they are after a long time, so that what is stated holds from the first
// message on.
void Impairments::begin(LinkId id, ImpairedLink& link) const {
  RandomStream random = stream(id, 0);
  link.jitter = random.normal();
  const auto& loss = impairments_[link.impairment].config.loss;
  if (const auto* chain = loss ? std::get_if<GilbertElliottLoss>(&*loss) : nullptr) {
    UNDERSTUDY_CHECK(chain->p + chain->q > 0);
    link.bad = random.uniform() < chain->p / (chain->p + chain->q);
  }
}

Outcome Impairments::draw(LinkId id, Packets packets) {
  ImpairedLink& link = links_.at(id.index());
  if (link.impairment == kNone) return {};
  const Impairment& impairment = impairments_[link.impairment];
  if (link.messages == 0) begin(id, link);
  RandomStream random = stream(id, ++link.messages);
  Outcome out;
  if (impairment.jitter)
    out.delay = std::max(-link.latency, impairment.jitter->next(link.jitter, random));
  if (random.uniform() < impairment.config.reorder) out.delay = -link.latency;
  out.lost = lose(packets, impairment.config.loss, link.bad, random);
  packets = packets - out.lost;
  out.corrupted = choose(packets, impairment.config.corrupt, random);
  packets = packets - out.corrupted;
  out.duplicated = choose(packets, impairment.config.duplicate, random);
  return out;
}

}  // namespace understudy
