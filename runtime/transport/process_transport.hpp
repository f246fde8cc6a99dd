// Transports between processes: what they have in common, and how one is made. ZeroMQ over tcp or ipc
// (zmq_transport.hpp), shared memory on one host (shared_transport.hpp), and both of them, by where
// the peer is (machine_transport.hpp).
//
// An endpoint lives on one thread, that of its executor and file watcher. Each first listens, then
// is told where all the others do; connections are made on the first message to a peer, with a
// handshake. docs/protocol.md has the bytes.
//
// What waits is bounded by what the program sends before its peers receive; on the way between two
// nodes there is never more than a window.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/event.hpp"
#include "runtime/base/file_watcher.hpp"
#include "runtime/base/task.hpp"
#include "runtime/transport/delivery_gate.hpp"
#include "runtime/transport/mailbox.hpp"
#include "runtime/transport/security.hpp"
#include "runtime/transport/transport_kind.hpp"
#include "runtime/transport/wire.hpp"

namespace understudy {

constexpr bool uses_tcp(TransportKind kind) {
  return kind == TransportKind::kTcp || kind == TransportKind::kByMachine;
}

struct ProcessTransportOptions {
  TransportKind kind = TransportKind::kSharedMemory;
  Rank rank;
  std::uint32_t world = 1;
  std::uint64_t run_id = 0;
  // tcp: an address to listen on, "127.0.0.1". ipc and shared_memory: a folder with mode 0700, in
  // which a socket appears; or "@name", for one without a file that goes with its process.
  std::string bind;
  // by_machine: `bind` is for tcp, and this for shared memory to those who are near.
  std::string shared_bind{};
  std::vector<Rank> near{};
  std::uint16_t port = 0;        // tcp; 0: a free one
  Security security;             // of the sockets beyond ipc
  DeliveryGate* gate = nullptr;  // none: messages are there as soon as their payload is
  std::size_t window_bytes = std::size_t{4} << 20;  // to each peer, on the way
  std::size_t chunk_bytes = std::size_t{1} << 20;   // of a message, at once
  std::optional<std::size_t> piece_bytes;           // Transport's; none: what suits the kind
  std::size_t shared_bytes = std::size_t{4} << 30;  // shared memory that this node may use
  Duration connect_timeout = std::chrono::seconds{10};
  // A peer that can't be reached, breaks the protocol or goes away without a goodbye; the sentence
  // names it. Called once for each peer. None: the executor fails with a TransportError.
  std::function<void(Rank, const std::string&)> on_peer_failure;
  // Takes over what has arrived, with its number at the gate, in place of receivers.
  std::function<void(Message, std::uint64_t gate_number)> on_arrival{};
};

struct TransportCounters {
  std::uint64_t messages_sent = 0, bytes_sent = 0;
  std::uint64_t messages_received = 0, bytes_received = 0;
  std::array<std::uint64_t, kWireFaults> faults{};  // refused input, by WireFault
  std::uint64_t refused() const;                    // their sum
  TransportCounters operator+(const TransportCounters& other) const;
};

class ProcessTransport : public Transport {
 public:
  // Where it listens: what the others are told.
  virtual std::string endpoint() const = 0;
  // All endpoints, by rank; before the first send.
  virtual void set_peers(std::vector<std::string> endpoints) = 0;
  // Ends once everything sent has reached its receivers' endpoints: before going away.
  virtual Task<> drain();

  bool receive(ReceiveOperation& operation) final;
  void cancel(ReceiveOperation& operation) final;
  std::size_t piece_bytes() const final {
    return options_.gate == nullptr ? *options_.piece_bytes : kWhole;
  }

  virtual TransportCounters counters() const { return counters_; }
  // Nobody waits for this rank any more: what is queued for it is dropped, its failures are not
  // reported.
  virtual void forget(Rank peer) = 0;
  // Also, what waits for it ends without a message.
  void lose(Rank peer);
  bool is_lost(Rank peer) const final { return lost_[peer.index()]; }

 protected:
  ProcessTransport(Executor& executor, ProcessTransportOptions options);
  // The number of the message at the gate; 0 without a gate. Counts it, and checks the rank.
  std::uint64_t announce(Rank to, Tag tag, const Payload& payload);
  // The payload is here: hands the message to the gate, then to whoever waits for it.
  void arrived(Message message, std::uint64_t gate_number);
  void fail_peer(Rank peer, const std::string& sentence);
  void count(WireFault fault) { ++counters_.faults[static_cast<std::size_t>(fault)]; }
  virtual bool is_drained() const = 0;
  virtual void ask_for_credit() {}  // so that is_drained() comes true
  void note_drained();              // to be called whenever is_drained() may have become true

  Executor& executor_;
  ProcessTransportOptions options_;
  TransportCounters counters_;

 private:
  void deliver(Message message);
  struct Nothing {};
  Mailbox<Nothing> mailbox_;
  std::vector<bool> failed_, lost_;
  Event drained_;
};

class ZmqHub;

// `hub` is needed for tcp and ipc. Throws TransportError where it cannot listen, ScenarioError for
// an address that needs keys when there are none. All three must outlive the transport.
std::unique_ptr<ProcessTransport> make_process_transport(Executor& executor, FileWatcher& watcher,
                                                         ZmqHub* hub,
                                                         ProcessTransportOptions options);

}  // namespace understudy
