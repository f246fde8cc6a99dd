#include "runtime/collectives/closed_form.hpp"

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

using Pairs = std::vector<std::pair<Rank, Rank>>;

// Pairs at distances 1, 2, 4, ..., and those past the largest power of two with their partners:
// whom trees and halving-doubling join.
Pairs binary_partners(const std::vector<Rank>& members) {
  const std::size_t n = members.size(), p = power_of_two_below(n);
  Pairs pairs;
  for (std::size_t i = p; i < n; ++i) pairs.emplace_back(members[i - p], members[i]);
  for (std::size_t d = 1; d < p; d *= 2) {
    for (std::size_t i = 0; i < p; ++i) {
      if ((i & d) == 0) pairs.emplace_back(members[i], members[i + d]);
    }
  }
  return pairs;
}

double levels(std::size_t n) {
  const std::size_t p = power_of_two_below(n);
  return std::log2(static_cast<double>(p)) + (n > p ? 1 : 0);
}

class Form {
 public:
  Form(const ClosedFormWorld& world, double bytes)
      : world_(world),
        members_(world.members.members.begin(), world.members.members.end()),
        bytes_(bytes) {}

  ClosedForm ring() const {
    Pairs pairs;
    for (std::size_t i = 0; i < members_.size(); ++i)
      pairs.emplace_back(members_[i], members_[(i + 1) % members_.size()]);
    const double n = static_cast<double>(members_.size()), chunk = bytes_ / n;
    return even((n - 1) * (2 * message(world_.bottleneck(pairs), chunk) + world_.adding_s(chunk)));
  }
  ClosedForm tree() const { return even(up_tree(members_) + down_tree(members_)); }
  ClosedForm halving_doubling() const { return even(halving_doubling_of(members_)); }

  // The server's link carries the messages of all others, one after the other or all at once.
  ClosedForm parameter_server() const {
    const Rank server = world_.members.server.value_or(members_.front());
    Pairs pairs;
    for (const Rank member : members_) {
      if (member != server) pairs.emplace_back(member, server);
    }
    const AlphaBeta link = world_.bottleneck(pairs);
    const double senders = static_cast<double>(pairs.size());
    const double additions = static_cast<double>(members_.size() - 1) * world_.adding_s(bytes_);
    return {2 * message(link, bytes_) + additions,
            2 * (link.latency_s + senders * bytes_ / link.bytes_per_s) + additions};
  }

  // The largest machine's tree, halving-doubling among the machines' first members.
  ClosedForm hierarchical() const {
    std::vector<Rank> first, inside, largest;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (i == 0 || world_.members.machines[i] != world_.members.machines[i - 1]) {
        first.push_back(members_[i]);
        inside.clear();
      }
      inside.push_back(members_[i]);
      if (inside.size() > largest.size()) largest = inside;
    }
    return even(up_tree(largest) + halving_doubling_of(first) + down_tree(largest));
  }

 private:
  static ClosedForm even(double seconds) { return {seconds, seconds}; }
  static double message(const AlphaBeta& link, double bytes) {
    return link.latency_s + bytes / link.bytes_per_s;
  }
  double down_tree(const std::vector<Rank>& members) const {
    if (members.size() < 2) return 0;
    return levels(members.size()) * message(world_.bottleneck(binary_partners(members)), bytes_);
  }
  double up_tree(const std::vector<Rank>& members) const {
    return down_tree(members) + levels(members.size()) * world_.adding_s(bytes_);
  }
  double halving_doubling_of(const std::vector<Rank>& members) const {
    const std::size_t n = members.size(), p = power_of_two_below(n);
    if (n < 2) return 0;
    const AlphaBeta link = world_.bottleneck(binary_partners(members));
    double seconds = n > p ? 2 * message(link, bytes_) + world_.adding_s(bytes_) : 0;
    double half = bytes_ / 2;
    for (std::size_t d = 1; d < p; d *= 2, half /= 2)
      seconds += 2 * message(link, half) + world_.adding_s(half);
    return seconds;
  }

  const ClosedFormWorld& world_;
  std::vector<Rank> members_;
  double bytes_;
};

}  // namespace

ClosedForm closed_form(const CollectiveConfig& config, const ClosedFormWorld& world, double bytes) {
  if (world.members.size() < 2) return {};
  const Form form(world, bytes);
  switch (config.kind) {
    case CollectiveKind::kRing:
      return form.ring();
    case CollectiveKind::kTree:
      return form.tree();
    case CollectiveKind::kHalvingDoubling:
      return form.halving_doubling();
    case CollectiveKind::kParameterServer:
      return form.parameter_server();
    case CollectiveKind::kHierarchical:
      return form.hierarchical();
    case CollectiveKind::kGloo:
    case CollectiveKind::kNccl:
      break;  // a library's own affair
  }
  return {};
}

}  // namespace understudy
