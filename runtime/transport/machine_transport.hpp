// Shared memory to the peers of this machine, ZeroMQ over tcp to all others: what ranks of several hosts
// have, some of which share one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/transport/process_transport.hpp"

namespace understudy {

class MachineTransport final : public ProcessTransport {
 public:
  MachineTransport(Executor& executor, FileWatcher& watcher, ZmqHub& hub,
                   ProcessTransportOptions options);

  std::string endpoint() const override;
  void set_peers(std::vector<std::string> endpoints) override;
  void send(Rank to, Tag tag, Payload payload) override {
    way_to(to).send(to, tag, std::move(payload));
  }
  void forget(Rank peer) override { way_to(peer).lose(peer); }
  Task<> drain() override;
  TransportCounters counters() const override { return near_->counters() + far_->counters(); }

 private:
  bool is_drained() const override { return true; }  // drain() asks both
  ProcessTransport& way_to(Rank peer) { return is_near_.at(peer.index()) ? *near_ : *far_; }
  ProcessTransportOptions part(TransportKind kind);

  std::vector<bool> is_near_;  // by rank
  std::unique_ptr<ProcessTransport> near_, far_;
};

}  // namespace understudy
