#include "runtime/workloads/federation_line.hpp"

#include "runtime/federated/messages.hpp"

namespace understudy {
namespace {

enum class Told : char { kKept, kRecord, kEnd };

// The rest of a record is its name.
struct RecordHead {
  double value = 0;
  Position at;
};

}  // namespace

template <class Scalar>
FederationLine<Scalar>::FederationLine(Node& node, SharedList<Rank> clients, Rank server,
                                       std::span<std::vector<Scalar>> kept)
    : node_(node),
      line_(*node.out_of_band()),
      clients_(std::move(clients)),
      server_(server),
      kept_(kept),
      told_(clients_.size()) {
  line_.listen(*this);
}

template <class Scalar>
void FederationLine<Scalar>::tell_kept(int round, const std::vector<Scalar>& kept) {
  line_.tell(server_, StateWriter().add(Told::kKept).add(round).add(kept).take());
}

template <class Scalar>
Task<> FederationLine<Scalar>::wait_for_the_end() {
  return line_.wait(end_);
}

template <class Scalar>
Task<> FederationLine<Scalar>::wait_for_kept(std::span<const std::int32_t> answered) {
  while (!have_told(answered)) {
    news_.reset();
    co_await line_.wait(news_);
  }
}

template <class Scalar>
bool FederationLine<Scalar>::have_told(std::span<const std::int32_t> answered) const {
  for (std::size_t c = 0; c < told_.size(); ++c) {
    if (told_[c] < answered[c] && !node_.is_lost(clients_[c])) return false;
  }
  return true;
}

template <class Scalar>
void FederationLine<Scalar>::record(std::size_t client, const std::string& name, double value,
                                    const Position& at) {
  RecordHead head{value, at};
  head.at.time = at.time.value_or(node_.now());
  const std::vector<char> text(name.begin(), name.end());
  line_.tell(clients_[client], StateWriter().add(Told::kRecord).add(head).add(text).take());
}

template <class Scalar>
void FederationLine<Scalar>::tell_the_end() {
  for (const Rank client : clients_) line_.tell(client, StateWriter().add(Told::kEnd).take());
}

template <class Scalar>
void FederationLine<Scalar>::heard(Rank from, const std::string& what) {
  StateReader reader(what);
  Told told{};
  reader.take(told);
  if (told == Told::kEnd) return end_.set();
  if (told == Told::kKept) {
    const std::size_t client = place_of(clients_, from);
    reader.take(told_[client]);
    reader.take(kept_[client]);
    return news_.set();
  }
  RecordHead head;
  std::vector<char> name;
  reader.take(head);
  reader.take(name);
  node_.record(std::string(name.begin(), name.end()), head.value, head.at);
}

template class FederationLine<float>;
template class FederationLine<double>;

}  // namespace understudy
