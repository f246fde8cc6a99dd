#include "runtime/transport/shared_transport.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/transport/streaming_copy.hpp"

namespace understudy {
namespace {

constexpr std::string_view kScheme = "shm://";
constexpr int kMostAtOnce = 256;                              // messages of one sender
constexpr std::size_t kLargestMemory = std::size_t{1} << 40;  // bytes of a peer
constexpr std::size_t kMostNewcomers = 1024;

OpenFile new_bell() {
  OpenFile bell(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!bell) throw TransportError("the system has no eventfd left");
  return bell;
}

void ring_bell(const OpenFile& bell) {
  const std::uint64_t one = 1;
  if (bell && write(bell.get(), &one, sizeof one) < 0) return;  // full: it rings already
}

std::size_t size_of_file(const OpenFile& file) {
  struct stat status {};
  return fstat(file.get(), &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

std::array<std::byte, kHeaderBytes> frame_of(const FrameHeader& header) {
  std::array<std::byte, kHeaderBytes> frame{};
  write_frame(header, {}, frame);
  return frame;
}

}  // namespace

SharedTransport::SharedTransport(Executor& executor, FileWatcher& watcher,
                                 ProcessTransportOptions options)
    : ProcessTransport(executor, std::move(options)),
      watcher_(watcher),
      expected_{options_.run_id, options_.rank, options_.world},
      path_(fmt::format("{}/rank-{}", options_.bind, options_.rank.value)),
      listener_(listen_at(path_)),
      bell_(new_bell()),
      arena_(options_.shared_bytes),
      out_(options_.world),
      in_(options_.world) {
  watcher_.watch(listener_.get(), FileEvent::kReadable, [this] { accept_all(); });
  watcher_.watch(bell_.get(), FileEvent::kReadable, [this] {
    std::uint64_t rings = 0;
    if (read(bell_.get(), &rings, sizeof rings) < 0) return;
  });
  watcher_.poll(*this);
  payload_source() = &arena_;
}

SharedTransport::~SharedTransport() {
  if (payload_source() == &arena_) payload_source() = nullptr;
  watcher_.forget(*this);
  watcher_.ignore(listener_.get(), FileEvent::kReadable);
  watcher_.ignore(bell_.get(), FileEvent::kReadable);
  for (const OpenFile& newcomer : newcomers_) watcher_.ignore(newcomer.get(), FileEvent::kReadable);
  for (auto& out : out_)
    if (out) close(*out);
  for (std::size_t rank = 0; rank < in_.size(); ++rank) {
    if (!in_[rank].connection) continue;
    send_packet(in_[rank].connection, frame_of(header_to(Rank{rank}, FrameKind::kGoodbye)));
    stop_listening_to(in_[rank]);
  }
  if (!path_.starts_with('@')) unlink(path_.c_str());
}

std::string SharedTransport::endpoint() const { return std::string(kScheme) + path_; }

FrameHeader SharedTransport::header_to(Rank peer, FrameKind kind) const {
  FrameHeader header;
  header.kind = kind;
  header.run_id = options_.run_id;
  header.sender = options_.rank;
  header.receiver = peer;
  return header;
}

void SharedTransport::send(Rank to, Tag tag, Payload payload) {
  const std::uint64_t number = announce(to, tag, payload);
  if (to == options_.rank) {
    Descriptor local;
    local.tag = tag;
    local.gate = number;
    return to_self_.push_back({local, std::move(payload)});
  }
  Outgoing& out = way_to(to);
  if (out.closed) return;
  Descriptor descriptor = describe(to, payload);
  descriptor.tag = tag;
  descriptor.gate = number;
  if (!out.backlog.empty() || !out.ring->push(descriptor)) {
    out.backlog.push_back(descriptor);
  } else if (out.ring->receivers.must_ring()) {
    ring_bell(out.bell);
  }
}

// Leaves the peer a share of the payload, in memory that both see.
Descriptor SharedTransport::describe(Rank to, Payload& payload) {
  Descriptor d;
  d.size = payload.size();
  d.dry = payload.is_dry() ? 1 : 0;
  if (d.dry != 0 || d.size == 0) return d;
  const std::byte* bytes = payload.bytes().data();
  if (!payload.is_shared()) {  // else its other holders might come to write it
    const auto& theirs = in_[to.index()].mapping;
    const auto own = arena_.mapping()->offset_of(bytes);
    if (own) {
      d.offset = *own;
      share_block(*arena_.mapping(), d.offset);
      return d;
    }
    if (const auto back = theirs ? theirs->offset_of(bytes) : std::nullopt) {
      d.offset = *back;
      d.in_receivers = 1;
      share_block(*theirs, d.offset);
      return d;
    }
  }
  const auto lent = arena_.lend(d.size);
  if (!lent)
    throw TransportError(fmt::format(
        "no shared memory is left for a message of {} bytes of rank {}, which has taken {} bytes",
        d.size, options_.rank.value, arena_.taken()));
  d.offset = *lent;
  streaming_copy(arena_.mapping()->at(d.offset), bytes, d.size);
  finish_streaming();
  return d;
}

SharedTransport::Outgoing& SharedTransport::way_to(Rank peer) {
  auto& out = out_[peer.index()];
  if (!out) {
    out = std::make_unique<Outgoing>(*this, peer);
    open(*out);
  }
  return *out;
}

// The ring may be filled before the peer has answered: it lies in this node's memory.
void SharedTransport::open(Outgoing& out) {
  UNDERSTUDY_CHECK(out.peer.index() < peers_.size());
  const std::string& where = peers_[out.peer.index()];
  if (!where.starts_with(kScheme))
    throw TransportError(fmt::format("rank {} has no shared memory at {}", out.peer.value, where));
  out.block = arena_.allocate(sizeof(SharedRing));
  if (!out.block) throw TransportError("no shared memory is left for a ring");
  out.ring = new (out.block.get()) SharedRing;
  try {
    out.connection = connect_to(where.substr(kScheme.size()));
  } catch (const TransportError& gone) {
    close(out);
    return fail_peer(out.peer, gone.what());
  }
  watcher_.watch(out.connection.get(), FileEvent::kReadable, [this, &out] { hear(out); });
  executor_.start(out, checked_add(executor_.now(), options_.connect_timeout));
  FrameHeader hello = header_to(out.peer, FrameKind::kHello);
  hello.total = *arena_.mapping()->offset_of(out.block.get());
  send_packet(out.connection, frame_of(hello), std::array{arena_.file(), bell_.get()});
}

void SharedTransport::close(Outgoing& out) {
  executor_.cancel(out);
  out.closed = true;
  out.backlog.clear();
  if (!out.connection) return;
  send_packet(out.connection, frame_of(header_to(out.peer, FrameKind::kGoodbye)));
  watcher_.ignore(out.connection.get(), FileEvent::kReadable);
  out.connection.reset();
}

void SharedTransport::not_answered(Outgoing& out) {
  close(out);
  fail_peer(out.peer, fmt::format("rank {} at {} did not answer rank {} within {}", out.peer.value,
                                  peers_[out.peer.index()], options_.rank.value,
                                  format(options_.connect_timeout)));
  note_drained();
}

void SharedTransport::hear(Outgoing& out) {
  Packet packet;
  PacketState state = PacketState::kPacket;
  while (!out.closed && (state = receive_packet(out.connection, packet)) == PacketState::kPacket)
    hear_packet(out, packet);
  if (out.closed || state != PacketState::kGone) return;
  const bool expected = out.goodbye;
  close(out);
  if (!expected) fail_peer(out.peer, fmt::format("rank {}'s process is gone", out.peer.value));
  note_drained();
}

void SharedTransport::hear_packet(Outgoing& out, Packet& packet) {
  const auto read = read_frame(packet.bytes, expected_);
  const auto* frame = std::get_if<WireFrame>(&read);
  const auto* fault = std::get_if<WireFault>(&read);
  if (fault != nullptr) count(*fault);
  if (frame != nullptr && frame->header.kind == FrameKind::kReady && packet.files.size() == 1) {
    executor_.cancel(out);
    out.bell = std::move(packet.files[0]);
    // It may have gone to sleep, unheard, since the first message.
    ring_bell(out.bell);
  } else if (frame != nullptr && frame->header.kind == FrameKind::kGoodbye) {
    out.goodbye = true;
  } else {
    const std::size_t why =
        frame != nullptr ? frame->header.tag.step : static_cast<std::size_t>(*fault);
    close(out);
    fail_peer(out.peer,
              fmt::format("rank {} turned rank {} away: what came from it {}", out.peer.value,
                          options_.rank.value,
                          sentence(static_cast<WireFault>(std::min(why, kWireFaults - 1)))));
    note_drained();
  }
}

void SharedTransport::flush(Outgoing& out) {
  bool pushed = false;
  while (!out.backlog.empty() && out.ring->push(out.backlog.front())) {
    out.backlog.pop_front();
    pushed = true;
  }
  if (pushed && out.ring->receivers.must_ring()) ring_bell(out.bell);
}

void SharedTransport::forget(Rank peer) {
  auto& out = out_[peer.index()];
  if (!out) out = std::make_unique<Outgoing>(*this, peer);
  close(*out);
  in_[peer.index()].broken = true;
  stop_listening_to(in_[peer.index()]);
  note_drained();
}

// The loop.

bool SharedTransport::ready() {
  if (!to_self_.empty()) return true;
  for (const Rank sender : senders_)
    if (!in_[sender.index()].broken && !in_[sender.index()].ring->is_empty()) return true;
  return std::any_of(out_.begin(), out_.end(), [](const auto& out) {
    return out && !out->backlog.empty() && !out->ring->is_full();
  });
}

void SharedTransport::dispatch() {
  for (std::size_t i = 0; i < senders_.size(); ++i)
    take_from(senders_[i], in_[senders_[i].index()]);
  for (auto& out : out_)
    if (out && !out->backlog.empty()) flush(*out);
  for (Queued& queued : std::exchange(to_self_, {})) {
    Message message;
    message.from = options_.rank;
    message.tag = queued.descriptor.tag;
    message.payload = std::move(queued.payload);
    arrived(std::move(message), queued.descriptor.gate);
  }
  note_drained();
}

bool SharedTransport::before_sleep() {
  for (const Rank sender : senders_) in_[sender.index()].ring->receivers.set();
  for (auto& out : out_)
    if (out && !out->backlog.empty()) out->ring->senders.set();
  return ready();
}

void SharedTransport::after_sleep() {
  for (const Rank sender : senders_) in_[sender.index()].ring->receivers.reset();
}

bool SharedTransport::is_drained() const {
  return to_self_.empty() && std::all_of(out_.begin(), out_.end(), [](const auto& out) {
           return !out || out->closed || (out->backlog.empty() && out->ring->is_empty());
         });
}

// Rung when the receiver takes something; what has been taken meanwhile is seen by another look.
void SharedTransport::ask_for_credit() {
  for (auto& out : out_)
    if (out && !out->closed) out->ring->senders.set();
}

// The way in.

void SharedTransport::accept_all() {
  while (auto connection = accept_from(listener_)) {
    if (newcomers_.size() >= kMostNewcomers) continue;
    const int file = connection->get();
    newcomers_.push_back(std::move(*connection));
    watcher_.watch(file, FileEvent::kReadable, [this, file] { greet(file); });
  }
}

void SharedTransport::greet(int file) {
  const auto newcomer = std::find_if(newcomers_.begin(), newcomers_.end(),
                                     [&](const OpenFile& f) { return f.get() == file; });
  if (newcomer == newcomers_.end()) return;
  Packet packet;
  const PacketState state = receive_packet(*newcomer, packet);
  if (state == PacketState::kNothing) return;
  watcher_.ignore(file, FileEvent::kReadable);
  OpenFile connection = std::move(*newcomer);
  newcomers_.erase(newcomer);
  if (state == PacketState::kGone) return;
  Rank sender;
  const auto fault = introduce(connection, packet, sender);
  if (!fault) return;
  count(*fault);
  FrameHeader reply = header_to(sender, FrameKind::kRefused);
  reply.tag.step = static_cast<std::uint32_t>(*fault);
  send_packet(connection, frame_of(reply));
}

std::optional<WireFault> SharedTransport::introduce(OpenFile& connection, Packet& packet,
                                                    Rank& sender) {
  const auto read = read_frame(packet.bytes, expected_);
  if (const auto* fault = std::get_if<WireFault>(&read)) return *fault;
  const FrameHeader& hello = std::get<WireFrame>(read).header;
  sender = hello.sender;
  if (hello.kind != FrameKind::kHello || packet.files.size() != 2) return WireFault::kNoHandshake;
  Incoming& in = in_[sender.index()];
  if (in.ring != nullptr || sender == options_.rank) return WireFault::kRankTaken;
  const std::size_t size = size_of_file(packet.files[0]);
  const int seals = fcntl(packet.files[0].get(), F_GET_SEALS);
  if (size == 0 || size > kLargestMemory || seals < 0 || (seals & F_SEAL_SHRINK) == 0)
    return WireFault::kTooLong;
  in.mapping = std::make_shared<SharedMapping>(packet.files[0].get(), size);
  if (!in.mapping->holds_block(hello.total, sizeof(SharedRing))) return WireFault::kOutsideMessage;
  in.ring = reinterpret_cast<SharedRing*>(in.mapping->at(hello.total));
  in.bell = std::move(packet.files[1]);
  in.connection = std::move(connection);
  senders_.push_back(sender);
  watcher_.watch(in.connection.get(), FileEvent::kReadable, [this, sender] { hear(sender); });
  send_packet(in.connection, frame_of(header_to(sender, FrameKind::kReady)),
              std::array{bell_.get()});
  return std::nullopt;
}

void SharedTransport::hear(Rank sender) {
  Incoming& in = in_[sender.index()];
  Packet packet;
  PacketState state = PacketState::kPacket;
  while ((state = receive_packet(in.connection, packet)) == PacketState::kPacket) {
    const auto read = read_frame(packet.bytes, expected_);
    const auto* frame = std::get_if<WireFrame>(&read);
    if (frame != nullptr && frame->header.kind == FrameKind::kGoodbye) in.goodbye = true;
  }
  if (state != PacketState::kGone) return;
  stop_listening_to(in);
  if (!in.goodbye && !in.broken)
    fail_peer(sender, fmt::format("rank {}'s process is gone", sender.value));
}

void SharedTransport::stop_listening_to(Incoming& in) {
  if (!in.connection) return;
  watcher_.ignore(in.connection.get(), FileEvent::kReadable);
  in.connection.reset();
}

void SharedTransport::take_from(Rank sender, Incoming& in) {
  Descriptor descriptor;
  bool taken = false;
  for (int i = 0; i < kMostAtOnce && !in.broken && in.ring->pop(descriptor); ++i) {
    taken = true;
    take(sender, in, descriptor);
  }
  if (taken && in.ring->senders.must_ring()) ring_bell(in.bell);
}

void SharedTransport::take(Rank sender, Incoming& in, const Descriptor& d) {
  const auto& memory = d.in_receivers != 0 ? arena_.mapping() : in.mapping;
  Message message;
  message.from = sender;
  message.tag = d.tag;
  if (d.size > kLargestMessage) return break_off(sender, WireFault::kTooLong);
  if (d.dry != 0) {
    message.payload = Payload::dry(d.size);
  } else if (d.size == 0) {
    message.payload = Payload::of_size(0);
  } else if (memory->holds_block(d.offset, d.size)) {
    message.payload = Payload::of_block(adopt_block(memory, d.offset), d.size);
  } else {
    return break_off(sender, WireFault::kOutsideMessage);
  }
  arrived(std::move(message), d.gate);
}

void SharedTransport::break_off(Rank sender, WireFault fault) {
  count(fault);
  in_[sender.index()].broken = true;
  fail_peer(sender, fmt::format("rank {} can't go on with rank {}: what came from it {}",
                                options_.rank.value, sender.value, sentence(fault)));
}

}  // namespace understudy
