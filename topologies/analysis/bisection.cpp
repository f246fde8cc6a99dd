#include "topologies/analysis/bisection.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "topologies/analysis/refinement.hpp"
#include "topologies/analysis/spectrum.hpp"

namespace understudy {
namespace {

constexpr double kRounding = 1e-9;  // relative, of sums and eigenvalues

// Sides are given to one terminal after the other. The greatest flow between those that have one is
// a bound for all halves that come of it, and, once all have one, their cut (Ford and Fulkerson). It
// only grows on the way, so it is augmented, never computed anew.
class HalvesSearch {
 public:
  HalvesSearch(const SplitProblem& problem, bool is_symmetric, double best)
      : problem_(problem),
        is_symmetric_(is_symmetric),
        best_(best),
        arcs_of_(problem.vertices),
        side_(problem.vertices, kOpen),
        came_by_(problem.vertices) {
    for (std::uint32_t i = 0; i < problem.trunks.size(); ++i) {
      arcs_of_[problem.trunks[i].a].push_back(2 * i);
      arcs_of_[problem.trunks[i].b].push_back(2 * i + 1);
    }
  }

  // nullopt where that would take too many steps.
  std::optional<double> run() {
    Flow none;
    for (const Trunk& t : problem_.trunks) none.left.insert(none.left.end(), {t.there, t.back});
    descend(0, none);
    return steps_ > kMaxSteps ? std::nullopt : std::optional(best_);
  }

 private:
  static constexpr std::int64_t kMaxSteps = 200'000'000;  // arcs looked at: about a second
  static constexpr std::uint8_t kOpen = 2;
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  struct Flow {
    double amount = 0;
    std::vector<double> left;  // by arc: 2i from a to b of trunk i, 2i + 1 back
  };

  bool hopeless(const Flow& flow) const {
    return flow.amount >= best_ * (1 - kRounding) || steps_ > kMaxSteps;
  }
  std::uint32_t head(std::uint32_t arc) const {
    const Trunk& t = problem_.trunks[arc / 2];
    return arc % 2 == 0 ? t.b : t.a;
  }

  void descend(std::size_t depth, const Flow& flow) {
    if (hopeless(flow)) return;
    if (depth == problem_.terminals.size()) {
      best_ = flow.amount;
      return;
    }
    const std::uint32_t terminal = problem_.terminals[depth];
    const std::size_t half = (problem_.terminals.size() + 1) / 2;
    const std::uint8_t sides = depth == 0 && is_symmetric_ ? 1 : 2;  // then mirror images are alike
    for (std::uint8_t side = 0; side < sides; ++side) {
      if (size_[side] == half) continue;
      side_[terminal] = side, ++size_[side];
      Flow deeper = flow;
      while (!hopeless(deeper) && augment(deeper)) {
      }
      descend(depth + 1, deeper);
      side_[terminal] = kOpen, --size_[side];
    }
  }

  // Along a shortest path from side 0 to side 1 (Edmonds and Karp, 1972).
  bool augment(Flow& flow) {
    std::fill(came_by_.begin(), came_by_.end(), kNone);
    queue_.clear();
    for (const std::uint32_t t : problem_.terminals) {
      if (side_[t] == 0) queue_.push_back(t);
    }
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      for (const std::uint32_t arc : arcs_of_[queue_[i]]) {
        ++steps_;
        const std::uint32_t to = head(arc);
        if (!(flow.left[arc] > 0) || came_by_[to] != kNone || side_[to] == 0) continue;
        came_by_[to] = arc;
        if (side_[to] == 1) {
          send(to, flow);
          return true;
        }
        queue_.push_back(to);
      }
    }
    return false;
  }

  void send(std::uint32_t to, Flow& flow) {
    double amount = std::numeric_limits<double>::infinity();
    for (std::uint32_t v = to; side_[v] != 0; v = head(came_by_[v] ^ 1))
      amount = std::min(amount, flow.left[came_by_[v]]);
    for (std::uint32_t v = to; side_[v] != 0; v = head(came_by_[v] ^ 1)) {
      flow.left[came_by_[v]] -= amount;
      flow.left[came_by_[v] ^ 1] += amount;
    }
    flow.amount += amount;
  }

  const SplitProblem& problem_;
  bool is_symmetric_;
  double best_;
  std::vector<std::vector<std::uint32_t>> arcs_of_;  // by vertex that they leave
  std::vector<std::uint8_t> side_;                   // by vertex
  std::size_t size_[2]{};
  std::vector<std::uint32_t> came_by_;  // by vertex: the arc of a path that is looked for
  std::vector<std::uint32_t> queue_;
  std::int64_t steps_ = 0;
};

SplitProblem problem_of(const Topology& topology) {
  SplitProblem problem{.vertices = topology.vertices().size(), .trunks = trunks_of(topology)};
  // By rank: machines come one after the other, so the order says something.
  std::vector<bool> seen(problem.vertices, false);
  const auto add = [&](std::uint32_t v) {
    if (!seen[v]) problem.terminals.push_back(v);
    seen[v] = true;
  };
  for (const Place& place : topology.places()) add(place.vertex.value);
  if (topology.places().empty()) {
    for (std::uint32_t v = 0; v < problem.vertices; ++v) add(v);
  }
  return problem;
}

// As a walk comes past them that goes on to a neighbour not yet visited, or back. Of a tree, the
// first half hangs together but for what branches off one path.
std::vector<std::uint32_t> depth_first(const SplitProblem& problem) {
  std::vector<std::vector<std::uint32_t>> neighbours(problem.vertices);
  for (const Trunk& t : problem.trunks) {
    neighbours[t.a].push_back(t.b);
    neighbours[t.b].push_back(t.a);
  }
  std::vector<bool> is_terminal(problem.vertices, false), visited(problem.vertices, false);
  for (const std::uint32_t t : problem.terminals) is_terminal[t] = true;
  std::vector<std::uint32_t> order, stack(problem.terminals.rbegin(), problem.terminals.rend());
  while (!stack.empty()) {
    const std::uint32_t v = stack.back();
    stack.pop_back();
    if (visited[v]) continue;
    visited[v] = true;
    if (is_terminal[v]) order.push_back(v);
    stack.insert(stack.end(), neighbours[v].rbegin(), neighbours[v].rend());
  }
  return order;
}

double refined(const SplitProblem& problem, std::span<const std::uint32_t> order) {
  Sides sides = split_by_order(problem, order);
  refine(problem, sides);
  return crossing(problem.trunks, sides);
}

// Fiedler's pair of the mean bandwidth of both directions, in units of the greatest.
std::optional<FiedlerPair> bandwidth_fiedler(const SplitProblem& problem, double unit) {
  std::vector<WeightedEdge> edges;
  for (const Trunk& t : problem.trunks) edges.push_back({t.a, t.b, (t.there + t.back) / 2 / unit});
  return fiedler_pair(problem.vertices, edges);
}

// A cut between parts of p and q vertices of the whole graph of n has at least value pq/n.
double spectral_bound(std::size_t n, double value) {
  const auto p = static_cast<double>(n / 2), q = static_cast<double>(n - n / 2);
  return value * p * q / static_cast<double>(n);
}

}  // namespace

std::optional<Bisection> bisection_of(const Topology& topology) {
  const SplitProblem problem = problem_of(topology);
  if (problem.terminals.size() < 2) return std::nullopt;
  const bool is_symmetric = std::all_of(problem.trunks.begin(), problem.trunks.end(),
                                        [](const Trunk& t) { return t.there == t.back; });
  Bounds<double> rate{
      0, std::min(refined(problem, problem.terminals), refined(problem, depth_first(problem)))};
  double unit = 0;
  for (const Trunk& t : problem.trunks) unit = std::max({unit, t.there, t.back});
  if (const auto fiedler = bandwidth_fiedler(problem, unit)) {
    std::vector<std::uint32_t> order = problem.terminals;
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return fiedler->vector[a] < fiedler->vector[b];
    });
    rate.high = std::min(rate.high, refined(problem, order));
    if (is_symmetric && problem.terminals.size() == problem.vertices)
      rate.low = spectral_bound(problem.vertices, fiedler->value) * unit;
  }
  if (rate.low >= rate.high * (1 - kRounding))
    return Bisection{{rate.high, rate.high}, Proof::kSpectrum};
  if (problem.terminals.size() <= kMaxSearched) {
    if (const auto least = HalvesSearch(problem, is_symmetric, rate.high).run())
      return Bisection{{*least, *least}, Proof::kSearch};
  }
  return Bisection{rate, Proof::kNone};
}

}  // namespace understudy
