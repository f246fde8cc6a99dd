// The firmware as it is flashed, under rubbish on its line: random bytes, random commands, damaged
// frames. After each burst it answers a hello within 2 s of its time, and its stack has not met its
// data. The same bursts every time; $UNDERSTUDY_FUZZ_SECONDS makes it so many seconds of the board's
// time instead of 10, $UNDERSTUDY_FUZZ_SEED others.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <optional>

#include "runtime/base/random.hpp"
#include "runtime/board/frame.hpp"
#include "tests/board/emulated.hpp"

namespace understudy {
namespace {

using Bytes8 = std::vector<std::uint8_t>;

long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atol(text) : otherwise;
}

// A host that writes what it likes.
class Attacker {
 public:
  Attacker() {
    EmulatedBoardConfig config;
    config.firmware = firmware("understudy");
    board_ = std::make_unique<EmulatedBoard>(config);
  }
  EmulatedBoard& board() { return *board_; }

  void send(const Bytes8& bytes) {
    for (const std::uint8_t byte : bytes) {
      line_free_ = std::max(line_free_, board_->now());
      board_->receive(line_free_, byte);
      line_free_ += kFrame;
    }
  }
  void finish_sending() { board_->run_until(line_free_); }

  // The answer of a type to a frame that is sent again every 100 ms, within 2 s.
  std::optional<Frame> ask(const Frame& frame, protocol::Type answer) {
    board_->take_output();
    Bytes8 wire = encode(frame);
    wire.insert(wire.begin(), 0);
    const TimePoint deadline = board_->now() + seconds(2);
    FrameReader reader;
    for (TimePoint again = board_->now(); board_->now() < deadline;) {
      if (board_->now() >= again) {
        send(wire);
        again = board_->now() + milliseconds(100);
      }
      board_->run_until(board_->now() + milliseconds(1));
      for (const TimedByte& byte : board_->take_output()) {
        const auto found = reader.push(byte.value);
        if (found && found->type == answer && found->sequence == frame.sequence) return found;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr Duration kFrame{86'805'556};  // 10 bits at 115200 baud
  std::unique_ptr<EmulatedBoard> board_;
  TimePoint line_free_ = kStart;
};

// What goes over the line, drawn from a seed.
class Bursts {
 public:
  explicit Bursts(std::uint32_t seed) : random_({.seed = seed, .purpose = Purpose::kTest}) {}

  // Numbers of commands go on from `sequence`, so that most are carried out.
  Bytes8 next(std::uint8_t& sequence) {
    switch (random_.below(4)) {
      case 0:
        return rubbish(1 + random_.below(400));
      case 1:
        return commands(sequence, false);
      case 2:
        return commands(sequence, true);
      default:
        return flood(sequence);
    }
  }

 private:
  std::uint8_t byte(std::uint64_t bound = 256) {
    return static_cast<std::uint8_t>(random_.below(bound));
  }
  Bytes8 rubbish(std::size_t count) {
    Bytes8 bytes(count);
    const std::uint64_t zeros = random_.below(4);  // how often a frame ends
    for (auto& b : bytes) b = zeros > 0 && random_.below(20) < zeros ? 0 : byte();
    return bytes;
  }
  Frame command(std::uint8_t& sequence) {
    static constexpr std::array<std::size_t, 13> kSizes = {0, 1, 2,  1,  7,  14, 16,
                                                           5, 6, 18, 30, 50, 52};
    Frame frame{
        static_cast<std::uint8_t>(1 + random_.below(11)), protocol::kBroadcast, sequence++, {}};
    if (random_.below(8) == 0) frame.sequence = byte();
    if (random_.below(16) == 0) frame.board = byte();
    if (random_.below(16) == 0) frame.type = byte();
    frame.payload.resize(size_of(frame.type).value_or(kSizes[random_.below(kSizes.size())]));
    const std::uint64_t bound = random_.below(2) == 0 ? 4 : 256;  // small values are allowed ones
    for (auto& b : frame.payload) b = byte(bound);
    // Another rate would be no crash, but nobody would hear the hello.
    if (frame.type == protocol::kSetId && frame.payload.size() == sizeof(protocol::SetId))
      std::fill(frame.payload.begin() + 1, frame.payload.end(), std::uint8_t{0});
    return frame;
  }
  // The payload's size that the command has, three times out of four.
  std::optional<std::size_t> size_of(std::uint8_t type) {
    if (random_.below(4) == 0) return std::nullopt;
    switch (type) {
      case protocol::kConfigure:
        return sizeof(protocol::Configure);
      case protocol::kLoadShard:
        return sizeof(protocol::LoadShard);
      case protocol::kTrain:
        return sizeof(protocol::Train);
      case protocol::kSetId:
        return sizeof(protocol::SetId);
      case protocol::kGetWeights:
      case protocol::kGetStats:
      case protocol::kReset:
        return 0;
      default:
        return std::nullopt;
    }
  }
  Bytes8 commands(std::uint8_t& sequence, bool damaged) {
    Bytes8 bytes;
    for (std::uint64_t i = 1 + random_.below(12); i > 0; --i) {
      Bytes8 wire = encode(command(sequence));
      if (damaged) damage(wire);
      bytes.insert(bytes.end(), wire.begin(), wire.end());
    }
    return bytes;
  }
  void damage(Bytes8& wire) {
    for (std::uint64_t i = 1 + random_.below(3); i > 0 && !wire.empty(); --i) {
      const auto at = static_cast<std::ptrdiff_t>(random_.below(wire.size()));
      switch (random_.below(4)) {
        case 0:
          wire[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1U << random_.below(8));
          break;
        case 1:
          wire.erase(wire.begin() + at);
          break;
        case 2:
          wire.insert(wire.begin() + at, byte());
          break;
        default:
          wire.resize(static_cast<std::size_t>(at));
      }
    }
  }
  // Data without end, into whatever state the board is in.
  Bytes8 flood(std::uint8_t& sequence) {
    Bytes8 bytes =
        encode(Frame{protocol::kConfigure, protocol::kBroadcast, sequence++,
                     bytes_of_layout(protocol::Configure{
                         static_cast<std::uint8_t>(1 + random_.below(17)), byte(4), 1})});
    const auto samples = static_cast<std::uint16_t>(1 + random_.below(200));
    const bool train = random_.below(2) == 0;
    const Frame begin =
        train ? Frame{protocol::kTrain, protocol::kBroadcast, sequence++,
                      bytes_of_layout(protocol::Train{
                          byte(2), byte(2), static_cast<std::uint16_t>(1 + random_.below(65'535)),
                          samples, static_cast<std::uint16_t>(1 + random_.below(20)), 0.1f, 0})}
              : Frame{protocol::kLoadShard, protocol::kBroadcast, sequence++,
                      bytes_of_layout(protocol::LoadShard{samples})};
    append(bytes, encode(begin));
    for (std::uint64_t i = random_.below(30); i > 0; --i) {
      Frame data{protocol::kData, protocol::kBroadcast, sequence++, rubbish(1 + random_.below(52))};
      append(bytes, encode(data));
    }
    return bytes;
  }
  static void append(Bytes8& bytes, const Bytes8& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  }

  RandomStream random_;
};

TEST(SerialFuzz, AlwaysAnswersAHelloAndKeepsItsStackOutOfItsData) {
  const TimePoint end = kStart + seconds(setting("UNDERSTUDY_FUZZ_SECONDS", 10));
  Bursts bursts(static_cast<std::uint32_t>(setting("UNDERSTUDY_FUZZ_SEED", 1)));
  Attacker attacker;
  std::uint8_t sequence = 0;
  int count = 0, least_free = 2048;
  for (; attacker.board().now() < end; ++count) {
    attacker.send(bursts.next(sequence));
    attacker.finish_sending();
    ASSERT_FALSE(attacker.board().crashed())
        << count << ": " << attacker.board().crashed()->sentence();
    const Frame hello{protocol::kHello, protocol::kBroadcast, sequence++,
                      bytes_of_layout(protocol::Hello{protocol::kVersion})};
    ASSERT_TRUE(attacker.ask(hello, protocol::kHelloReply)) << "no answer after burst " << count;
    const auto answer = attacker.ask(
        Frame{protocol::kGetStats, protocol::kBroadcast, sequence++, {}}, protocol::kStats);
    ASSERT_TRUE(answer) << "no stats after burst " << count;
    const auto stats = layout_of_bytes<protocol::Stats>(answer->payload);
    ASSERT_TRUE(stats);
    ASSERT_EQ(stats->canary, 1) << count;
    ASSERT_GT(stats->stack_free, 0) << count;
    least_free = std::min<int>(least_free, stats->stack_free);
  }
  const auto resets = attacker.board().statistics().resets;
  EXPECT_GT(count, 10);
  std::printf("%d bursts, at least %d bytes of stack never used, %d resets by command\n", count,
              least_free,
              static_cast<int>(resets[static_cast<std::size_t>(ResetCause::kWatchdog)]));
}

}  // namespace
}  // namespace understudy
