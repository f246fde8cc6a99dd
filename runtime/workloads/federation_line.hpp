// What a federation whose nodes have a process each tells beside the network: clients what they keep,
// so that the server can evaluate their models, and the server what is to be recorded on their nodes.
#pragma once

#include <string>
#include <vector>

#include "runtime/collectives/communicator.hpp"
#include "runtime/node/node.hpp"

namespace understudy {

template <class Scalar>
class FederationLine final : OutOfBand::Listener {
 public:
  // Where the node serves, what clients tell goes to `kept`.
  FederationLine(Node& node, SharedList<Rank> clients, Rank server,
                 std::span<std::vector<Scalar>> kept);

  // A client's: what it keeps after the round, before it answers.
  void tell_kept(int round, const std::vector<Scalar>& kept);
  // Until the server has nothing more to tell.
  Task<> wait_for_the_end();

  // The server's. Until all clients that are not lost have told what they kept after the round that
  // they answered to last.
  Task<> wait_for_kept(std::span<const std::int32_t> answered);
  void record(std::size_t client, const std::string& name, double value, const Position& at);
  void tell_the_end();

 private:
  void heard(Rank from, const std::string& what) override;
  void lost(Rank) override { news_.set(); }
  bool have_told(std::span<const std::int32_t> answered) const;

  Node& node_;
  OutOfBand& line_;
  SharedList<Rank> clients_;
  Rank server_;
  std::span<std::vector<Scalar>> kept_;
  std::vector<std::int32_t> told_;  // the last round of each client
  Event news_, end_;
};

extern template class FederationLine<float>;
extern template class FederationLine<double>;

}  // namespace understudy
