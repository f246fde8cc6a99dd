#include "topologies/analysis/refinement.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <queue>

namespace understudy {
namespace {

constexpr int kMaxPasses = 20;

// Each vertex's neighbours, with the bandwidth of both directions.
class Neighbours {
 public:
  struct Neighbour {
    std::uint32_t vertex;
    double rate;
  };
  explicit Neighbours(const SplitProblem& problem) : begin_(problem.vertices + 1, 0) {
    for (const Trunk& t : problem.trunks) ++begin_[t.a + 1], ++begin_[t.b + 1];
    for (std::size_t v = 0; v < problem.vertices; ++v) begin_[v + 1] += begin_[v];
    all_.resize(begin_.back());
    std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
    for (const Trunk& t : problem.trunks) {
      all_[next[t.a]++] = {t.b, t.there + t.back};
      all_[next[t.b]++] = {t.a, t.there + t.back};
    }
  }
  std::span<const Neighbour> of(std::uint32_t v) const {
    return std::span(all_).subspan(begin_[v], begin_[v + 1] - begin_[v]);
  }

 private:
  std::vector<std::size_t> begin_;
  std::vector<Neighbour> all_;
};

// One pass: every vertex moves once at most.
class Pass {
 public:
  Pass(const SplitProblem& problem, const Neighbours& neighbours, Sides& sides)
      : neighbours_(neighbours),
        sides_(sides),
        kind_(problem.vertices, kFree),
        gain_(problem.vertices, 0),
        moved_(problem.vertices, false) {
    for (const std::uint32_t t : problem.terminals) {
      kind_[t] = kTerminal;
      ++halves_[sides[t]];
    }
    for (std::uint32_t v = 0; v < problem.vertices; ++v) {
      for (const auto& [u, rate] : neighbours_.of(v))
        gain_[v] += sides[u] == sides[v] ? -rate : rate;
      offer(v);
    }
  }

  // How much less the best halves on the way cut than those at the start.
  double run() {
    std::vector<std::uint32_t> moves;
    double gained = 0, best = 0;
    std::size_t kept = 0;
    while (const auto v = next()) {
      gained += gain_[*v];
      move(*v);
      moves.push_back(*v);
      if (imbalance() <= 1 && gained > best) best = gained, kept = moves.size();
    }
    for (std::size_t i = kept; i < moves.size(); ++i) sides_[moves[i]] ^= 1;
    return best;
  }

 private:
  static constexpr std::uint8_t kFree = 0, kTerminal = 1;
  struct Offer {
    double gain;
    std::uint32_t vertex;
    bool operator<(const Offer& other) const {  // equal gains: the lowest vertex first
      return gain != other.gain ? gain < other.gain : vertex > other.vertex;
    }
  };
  using Offers = std::priority_queue<Offer>;

  int imbalance() const { return std::abs(halves_[0] - halves_[1]); }
  Offers& offers(std::uint32_t v) { return offers_[kind_[v] == kFree ? 2 : sides_[v]]; }
  void offer(std::uint32_t v) { offers(v).push({gain_[v], v}); }

  // Drops offers that are out of date.
  const Offer* top(Offers& offers) {
    while (!offers.empty()) {
      const Offer& offer = offers.top();
      if (!moved_[offer.vertex] && offer.gain == gain_[offer.vertex]) return &offer;
      offers.pop();
    }
    return nullptr;
  }

  // Terminals never leave the smaller half: the halves' sizes stay within two.
  std::optional<std::uint32_t> next() {
    const Offer* best = top(offers_[2]);
    for (const std::size_t side : {0u, 1u}) {
      if (halves_[1 - side] - halves_[side] > 0) continue;
      const Offer* offer = top(offers_[side]);
      if (offer != nullptr && (best == nullptr || *best < *offer)) best = offer;
    }
    return best == nullptr ? std::nullopt : std::optional(best->vertex);
  }

  void move(std::uint32_t v) {
    moved_[v] = true;
    if (kind_[v] == kTerminal) --halves_[sides_[v]], ++halves_[1 - sides_[v]];
    sides_[v] ^= 1;
    gain_[v] = -gain_[v];
    for (const auto& [u, rate] : neighbours_.of(v)) {
      gain_[u] += sides_[u] == sides_[v] ? -2 * rate : 2 * rate;
      if (!moved_[u]) offer(u);
    }
  }

  const Neighbours& neighbours_;
  Sides& sides_;
  std::vector<std::uint8_t> kind_;
  std::vector<double> gain_;  // what moving a vertex takes off the cut
  std::vector<bool> moved_;
  std::array<int, 2> halves_{};
  std::array<Offers, 3> offers_;  // terminals of either side, and all others
};

}  // namespace

double crossing(std::span<const Trunk> trunks, const Sides& sides) {
  std::array<double, 2> rate{};
  for (const Trunk& t : trunks) {
    if (sides[t.a] == sides[t.b]) continue;
    rate[sides[t.a]] += t.there;
    rate[sides[t.b]] += t.back;
  }
  return std::min(rate[0], rate[1]);
}

Sides split_by_order(const SplitProblem& problem, std::span<const std::uint32_t> order) {
  constexpr std::uint8_t kOpen = 2;
  Sides sides(problem.vertices, kOpen);
  for (std::size_t i = 0; i < order.size(); ++i) sides[order[i]] = i < order.size() / 2 ? 0 : 1;
  const Neighbours neighbours(problem);
  std::vector<std::uint32_t> queue(order.begin(), order.end());
  std::vector<bool> queued(problem.vertices, false);
  for (const std::uint32_t v : queue) queued[v] = true;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    std::array<double, 3> rates{};
    for (const auto& [u, rate] : neighbours.of(queue[i])) {
      rates[sides[u]] += rate;
      if (!queued[u]) queue.push_back(u), queued[u] = true;
    }
    if (sides[queue[i]] == kOpen) sides[queue[i]] = rates[0] >= rates[1] ? 0 : 1;
  }
  std::replace(sides.begin(), sides.end(), kOpen, std::uint8_t{0});  // joined with no terminal
  return sides;
}

void refine(const SplitProblem& problem, Sides& sides) {
  const Neighbours neighbours(problem);
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    if (!(Pass(problem, neighbours, sides).run() > 0)) return;
  }
}

}  // namespace understudy
