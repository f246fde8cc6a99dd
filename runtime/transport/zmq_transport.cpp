#include "runtime/transport/zmq_transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace understudy {
namespace {

constexpr std::size_t kCopied = 8192;  // chunks up to here are copied beside others
constexpr int kMostAtOnce = 256;       // messages of the ROUTER in one go

std::string address_of(const ProcessTransportOptions& options) {
  if (options.kind == TransportKind::kTcp)
    return fmt::format("tcp://{}:{}", options.bind,
                       options.port == 0 ? "*" : std::to_string(options.port));
  return fmt::format("ipc://{}/rank-{}", options.bind, options.rank.value);
}

std::span<const std::byte> bytes_of(const zmq::message_t& part) {
  return {static_cast<const std::byte*>(part.data()), part.size()};
}

// The part's bytes, to be kept after it; nothing where they lie in the part itself.
std::shared_ptr<std::byte[]> block_of(zmq::message_t& part) {
  auto* bytes = static_cast<std::byte*>(part.data());
  auto keeper = std::make_shared<zmq::message_t>(std::move(part));
  if (keeper->data() != bytes) {
    part = std::move(*keeper);
    return nullptr;
  }
  return {std::move(keeper), bytes};
}

std::uint64_t library_version() {
  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  return static_cast<std::uint64_t>(major * 10'000 + minor * 100 + patch);
}
// The first libzmq whose sockets do all that is asked of them here.
constexpr std::uint64_t kOldestLibrary = 40'200;

// ZeroMQ frees the payload on its own thread, so it gets a share of it.
void let_go(void*, void* share) { delete static_cast<std::shared_ptr<const Payload>*>(share); }

zmq::message_t borrowed(const std::shared_ptr<const Payload>& payload, std::size_t offset,
                        std::size_t length) {
  auto share = std::make_unique<std::shared_ptr<const Payload>>(payload);
  auto* bytes = const_cast<std::byte*>(payload->bytes().data() + offset);
  zmq::message_t message(bytes, length, let_go, share.get());
  share.release();
  return message;
}

}  // namespace

ZmqTransport::ZmqTransport(Executor& executor, FileWatcher& watcher, ZmqHub& hub,
                           ProcessTransportOptions options)
    : ProcessTransport(executor, std::move(options)),
      watcher_(watcher),
      hub_(hub),
      expected_{options_.run_id, options_.rank, options_.world},
      router_(hub.listen(zmq::socket_type::router, address_of(options_))),
      endpoint_(last_endpoint(router_)),
      out_(options_.world),
      in_(options_.world) {
  hub_.watch(router_, [this] { take_input(); });
  watcher_.poll(*this);
}

ZmqTransport::~ZmqTransport() {
  watcher_.forget(*this);
  hub_.ignore(router_);
  // Who still waits to hear what was taken.
  for (std::size_t rank = 0; rank < in_.size(); ++rank)
    if (in_[rank].taken != in_[rank].credited) give_credit(Rank{rank});
  for (auto& out : out_)
    if (out) close(*out);
}

void ZmqTransport::send(Rank to, Tag tag, Payload payload) {
  FrameHeader header = header_to(to, FrameKind::kChunk);
  header.gate = announce(to, tag, payload);
  header.tag = tag;
  header.dry = payload.is_dry();
  header.total = payload.size();
  Queued queued{header, std::make_shared<const Payload>(std::move(payload))};
  if (to == options_.rank) return to_self_.push_back(std::move(queued));
  if (!out_[to.index()]) out_[to.index()] = std::make_unique<Outgoing>(*this, to);
  Outgoing& out = *out_[to.index()];
  if (out.state == Outgoing::State::kClosed) return;
  queued.header.sequence = out.next_sequence++;
  out.queue.push_back(std::move(queued));
  if (out.state == Outgoing::State::kNew) open(out);
  if (out.state == Outgoing::State::kOpen) flush_later(out);
}

void ZmqTransport::forget(Rank peer) {
  if (!out_[peer.index()]) out_[peer.index()] = std::make_unique<Outgoing>(*this, peer);
  close(*out_[peer.index()]);
  in_[peer.index()].broken = true;
  note_drained();
}

void ZmqTransport::dispatch() {
  for (Outgoing* out : std::exchange(to_flush_, {})) {
    out->waits_for_flush = false;
    flush(*out);
  }
  for (Queued& queued : std::exchange(to_self_, {})) {
    Message message;
    message.from = options_.rank;
    message.tag = queued.header.tag;
    message.payload = *queued.payload;
    arrived(std::move(message), queued.header.gate);
  }
  note_drained();
}

bool ZmqTransport::is_drained() const {
  return to_self_.empty() && std::all_of(out_.begin(), out_.end(), [](const auto& out) {
           return !out || (out->queue.empty() && out->sent == out->taken);
         });
}

void ZmqTransport::ask_for_credit() {
  draining_ = true;
  for (auto& out : out_)
    if (out) probe(*out);
}

// Behind all chunks, so that the answer tells of all of them.
void ZmqTransport::probe(Outgoing& out) {
  if (out.state != Outgoing::State::kOpen || !out.queue.empty() || out.sent == out.taken) return;
  std::array<std::byte, kHeaderBytes> frame{};
  write_frame(header_to(out.peer, FrameKind::kProbe), {}, frame);
  out.socket.send(zmq::buffer(frame), zmq::send_flags::dontwait);
  hub_.note_use(out.socket);
}

FrameHeader ZmqTransport::header_to(Rank peer, FrameKind kind) const {
  FrameHeader header;
  header.kind = kind;
  header.run_id = options_.run_id;
  header.sender = options_.rank;
  header.receiver = peer;
  return header;
}

// The way out.

void ZmqTransport::open(Outgoing& out) {
  UNDERSTUDY_CHECK(out.peer.index() < peers_.size());
  out.state = Outgoing::State::kGreeting;
  const std::string& where = peers_[out.peer.index()];
  out.is_local = where.starts_with("ipc://") || where.starts_with("tcp://127.");
  out.socket = hub_.connect(zmq::socket_type::dealer, where);
  hub_.watch(out.socket, [this, &out] { answered(out); });
  executor_.start(out, checked_add(executor_.now(), options_.connect_timeout));
  FrameHeader hello = header_to(out.peer, FrameKind::kHello);
  hello.total = library_version();
  std::array<std::byte, kHeaderBytes> frame{};
  write_frame(hello, {}, frame);
  out.socket.send(zmq::buffer(frame), zmq::send_flags::dontwait);
}

void ZmqTransport::close(Outgoing& out) {
  executor_.cancel(out);
  if (out.socket) {
    hub_.ignore(out.socket);
    // Where everything has been taken there can only be a probe left, which nobody needs.
    const bool waits = out.state == Outgoing::State::kOpen && out.sent != out.taken;
    if (!waits) out.socket.set(zmq::sockopt::linger, 0);
    out.socket.close();
  }
  out.state = Outgoing::State::kClosed;
  out.queue.clear();
  out.taken = out.sent;
}

void ZmqTransport::not_answered(Outgoing& out) {
  const std::string where = peers_[out.peer.index()];
  close(out);
  fail_peer(out.peer, fmt::format("rank {} at {} did not answer rank {} within {}", out.peer.value,
                                  where, options_.rank.value, format(options_.connect_timeout)));
  note_drained();
}

void ZmqTransport::answered(Outgoing& out) {
  zmq::message_t part;
  while (out.state != Outgoing::State::kClosed &&
         out.socket.recv(part, zmq::recv_flags::dontwait)) {
    const auto read = read_frame(bytes_of(part), expected_);
    if (const auto* fault = std::get_if<WireFault>(&read)) {
      count(*fault);
      close(out);
      broken_by(out.peer, *fault);
      note_drained();
    } else if (const auto& header = std::get<WireFrame>(read).header; header.sender == out.peer) {
      take_answer(out, header);
    } else {
      count(WireFault::kUnknownSender);
    }
  }
}

void ZmqTransport::take_answer(Outgoing& out, const FrameHeader& header) {
  credit(out, header.credit);
  if (header.kind == FrameKind::kReady && out.state == Outgoing::State::kGreeting) {
    executor_.cancel(out);
    out.state = Outgoing::State::kOpen;
    out.window = header.total;
    flush_later(out);
  } else if (header.kind == FrameKind::kRefused) {
    const auto why =
        static_cast<WireFault>(std::min<std::size_t>(header.tag.step, kWireFaults - 1));
    close(out);
    fail_peer(out.peer, fmt::format("rank {} turned rank {} away: what came from it {}",
                                    out.peer.value, options_.rank.value, sentence(why)));
    note_drained();
  }
}

void ZmqTransport::credit(Outgoing& out, std::uint64_t taken) {
  if (taken <= out.taken || taken > out.sent) return;
  out.taken = taken;
  if (!out.queue.empty()) flush_later(out);
  note_drained();
}

void ZmqTransport::flush_later(Outgoing& out) {
  if (out.waits_for_flush) return;
  out.waits_for_flush = true;
  to_flush_.push_back(&out);
}

// Bytes of the next chunk's frame, or 0 where the window has no room for it.
std::size_t ZmqTransport::next_chunk(const Outgoing& out) const {
  const FrameHeader& header = out.queue.front().header;
  const std::uint64_t left = header.dry ? 0 : header.total - header.offset;
  const std::uint64_t most = std::min<std::uint64_t>(options_.chunk_bytes, out.window / 4);
  const std::uint64_t frame = std::min(left, most) + kHeaderBytes;
  return out.sent - out.taken + frame <= out.window ? static_cast<std::size_t>(frame) : 0;
}

void ZmqTransport::flush(Outgoing& out) {
  if (out.state != Outgoing::State::kOpen) return;
  while (!out.queue.empty()) {
    const std::size_t frame = next_chunk(out);
    if (frame == 0) break;
    FrameHeader& header = out.queue.front().header;
    header.length = static_cast<std::uint32_t>(frame - kHeaderBytes);
    Incoming& in = in_[out.peer.index()];
    header.credit = in.credited = in.taken;
    if (header.length > kCopied) {
      send_batch(out);
      send_apart(out, header);
    } else {
      const auto bytes = out.queue.front().payload->bytes().subspan(
          header.length > 0 ? header.offset : 0, header.length);
      const std::size_t at = batch_.size();
      batch_.resize(at + frame);
      write_frame(header, bytes, std::span(batch_).subspan(at).first<kHeaderBytes>());
      if (!bytes.empty())
        std::memcpy(batch_.data() + at + kHeaderBytes, bytes.data(), bytes.size());
      if (batch_.size() >= options_.chunk_bytes) send_batch(out);
    }
    out.sent += frame;
    advance(out, header);
  }
  send_batch(out);
  hub_.note_use(out.socket);
  if (draining_) probe(out);
}

void ZmqTransport::send_apart(Outgoing& out, FrameHeader& header) {
  const auto& payload = out.queue.front().payload;
  header.unsummed = out.is_local;
  zmq::message_t first(kHeaderBytes);
  write_frame(
      header, payload->bytes().subspan(header.offset, header.length),
      std::span<std::byte, kHeaderBytes>(static_cast<std::byte*>(first.data()), kHeaderBytes));
  out.socket.send(std::move(first), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
  out.socket.send(borrowed(payload, header.offset, header.length), zmq::send_flags::dontwait);
}

void ZmqTransport::send_batch(Outgoing& out) {
  if (batch_.empty()) return;
  out.socket.send(zmq::buffer(batch_), zmq::send_flags::dontwait);
  batch_.clear();
}

// Past the chunk; the message goes when it was the last.
void ZmqTransport::advance(Outgoing& out, FrameHeader& header) {
  header.offset += header.length;
  if (header.dry || header.offset == header.total) out.queue.pop_front();
}

// The way in.

void ZmqTransport::take_input() {
  for (int i = 0; i < kMostAtOnce; ++i) {
    parts_.clear();
    do {
      parts_.emplace_back();
      if (!router_.recv(parts_.back(), zmq::recv_flags::dontwait)) return;
    } while (parts_.back().more());
    take_parts(parts_.front().to_string());
  }
}

// After the identity come frames in one part, or a header with its chunk in the next.
void ZmqTransport::take_parts(const std::string& identity) {
  const std::size_t count_of_parts = parts_.size() - 1;
  if (count_of_parts < 1 || count_of_parts > 2) return refuse(identity, WireFault::kNotOurs);
  auto bytes = bytes_of(parts_[1]);
  const auto apart = count_of_parts == 2 ? bytes_of(parts_[2]) : std::span<const std::byte>();
  if (count_of_parts == 2 && (bytes.size() != kHeaderBytes || apart.empty()))
    return refuse(identity, WireFault::kWrongLength);
  do {
    auto read = read_frame(bytes, expected_, apart);
    if (const auto* fault = std::get_if<WireFault>(&read)) return refuse(identity, *fault);
    auto& frame = std::get<WireFrame>(read);
    if (count_of_parts == 2) frame.block = block_of(parts_[2]);
    take_frame(identity, frame);
    bytes = std::get<WireFrame>(read).rest;
  } while (!bytes.empty());
}

void ZmqTransport::take_frame(const std::string& identity, const WireFrame& frame) {
  const FrameHeader& header = frame.header;
  if (header.kind == FrameKind::kHello) return take_hello(identity, header);
  const auto known = known_.find(identity);
  if (known == known_.end()) return refuse(identity, WireFault::kNoHandshake, header.sender);
  if (known->second != header.sender)
    return refuse(identity, WireFault::kUnknownSender, header.sender);
  Incoming& in = in_[header.sender.index()];
  if (in.broken) return;
  if (const auto& out = out_[header.sender.index()]) credit(*out, header.credit);
  if (header.kind == FrameKind::kChunk) return take_chunk(in, frame);
  if (header.kind == FrameKind::kProbe) give_credit(header.sender);
}

void ZmqTransport::give_credit(Rank peer) {
  Incoming& in = in_[peer.index()];
  FrameHeader credit = header_to(peer, FrameKind::kCredit);
  credit.credit = in.credited = in.taken;
  answer(in.identity, credit);
}

void ZmqTransport::take_hello(const std::string& identity, const FrameHeader& header) {
  Incoming& in = in_[header.sender.index()];
  if (header.sender == options_.rank || (!in.identity.empty() && in.identity != identity))
    return refuse(identity, WireFault::kRankTaken, header.sender);
  if (header.total < kOldestLibrary)
    return refuse(identity, WireFault::kWrongVersion, header.sender);
  in.identity = identity;
  known_[identity] = header.sender;
  FrameHeader reply = header_to(header.sender, FrameKind::kReady);
  reply.total = options_.window_bytes;
  answer(identity, reply);
}

void ZmqTransport::take_chunk(Incoming& in, const WireFrame& frame) {
  const FrameHeader& header = frame.header;
  in.taken += kHeaderBytes + header.length;
  if (in.taken - in.credited > options_.window_bytes)
    return broken_by(header.sender, WireFault::kBeyondWindow);
  auto taken = in.assembler.take(frame);
  if (const auto* fault = std::get_if<WireFault>(&taken)) {
    count(*fault);
    if (*fault != WireFault::kDuplicate) broken_by(header.sender, *fault);
    return;
  }
  if (auto* complete = std::get_if<Assembler::Complete>(&taken))
    arrived(std::move(complete->message), complete->gate);
  if (in.taken - in.credited >= options_.window_bytes / 4) give_credit(header.sender);
}

// Whoever says hello wrongly is told; to garbage there is no answer.
void ZmqTransport::refuse(const std::string& identity, WireFault fault, Rank sender) {
  count(fault);
  const auto known = known_.find(identity);
  if (known != known_.end()) return broken_by(known->second, fault);
  if (fault == WireFault::kTooShort || fault == WireFault::kNotOurs) return;
  FrameHeader reply = header_to(sender, FrameKind::kRefused);
  reply.tag.step = static_cast<std::uint32_t>(fault);
  answer(identity, reply);
}

void ZmqTransport::broken_by(Rank peer, WireFault fault) {
  in_[peer.index()].broken = true;
  fail_peer(peer, fmt::format("rank {} can't go on with rank {}: what came from it {}",
                              options_.rank.value, peer.value, sentence(fault)));
}

// A peer that has gone takes no answers, and needs none.
void ZmqTransport::answer(const std::string& identity, const FrameHeader& header) {
  std::array<std::byte, kHeaderBytes> frame{};
  write_frame(header, {}, frame);
  try {
    if (router_.send(zmq::buffer(identity), zmq::send_flags::sndmore | zmq::send_flags::dontwait))
      router_.send(zmq::buffer(frame), zmq::send_flags::dontwait);
    hub_.note_use(router_);
  } catch (const zmq::error_t&) {
  }
}

}  // namespace understudy
