// Messages over ZeroMQ, tcp or ipc. Each node has one ROUTER, on which everybody's messages come in,
// and a DEALER to each peer that it sends to. On that pair of sockets the sender says hello, is
// given a window, and sends chunks; what comes back is credit. Credit also rides on chunks of the
// other direction. A flush packs small messages that wait for the same peer together; large chunks
// travel without being copied.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/transport/process_transport.hpp"
#include "runtime/transport/zmq_hub.hpp"

namespace understudy {

class ZmqTransport final : public ProcessTransport, Polled {
 public:
  ZmqTransport(Executor& executor, FileWatcher& watcher, ZmqHub& hub,
               ProcessTransportOptions options);
  ~ZmqTransport() override;

  std::string endpoint() const override { return endpoint_; }
  void set_peers(std::vector<std::string> endpoints) override { peers_ = std::move(endpoints); }
  void send(Rank to, Tag tag, Payload payload) override;
  void forget(Rank peer) override;

 private:
  struct Queued {
    FrameHeader header;
    std::shared_ptr<const Payload> payload;
  };
  // The way to a peer.
  struct Outgoing final : Timer {
    enum class State { kNew, kGreeting, kOpen, kClosed };
    Outgoing(ZmqTransport& t, Rank p) : transport(t), peer(p) {}
    void fire() override { transport.not_answered(*this); }

    ZmqTransport& transport;
    Rank peer;
    State state = State::kNew;
    bool is_local = false;  // on this machine
    zmq::socket_t socket;
    std::deque<Queued> queue;
    bool waits_for_flush = false;
    std::uint64_t next_sequence = 0;
    std::uint64_t sent = 0, taken = 0;  // bytes of frames, by this side and by the peer
    std::uint64_t window = 0;
  };
  // The way from a peer.
  struct Incoming {
    std::string identity;  // of its DEALER at the ROUTER; empty before it says hello
    Assembler assembler;
    std::uint64_t taken = 0, credited = 0;  // bytes of frames
    bool broken = false;
  };

  bool ready() override { return !to_flush_.empty() || !to_self_.empty(); }
  void dispatch() override;
  bool before_sleep() override { return ready(); }
  void after_sleep() override {}
  bool is_drained() const override;
  void ask_for_credit() override;
  void probe(Outgoing& out);

  void open(Outgoing& out);
  void close(Outgoing& out);
  void not_answered(Outgoing& out);
  void answered(Outgoing& out);
  void take_answer(Outgoing& out, const FrameHeader& header);
  void flush_later(Outgoing& out);
  void flush(Outgoing& out);
  std::size_t next_chunk(const Outgoing& out) const;
  void send_apart(Outgoing& out, FrameHeader& header);
  void send_batch(Outgoing& out);
  void advance(Outgoing& out, FrameHeader& header);
  void credit(Outgoing& out, std::uint64_t taken);

  void take_input();
  void take_parts(const std::string& identity);
  void take_frame(const std::string& identity, const WireFrame& frame);
  void take_hello(const std::string& identity, const FrameHeader& header);
  void take_chunk(Incoming& in, const WireFrame& frame);
  void give_credit(Rank peer);
  void refuse(const std::string& identity, WireFault fault, Rank sender = Rank{0});
  void broken_by(Rank peer, WireFault fault);
  void answer(const std::string& identity, const FrameHeader& header);
  FrameHeader header_to(Rank peer, FrameKind kind) const;

  FileWatcher& watcher_;
  ZmqHub& hub_;
  Expected expected_;
  zmq::socket_t router_;
  std::string endpoint_;
  std::vector<std::string> peers_;
  std::vector<std::unique_ptr<Outgoing>> out_;
  std::vector<Incoming> in_;
  std::unordered_map<std::string, Rank> known_;  // by identity
  std::vector<Outgoing*> to_flush_;
  std::deque<Queued> to_self_;
  std::vector<std::byte> batch_;
  std::vector<zmq::message_t> parts_;
  bool draining_ = false;
};

}  // namespace understudy
