#include "runtime/transport/machine_transport.hpp"

#include <utility>

namespace understudy {
namespace {

constexpr char kBetween = ' ';  // the two endpoints, neither of which holds one

}  // namespace

MachineTransport::MachineTransport(Executor& executor, FileWatcher& watcher, ZmqHub& hub,
                                   ProcessTransportOptions options)
    : ProcessTransport(executor, std::move(options)),
      is_near_(options_.world),
      near_(make_process_transport(executor, watcher, &hub, part(TransportKind::kSharedMemory))),
      far_(make_process_transport(executor, watcher, &hub, part(TransportKind::kTcp))) {
  is_near_[options_.rank.index()] = true;
  for (const Rank peer : options_.near) is_near_.at(peer.index()) = true;
}

ProcessTransportOptions MachineTransport::part(TransportKind kind) {
  ProcessTransportOptions part = options_;
  part.kind = kind;
  if (kind == TransportKind::kSharedMemory) part.bind = options_.shared_bind;
  part.on_peer_failure = [this](Rank peer, const std::string& sentence) {
    fail_peer(peer, sentence);
  };
  part.on_arrival = [this](Message message, std::uint64_t gate_number) {
    arrived(std::move(message), gate_number);
  };
  return part;
}

std::string MachineTransport::endpoint() const {
  return near_->endpoint() + kBetween + far_->endpoint();
}

void MachineTransport::set_peers(std::vector<std::string> endpoints) {
  std::vector<std::string> near, far;
  for (const std::string& both : endpoints) {
    const std::size_t end = both.find(kBetween);
    near.push_back(both.substr(0, end));
    far.push_back(end == both.npos ? "" : both.substr(end + 1));
  }
  near_->set_peers(std::move(near));
  far_->set_peers(std::move(far));
}

Task<> MachineTransport::drain() {
  co_await near_->drain();
  co_await far_->drain();
}

}  // namespace understudy
