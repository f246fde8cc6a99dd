// What strangers and broken peers send to a node's sockets: it goes on, or names who and why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "runtime/transport/local_socket.hpp"
#include "runtime/transport/shared_ring.hpp"
#include "tests/transport/harness.hpp"

namespace understudy {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kRun = 42;

// Rank 0 of 3, whose failures are written down; rank 1 is played by the test.
class Victim : public ::testing::Test {
 protected:
  explicit Victim(TransportKind kind = TransportKind::kTcp) : loop(with_new_secret()) {
    ProcessTransportOptions o = options(0);
    o.kind = kind;
    o.bind = kind == TransportKind::kTcp ? "127.0.0.1" : folder.path();
    o.connect_timeout = std::chrono::milliseconds{100};
    o.on_peer_failure = [this](Rank peer, const std::string& sentence) {
      failures.push_back({peer, sentence});
    };
    victim = make_process_transport(loop.scheduler, loop.clock, &loop.hub, o);
  }
  ProcessTransportOptions options(std::uint32_t rank) const {
    ProcessTransportOptions o;
    o.rank = Rank{rank};
    o.world = 3;
    o.run_id = kRun;
    o.shared_bytes = std::size_t{1} << 24;
    return o;
  }

  // Runs the loop until it holds; 30 seconds at most.
  template <class Holds>
  void run_until(const Holds& holds) {
    const auto wait = [](Loop& l, const Holds& h) -> Task<> {
      const TimePoint end = l.scheduler.now() + std::chrono::seconds{30};
      while (!h() && l.scheduler.now() < end)
        co_await SleepUntil(l.scheduler, l.scheduler.now() + std::chrono::milliseconds{1});
    };
    const auto waiting = spawn(loop.scheduler, wait(loop, holds));
    loop.scheduler.run();
    EXPECT_TRUE(holds());
  }
  std::uint64_t faults(WireFault fault) const {
    return victim->counters().faults[static_cast<std::size_t>(fault)];
  }

  struct Failure {
    Rank peer;
    std::string sentence;
  };
  PrivateFolder folder;
  Loop loop;
  std::vector<Failure> failures;
  std::unique_ptr<ProcessTransport> victim;
};

FrameHeader header(FrameKind kind, std::uint32_t sender = 1) {
  FrameHeader h;
  h.kind = kind;
  h.run_id = kRun;
  h.sender = Rank{sender};
  h.receiver = Rank{0};
  h.total = kind == FrameKind::kHello ? 40'304 : 0;
  return h;
}
FrameHeader chunk(std::uint64_t sequence, std::uint64_t total, std::uint64_t offset,
                  std::uint32_t length) {
  FrameHeader h = header(FrameKind::kChunk);
  h.sequence = sequence;
  h.total = total;
  h.offset = offset;
  h.length = length;
  return h;
}
std::vector<std::byte> frame_of(const FrameHeader& h) {
  std::vector<std::byte> bytes(kHeaderBytes + h.length);
  write_frame(h, std::span(bytes).subspan(kHeaderBytes), std::span(bytes).first<kHeaderBytes>());
  return bytes;
}

class ZmqVictim : public Victim {
 protected:
  ZmqVictim() : dealer(stranger()) {}
  zmq::socket_t stranger() {
    return loop.hub.connect(zmq::socket_type::dealer, victim->endpoint());
  }
  void say(const std::vector<std::byte>& bytes) {
    dealer.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
  }
  void say(const FrameHeader& h) { say(frame_of(h)); }
  std::string failure_of_1() {
    run_until([this] { return !failures.empty(); });
    EXPECT_EQ(failures.at(0).peer, Rank{1});
    return failures.at(0).sentence;
  }
  zmq::socket_t dealer;
};

TEST_F(ZmqVictim, GarbageIsCountedAndTheRunGoesOn) {
  say(std::vector<std::byte>(3));
  say(std::vector<std::byte>(1000, std::byte{0xAB}));
  run_until([this] { return victim->counters().refused() == 2; });
  EXPECT_EQ(faults(WireFault::kTooShort), 1u);
  EXPECT_EQ(faults(WireFault::kNotOurs), 1u);
  EXPECT_TRUE(failures.empty());
  say(header(FrameKind::kHello));
  say(chunk(0, 8, 0, 8));
  run_until([this] { return victim->counters().messages_received == 1; });
}

TEST_F(ZmqVictim, AnotherVersionAndAnotherRunAreTurnedAway) {
  auto bytes = frame_of(header(FrameKind::kHello));
  bytes[4] = std::byte{9};
  say(bytes);
  FrameHeader other = header(FrameKind::kHello);
  other.run_id = kRun + 1;
  say(other);
  run_until([this] { return victim->counters().refused() == 2; });
  EXPECT_EQ(faults(WireFault::kWrongVersion), 1u);
  EXPECT_EQ(faults(WireFault::kWrongRun), 1u);
  EXPECT_TRUE(failures.empty());
}

TEST_F(ZmqVictim, AChunkWithoutAHandshakeIsTurnedAway) {
  say(chunk(0, 8, 0, 8));
  run_until([this] { return faults(WireFault::kNoHandshake) == 1; });
  EXPECT_EQ(victim->counters().messages_received, 0u);
}

TEST_F(ZmqVictim, AChunkThatWasHereIsDroppedAndTheRunGoesOn) {
  say(header(FrameKind::kHello));
  say(chunk(0, 8, 0, 8));
  say(chunk(0, 8, 0, 8));
  say(chunk(1, 8, 0, 8));
  run_until([this] { return victim->counters().messages_received == 2; });
  EXPECT_EQ(faults(WireFault::kDuplicate), 1u);
  EXPECT_TRUE(failures.empty());
}

TEST_F(ZmqVictim, AChunkAfterOneThatIsMissingEndsThePeer) {
  say(header(FrameKind::kHello));
  say(chunk(1, 8, 0, 8));
  EXPECT_EQ(
      failure_of_1(),
      "rank 0 can't go on with rank 1: what came from it comes after something that got lost");
}

TEST_F(ZmqVictim, ADamagedChunkEndsThePeer) {
  say(header(FrameKind::kHello));
  auto bytes = frame_of(chunk(0, 8, 0, 8));
  bytes.back() ^= std::byte{1};
  say(bytes);
  EXPECT_THAT(failure_of_1(), HasSubstr("was damaged on the way"));
}

TEST_F(ZmqVictim, MoreThanTheWindowEndsThePeer) {
  say(header(FrameKind::kHello));
  FrameHeader huge = chunk(0, kLargestMessage, 0, 5u << 20);  // the window is 4 MiB
  say(huge);
  EXPECT_THAT(failure_of_1(), HasSubstr("goes beyond the window"));
}

TEST_F(ZmqVictim, ASecondProcessWithARankIsTurnedAway) {
  say(header(FrameKind::kHello));
  run_until([this] { return true; });
  auto second = stranger();
  second.send(zmq::buffer(frame_of(header(FrameKind::kHello))), zmq::send_flags::dontwait);
  run_until([this] { return faults(WireFault::kRankTaken) == 1; });
  EXPECT_TRUE(failures.empty());
}

TEST_F(ZmqVictim, APeerThatDoesNotAnswerIsNamed) {
  // Somebody listens there, but not a node.
  auto silent = loop.hub.listen(zmq::socket_type::router, "tcp://127.0.0.1:*");
  victim->set_peers({victim->endpoint(), last_endpoint(silent), ""});
  victim->send(Rank{1}, Tag{}, Payload::of_size(8));
  EXPECT_THAT(failure_of_1(), HasSubstr("did not answer rank 0 within 100ms"));
}

TEST_F(ZmqVictim, ARankThatDoesNotExistIsNotSentTo) {
  EXPECT_THROW(victim->send(Rank{3}, Tag{}, Payload()), TransportError);
}

TEST(ProcessTransport, SaysWhereItCannotListen) {
  Loop loop(with_new_secret());
  ProcessTransportOptions o;
  for (const TransportKind kind : {TransportKind::kIpc, TransportKind::kSharedMemory}) {
    o.kind = kind;
    o.bind = "/no/such/folder";
    EXPECT_THROW(make_process_transport(loop.scheduler, loop.clock, &loop.hub, o), TransportError);
  }
  o.kind = TransportKind::kTcp;
  o.bind = "0.0.0.0";
  EXPECT_THROW(make_process_transport(loop.scheduler, loop.clock, &loop.hub, o), ScenarioError);
}

class SharedVictim : public Victim {
 protected:
  SharedVictim() : Victim(TransportKind::kSharedMemory) {}
  OpenFile stranger() const { return connect_to(victim->endpoint().substr(6)); }
  // A rank 1 with everything that it needs, on the same loop.
  std::unique_ptr<ProcessTransport> peer(std::uint32_t rank, std::string folder_of_it) {
    ProcessTransportOptions o = options(rank);
    o.bind = std::move(folder_of_it);
    o.on_peer_failure = [this](Rank, const std::string& sentence) { heard = sentence; };
    return make_process_transport(loop.scheduler, loop.clock, nullptr, o);
  }
  std::string heard;
};

TEST_F(SharedVictim, GarbageIsCountedAndTheRunGoesOn) {
  const OpenFile socket = stranger();
  ASSERT_TRUE(send_packet(socket, std::vector<std::byte>(5)));
  run_until([this] { return faults(WireFault::kTooShort) == 1; });
  const OpenFile second = stranger();
  FrameHeader hello = header(FrameKind::kHello);
  ASSERT_TRUE(send_packet(second, frame_of(hello)));  // without memory
  run_until([this] { return faults(WireFault::kNoHandshake) == 1; });
  EXPECT_TRUE(failures.empty());
}

TEST_F(SharedVictim, MemoryThatCouldShrinkIsRefused) {
  const OpenFile socket = stranger();
  const OpenFile file(::memfd_create("test", 0));
  ASSERT_EQ(ftruncate(file.get(), 1 << 20), 0);
  ASSERT_TRUE(
      send_packet(socket, frame_of(header(FrameKind::kHello)), std::array{file.get(), file.get()}));
  run_until([this] { return victim->counters().refused() == 1; });
}

TEST_F(SharedVictim, APeerThatLeavesWithoutAGoodbyeIsNamed) {
  SharedArena arena(std::size_t{1} << 20);
  const auto ring = arena.allocate(sizeof(SharedRing));
  new (ring.get()) SharedRing;
  FrameHeader hello = header(FrameKind::kHello);
  hello.total = *arena.mapping()->offset_of(ring.get());
  OpenFile socket = stranger();
  const OpenFile bell(eventfd(0, EFD_NONBLOCK));
  ASSERT_TRUE(send_packet(socket, frame_of(hello), std::array{arena.file(), bell.get()}));
  bool greeted = false;
  run_until([&] {
    Packet packet;
    greeted = greeted || receive_packet(socket, packet) == PacketState::kPacket;
    return greeted;
  });
  socket.reset();
  run_until([this] { return !failures.empty(); });
  EXPECT_EQ(failures.at(0).sentence, "rank 1's process is gone");
}

TEST_F(SharedVictim, ASecondProcessWithARankIsTurnedAwayAndKnowsWhy) {
  const PrivateFolder other;
  const auto first = peer(1, folder.path()), second = peer(1, other.path());
  for (const auto& p : {first.get(), second.get()})
    p->set_peers({victim->endpoint(), p->endpoint(), ""});
  first->send(Rank{0}, Tag{}, Payload());
  run_until([this] { return victim->counters().messages_received == 1; });
  second->send(Rank{0}, Tag{}, Payload());
  run_until([this] { return !heard.empty(); });
  EXPECT_THAT(heard, HasSubstr("a second process with the same rank"));
}

TEST_F(SharedVictim, SaysThatNoSharedMemoryIsLeft) {
  const auto sender = peer(1, folder.path());
  sender->set_peers({victim->endpoint(), sender->endpoint(), ""});
  sender->send(Rank{0}, Tag{}, Payload::of_size(1 << 20));
  EXPECT_THROW(sender->send(Rank{0}, Tag{}, Payload::of_size(std::size_t{1} << 25)),
               TransportError);
}

}  // namespace
}  // namespace understudy
