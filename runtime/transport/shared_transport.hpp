// Messages through shared memory on one host. A payload lies in its sender's memory, or is copied
// there once; a descriptor of 64 bytes goes through a ring to its receiver, who reads and writes the
// payload where it is and so gives it back. Bells (eventfds) ring only for those who sleep.
//
// A sender introduces itself over a socket in the run's folder, with its memory and its bell; the
// connection stays, and tells when the other process is gone.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/transport/local_socket.hpp"
#include "runtime/transport/process_transport.hpp"
#include "runtime/transport/shared_ring.hpp"

namespace understudy {

class SharedTransport final : public ProcessTransport, Polled {
 public:
  // From now on, this thread's payloads are made in shared memory.
  SharedTransport(Executor& executor, FileWatcher& watcher, ProcessTransportOptions options);
  ~SharedTransport() override;

  std::string endpoint() const override;
  void set_peers(std::vector<std::string> endpoints) override { peers_ = std::move(endpoints); }
  void send(Rank to, Tag tag, Payload payload) override;
  void forget(Rank peer) override;

 private:
  struct Queued {
    Descriptor descriptor;
    Payload payload;
  };
  // The way to a peer: a ring in this node's memory.
  struct Outgoing final : Timer {
    Outgoing(SharedTransport& t, Rank p) : transport(t), peer(p) {}
    void fire() override { transport.not_answered(*this); }

    SharedTransport& transport;
    Rank peer;
    OpenFile connection, bell;  // the peer's bell
    bool goodbye = false, closed = false;
    std::shared_ptr<std::byte[]> block;  // in which the ring lies
    SharedRing* ring = nullptr;
    std::deque<Descriptor> backlog;
  };
  // The way from a peer: a ring in its memory.
  struct Incoming {
    OpenFile connection, bell;
    bool goodbye = false, broken = false;
    std::shared_ptr<SharedMapping> mapping;
    SharedRing* ring = nullptr;
  };

  bool ready() override;
  void dispatch() override;
  bool before_sleep() override;
  void after_sleep() override;
  bool is_drained() const override;
  void ask_for_credit() override;

  Outgoing& way_to(Rank peer);
  void open(Outgoing& out);
  void close(Outgoing& out);
  void not_answered(Outgoing& out);
  void hear(Outgoing& out);
  void hear_packet(Outgoing& out, Packet& packet);
  Descriptor describe(Rank to, Payload& payload);
  void flush(Outgoing& out);

  void accept_all();
  void greet(int file);
  std::optional<WireFault> introduce(OpenFile& connection, Packet& packet, Rank& sender);
  void hear(Rank sender);
  void take_from(Rank sender, Incoming& in);
  void take(Rank sender, Incoming& in, const Descriptor& descriptor);
  void stop_listening_to(Incoming& in);
  void break_off(Rank sender, WireFault fault);
  FrameHeader header_to(Rank peer, FrameKind kind) const;

  FileWatcher& watcher_;
  Expected expected_;
  std::string path_;
  OpenFile listener_, bell_;
  SharedArena arena_;
  std::vector<std::string> peers_;
  std::vector<std::unique_ptr<Outgoing>> out_;  // by rank
  std::vector<Incoming> in_;                    // by rank
  std::vector<Rank> senders_;                   // those with a ring
  std::vector<OpenFile> newcomers_;             // that have not said hello
  std::deque<Queued> to_self_;
};

}  // namespace understudy
