// A network of gossiping nodes as a workload sees it: what is seen of a round, once all have ended it.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/strategies/gossip.hpp"
#include "runtime/workloads/workload.hpp"

namespace understudy {

// The first node observes. Where all share a process it does as soon as the last has ended the round.
// Otherwise the others tell it their models beside the network, and it observes where all stand still:
// at safe points, and at the end.
template <class Scalar>
class GossipNetwork final : OutOfBand::Listener {
 public:
  using Models = std::vector<std::vector<Scalar>>;  // of each node; empty for what is not there
  struct Round {
    int number = 0;
    const Models& models;             // empty in a dry run
    std::optional<TimePoint> time{};  // that it ended, if not now
  };
  using Observe = std::function<Task<>(Node& node, const Round&)>;
  // Each node's own, at the end of its round; may be empty.
  using RecordOwn = std::function<void(Node&, const GossipRound<Scalar>&)>;

  GossipNetwork(const GossipConfig& config, const WorkloadParts& parts, const LocalOptions& local,
                std::vector<ClientData<Scalar>> clients);

  // A node that serves has no part. `every`: rounds between observations; the last one counts anyway.
  Task<> run(Node& node, int every, Observe observe, RecordOwn record_own = {});

  const GossipConfig& config() const { return job_.config; }
  void use_eigenpairs(FindEigenpairs<Scalar> find, std::int64_t charged_products) {
    job_.find_eigenpairs = std::move(find);
    job_.charged_products = charged_products;
  }
  const ClientData<Scalar>& client(std::size_t i) const { return clients_[i]; }

 private:
  struct Collected {
    Models models;
    std::vector<bool> ended;  // by node
    std::size_t count = 0;    // of these
    TimePoint time = kStart;  // the latest end
  };
  bool observes(const Node& node) const { return node.rank() == job_.nodes.front(); }
  Task<> end_round(Node& node, const GossipRound<Scalar>& end);
  // False: others are still at it.
  bool collect(int round, std::size_t node, TimePoint time, std::span<const Scalar> model);
  bool is_whole(const Collected& round) const;
  Task<> catch_up(Node& node, int round);
  void heard(Rank from, const std::string& what) override;
  void lost(Rank) override { news_.set(); }

  std::vector<ClientData<Scalar>> clients_;
  Models models_;
  GossipJob<Scalar> job_;
  Node* first_ = nullptr;
  int every_ = 1;
  Observe observe_;
  RecordOwn record_own_;
  std::map<int, Collected> collected_;  // by round
  Event news_;
};

extern template class GossipNetwork<float>;
extern template class GossipNetwork<double>;

}  // namespace understudy
