#include "runtime/workloads/gossip_network.hpp"

#include <algorithm>

#include "runtime/federated/messages.hpp"

namespace understudy {

template <class Scalar>
GossipNetwork<Scalar>::GossipNetwork(const GossipConfig& config, const WorkloadParts& parts,
                                     const LocalOptions& local,
                                     std::vector<ClientData<Scalar>> clients)
    : clients_(std::move(clients)), models_(clients_.size()) {
  job_.config = config;
  job_.nodes = parts.members.members;
  job_.graphs = gossip_graphs(config.graphs, clients_.size(), parts.neighbours);
  job_.local = local;
  job_.local.gradients = parts.gradients;
  job_.seed = parts.seed;
  job_.data = clients_;
  job_.models = models_;
  job_.observe = [this](Node& node, const GossipRound<Scalar>& end) {
    return end_round(node, end);
  };
  job_.catch_up = [this](Node& node, int round) { return catch_up(node, round); };
}

template <class Scalar>
Task<> GossipNetwork<Scalar>::run(Node& node, int every, Observe observe, RecordOwn record_own) {
  const std::size_t place = place_of(job_.nodes, node.rank());
  every_ = every;
  record_own_ = std::move(record_own);
  if (place == 0) {
    first_ = &node;
    observe_ = std::move(observe);
    if (node.out_of_band() != nullptr) node.out_of_band()->listen(*this);
  }
  if (place == job_.nodes.size()) {
    co_await stand_by(node, job_.config);
    co_return;
  }
  co_await gossip(node, job_, place);
  co_await catch_up(node, job_.config.rounds);
}

template <class Scalar>
Task<> GossipNetwork<Scalar>::end_round(Node& node, const GossipRound<Scalar>& end) {
  if (record_own_) record_own_(node, end);
  if (end.round % every_ != 0 && !end.last) co_return;
  OutOfBand* line = node.out_of_band();
  if (line != nullptr && !observes(node)) {
    const std::vector<Scalar> model(end.model.begin(), end.model.end());
    line->tell(job_.nodes.front(), StateWriter().add(end.round).add(node.now()).add(model).take());
    co_return;
  }
  const bool whole = collect(end.round, end.node, node.now(), end.model);
  if (line != nullptr || !whole) co_return;
  const Models models = std::move(collected_[end.round].models);
  collected_.erase(end.round);
  const Round round{end.round, models};
  co_await observe_(*first_, round);
}

template <class Scalar>
bool GossipNetwork<Scalar>::collect(int number, std::size_t node, TimePoint time,
                                    std::span<const Scalar> model) {
  Collected& round = collected_[number];
  round.ended.resize(job_.nodes.size());
  round.count += round.ended[node] ? 0 : 1;
  round.ended[node] = true;
  round.time = std::max(round.time, time);
  if (!model.empty()) {
    round.models.resize(job_.nodes.size());
    round.models[node].assign(model.begin(), model.end());
  }
  return is_whole(round);
}

template <class Scalar>
bool GossipNetwork<Scalar>::is_whole(const Collected& round) const {
  if (round.count == job_.nodes.size()) return true;
  if (first_->out_of_band() == nullptr) return false;
  for (std::size_t i = 0; i < round.ended.size(); ++i) {
    if (!round.ended[i] && !first_->is_lost(job_.nodes[i])) return false;
  }
  return true;
}

template <class Scalar>
Task<> GossipNetwork<Scalar>::catch_up(Node& node, int round) {
  OutOfBand* line = node.out_of_band();
  if (line == nullptr || !observes(node)) co_return;
  while (!collected_.empty() && collected_.begin()->first <= round) {
    const auto next = collected_.begin();
    while (!is_whole(next->second)) {
      news_.reset();
      co_await line->wait(news_);
    }
    const Round seen{next->first, next->second.models, next->second.time};
    co_await observe_(node, seen);
    collected_.erase(next);
  }
}

template <class Scalar>
void GossipNetwork<Scalar>::heard(Rank from, const std::string& what) {
  StateReader reader(what);
  int round = 0;
  TimePoint time;
  std::vector<Scalar> model;
  reader.take(round);
  reader.take(time);
  reader.take(model);
  collect(round, place_of(job_.nodes, from), time, model);
  news_.set();
}

template class GossipNetwork<float>;
template class GossipNetwork<double>;

}  // namespace understudy
