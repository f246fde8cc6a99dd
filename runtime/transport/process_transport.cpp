#include "runtime/transport/process_transport.hpp"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "runtime/transport/machine_transport.hpp"
#include "runtime/transport/shared_transport.hpp"
#include "runtime/transport/zmq_transport.hpp"

namespace understudy {

const char* name(TransportKind kind) {
  switch (kind) {
    case TransportKind::kTcp:
      return "tcp";
    case TransportKind::kIpc:
      return "ipc";
    case TransportKind::kSharedMemory:
      return "shared_memory";
    case TransportKind::kByMachine:
      return "by_machine";
  }
  return "";
}

std::uint64_t TransportCounters::refused() const {
  return std::accumulate(faults.begin(), faults.end(), std::uint64_t{0});
}

TransportCounters TransportCounters::operator+(const TransportCounters& other) const {
  TransportCounters sum{messages_sent + other.messages_sent, bytes_sent + other.bytes_sent,
                        messages_received + other.messages_received,
                        bytes_received + other.bytes_received, faults};
  for (std::size_t fault = 0; fault < kWireFaults; ++fault)
    sum.faults[fault] += other.faults[fault];
  return sum;
}

namespace {

// In shared memory a piece should stay in the cache; over a socket each takes system calls and wakes
// two threads on either side.
std::size_t suitable_piece(TransportKind kind) {
  return std::size_t{kind == TransportKind::kSharedMemory ? 256u : 2048u} << 10;
}

}  // namespace

ProcessTransport::ProcessTransport(Executor& executor, ProcessTransportOptions options)
    : executor_(executor),
      options_(std::move(options)),
      failed_(options_.world),
      lost_(options_.world) {
  UNDERSTUDY_CHECK(options_.rank.value < options_.world);
  UNDERSTUDY_CHECK(options_.chunk_bytes > 0 && options_.chunk_bytes <= kLargestChunk);
  if (!options_.piece_bytes) options_.piece_bytes = suitable_piece(options_.kind);
  UNDERSTUDY_CHECK(*options_.piece_bytes >= sizeof(double));
  UNDERSTUDY_CHECK(options_.window_bytes >= 2 * (options_.chunk_bytes + kHeaderBytes));
}

bool ProcessTransport::receive(ReceiveOperation& operation) {
  auto arrival = mailbox_.take(operation);
  if (!arrival) {
    mailbox_.wait(operation, executor_.now());
    return false;
  }
  operation.message = std::move(arrival->message);
  return true;
}

void ProcessTransport::lose(Rank peer) {
  if (lost_[peer.index()]) return;
  failed_[peer.index()] = lost_[peer.index()] = true;
  forget(peer);
  mailbox_.lose(peer);
}

void ProcessTransport::cancel(ReceiveOperation& operation) { mailbox_.cancel(operation); }

std::uint64_t ProcessTransport::announce(Rank to, Tag tag, const Payload& payload) {
  if (to.value >= options_.world) {
    throw TransportError(fmt::format("rank {} sends to rank {}, but there are only {} ranks",
                                     options_.rank.value, to.value, options_.world));
  }
  ++counters_.messages_sent;
  counters_.bytes_sent += payload.size();
  if (options_.gate == nullptr) return 0;
  return options_.gate->announce(to, tag, Bytes{static_cast<std::int64_t>(payload.size())});
}

void ProcessTransport::arrived(Message message, std::uint64_t gate_number) {
  ++counters_.messages_received;
  counters_.bytes_received += message.payload.size();
  if (options_.on_arrival) return options_.on_arrival(std::move(message), gate_number);
  if (options_.gate == nullptr || gate_number == 0) return deliver(std::move(message));
  options_.gate->hold(
      gate_number, [this, message = std::move(message)]() mutable { deliver(std::move(message)); });
}

void ProcessTransport::deliver(Message message) {
  const auto waiting = mailbox_.claim(message);
  if (!waiting) return mailbox_.keep({std::move(message), {}});
  waiting->operation->message = std::move(message);
  waiting->operation->complete();
}

void ProcessTransport::fail_peer(Rank peer, const std::string& sentence) {
  if (failed_[peer.index()]) return;
  failed_[peer.index()] = true;
  if (options_.on_peer_failure) return options_.on_peer_failure(peer, sentence);
  executor_.fail(std::make_exception_ptr(TransportError(sentence)));
}

Task<> ProcessTransport::drain() {
  while (!is_drained()) {
    drained_.reset();
    ask_for_credit();
    co_await drained_;
  }
}

void ProcessTransport::note_drained() {
  if (!drained_.is_set() && is_drained()) drained_.set();
}

std::unique_ptr<ProcessTransport> make_process_transport(Executor& executor, FileWatcher& watcher,
                                                         ZmqHub* hub,
                                                         ProcessTransportOptions options) {
  if (options.kind == TransportKind::kSharedMemory)
    return std::make_unique<SharedTransport>(executor, watcher, std::move(options));
  UNDERSTUDY_CHECK(hub != nullptr);
  if (options.kind == TransportKind::kByMachine)
    return std::make_unique<MachineTransport>(executor, watcher, *hub, std::move(options));
  return std::make_unique<ZmqTransport>(executor, watcher, *hub, std::move(options));
}

}  // namespace understudy
