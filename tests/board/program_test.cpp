// The firmware's program by itself: frames in, frames out.
#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "tests/board/memory_board.hpp"

namespace understudy {
namespace {


class BoardProgramTest : public ::testing::Test {
 protected:
  // Hands in the bytes and lets the program run until nothing is left to do, or a long training goes
  // on; returns its answers.
  std::vector<Frame> hear(std::span<const std::uint8_t> bytes) {
    machine.received.insert(machine.received.end(), bytes.begin(), bytes.end());
    for (int i = 0; i < 300 && (!machine.received.empty() || program->busy()); ++i) program->poll();
    std::vector<Frame> answers;
    FrameReader reader;
    for (const auto& wire : std::exchange(machine.written, {})) {
      for (const std::uint8_t byte : wire) {
        if (auto frame = reader.push(byte)) answers.push_back(*frame);
      }
    }
    return answers;
  }
  template <class... Layout>
  Frame command(protocol::Type type, const Layout&... layout) {
    Frame frame{type, protocol::kBroadcast, sequence++, {}};
    (append(frame.payload, bytes_of_layout(layout)), ...);
    return frame;
  }
  // The one answer to the frame.
  Frame answer(const Frame& frame) {
    const auto answers = hear(encode(frame));
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? Frame{} : answers.front();
  }
  void expect_acknowledged(const Frame& frame) {
    const Frame got = answer(frame);
    EXPECT_EQ(got.type, protocol::kAcknowledge);
    EXPECT_EQ(got.sequence, frame.sequence);
  }
  void expect_refused(const Frame& frame, protocol::Refusal why, std::uint32_t detail) {
    const Frame got = answer(frame);
    ASSERT_EQ(got.type, protocol::kRefused);
    const auto refused = layout_of_bytes<protocol::Refused>(got.payload);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->command, frame.type);
    EXPECT_EQ(refused->refusal, why);
    EXPECT_EQ(refused->detail, detail);
  }
  protocol::Stats stats() {
    const Frame got = answer(command(protocol::kGetStats));
    return layout_of_bytes<protocol::Stats>(got.payload).value();
  }
  Frame say_hello() { return answer(command(protocol::kHello, protocol::Hello{1})); }
  void begin(std::uint8_t features) {
    EXPECT_EQ(say_hello().type, protocol::kHelloReply);
    expect_acknowledged(
        command(protocol::kConfigure, protocol::Configure{features, protocol::kInt8, 1}));
  }
  static void append(std::vector<std::uint8_t>& out, const std::vector<std::uint8_t>& more) {
    out.insert(out.end(), more.begin(), more.end());
  }

  MemoryMachine machine;
  std::unique_ptr<BoardProgram<MemoryMachine>> program =
      std::make_unique<BoardProgram<MemoryMachine>>(machine);
  std::uint8_t sequence = 17;
};

protocol::Train streamed(std::uint16_t samples) {
  return {protocol::kStreamed, protocol::kPerBatch, 1, samples, 1, 0.5f, 0};
}

struct ASample {
  std::uint8_t x, label;
};

TEST_F(BoardProgramTest, AnswersAHelloAfterAnyRubbish) {
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  for (int i = 0; i < 300; ++i) {
    std::vector<std::uint8_t> rubbish(random.below(300));
    for (auto& byte : rubbish) byte = static_cast<std::uint8_t>(random.below(256));
    rubbish.push_back(0);
    hear(rubbish);
    const Frame got = say_hello();
    ASSERT_EQ(got.type, protocol::kHelloReply);
    const auto reply = layout_of_bytes<protocol::HelloReply>(got.payload).value();
    EXPECT_EQ(reply.version, protocol::kVersion);
    EXPECT_EQ(reply.shard_bytes, kShardBytes);
  }
}

// Frames that pass the CRC, with any type and payload: for the sanitizers, too.
TEST_F(BoardProgramTest, AnswersAHelloAfterAnyCommands) {
  RandomStream random({.seed = 2, .purpose = Purpose::kTest});
  for (int i = 0; i < 20'000; ++i) {
    if (i % 50 == 0) {
      ASSERT_EQ(say_hello().type, protocol::kHelloReply);
    }
    auto frame = command(static_cast<protocol::Type>(random.below(12)));
    const std::uint64_t bound = random.below(2) == 0 ? 4 : 256;  // small values are allowed ones
    frame.payload.resize(std::array{0, 1, 2, 5, 6, 16, 30, 52}[random.below(8)]);
    for (auto& byte : frame.payload) byte = static_cast<std::uint8_t>(random.below(bound));
    hear(encode(frame));
    if (std::exchange(machine.wants_restart, false)) {
      program = std::make_unique<BoardProgram<MemoryMachine>>(machine);
    }
  }
}

TEST_F(BoardProgramTest, WantsAHelloFirst) {
  machine.cause = 4;
  expect_refused(command(protocol::kGetStats), protocol::kNoSession, 4);
}

TEST_F(BoardProgramTest, CarriesOutARepeatedFrameOnce) {
  begin(1);
  expect_acknowledged(command(protocol::kTrain, streamed(3)));
  const Frame data = command(protocol::kData, ASample{1, 1});
  for (int i = 0; i < 3; ++i) expect_acknowledged(data);
  EXPECT_EQ(stats().samples, 1u);
}

TEST_F(BoardProgramTest, AcknowledgesTheLastFrameBeforeAGap) {
  begin(1);
  const std::uint8_t last = static_cast<std::uint8_t>(sequence - 1);
  command(protocol::kGetStats);  // lost
  const Frame got = answer(command(protocol::kTrain, streamed(3)));
  EXPECT_EQ(got.type, protocol::kAcknowledge);
  EXPECT_EQ(got.sequence, last);
}

TEST_F(BoardProgramTest, RefusesARepeatedFrameAgain) {
  begin(1);
  const Frame bad = command(protocol::kSetId, protocol::SetId{protocol::kBroadcast, 0});
  for (int i = 0; i < 3; ++i) expect_refused(bad, protocol::kBadOption, 0);
}

TEST_F(BoardProgramTest, HearsItsIdAndEverybodys) {
  say_hello();
  expect_acknowledged(command(protocol::kSetId, protocol::SetId{9, 0}));
  Frame frame = command(protocol::kGetStats);
  frame.board = 8;
  EXPECT_TRUE(hear(encode(frame)).empty());
  frame.board = 9;
  EXPECT_EQ(answer(frame).board, 9);
}

TEST_F(BoardProgramTest, KeepsIdAndBaudInEeprom) {
  say_hello();
  expect_acknowledged(command(protocol::kSetId, protocol::SetId{9, 500000}));
  EXPECT_EQ(read_identity(machine).id, 9);
  EXPECT_EQ(read_identity(machine).baud, 500000u);
  expect_acknowledged(command(protocol::kSetId, protocol::SetId{10, 0}));
  EXPECT_EQ(read_identity(machine).baud, 500000u);
  machine.eeprom[2] ^= 1;  // any bit
  EXPECT_EQ(read_identity(machine).id, protocol::kNoId);
  EXPECT_EQ(read_identity(machine).baud, protocol::kDefaultBaud);
}

TEST_F(BoardProgramTest, LightsItsLedWhileTraining) {
  begin(1);
  machine.lights.clear();
  expect_acknowledged(command(protocol::kTrain, streamed(2)));
  EXPECT_EQ(machine.lights, std::vector{true});
  expect_acknowledged(command(protocol::kData, ASample{1, 1}));
  EXPECT_EQ(machine.lights, std::vector{true});
  const auto answers = hear(encode(command(protocol::kData, ASample{1, 0})));
  EXPECT_EQ(machine.lights, (std::vector{true, false}));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].type, protocol::kWeights);  // unasked
}

TEST_F(BoardProgramTest, AHelloEndsATraining) {
  begin(1);
  expect_acknowledged(command(protocol::kTrain, streamed(100)));
  const auto reply = layout_of_bytes<protocol::HelloReply>(say_hello().payload).value();
  EXPECT_EQ(reply.state, protocol::kTrainingStreamed);
  EXPECT_FALSE(machine.lights.back());
  EXPECT_EQ(stats().state, protocol::kIdle);
}

TEST_F(BoardProgramTest, RefusesWhatItCannotDo) {
  say_hello();
  using protocol::Configure;
  using protocol::Train;
  expect_refused(command(protocol::kTrain, streamed(1)), protocol::kNotConfigured, 0);
  expect_refused(command(protocol::kGetWeights), protocol::kNotConfigured, 0);
  expect_refused(command(protocol::kConfigure, Configure{17, 0, 1}), protocol::kTooManyFeatures,
                 16);
  expect_refused(command(protocol::kConfigure, Configure{0, 0, 1}), protocol::kBadOption, 0);
  expect_refused(command(protocol::kConfigure, Configure{1, 3, 1}), protocol::kBadOption, 1);
  expect_refused(command(static_cast<protocol::Type>(0x55)), protocol::kUnknownCommand, 0x55);
  expect_acknowledged(command(protocol::kConfigure, Configure{3, protocol::kInt16, 1}));
  expect_refused(command(protocol::kTrain), protocol::kMalformed, 0);
  expect_refused(command(protocol::kTrain, Train{0, 0, 0, 1, 1, 1, 0}), protocol::kBadOption, 2);
  expect_refused(command(protocol::kTrain, Train{1, 0, 1, 1, 1, 1, 0}), protocol::kNoShard, 0);
  expect_refused(command(protocol::kData, ASample{1, 0}), protocol::kWrongState, protocol::kIdle);
  // 3 x 2 + 1 bytes a sample: 146 fit 1024.
  expect_refused(command(protocol::kLoadShard, protocol::LoadShard{147}),
                 protocol::kShardDoesNotFit, 146);
  expect_refused(command(protocol::kSetWeights, protocol::Chunk{2, 4}, 1.0f, 2.0f, 3.0f),
                 protocol::kBadOption, 0);
  expect_refused(command(protocol::kSetWeights, protocol::Chunk{0, 5}, 1.0f), protocol::kBadOption,
                 1);
  expect_acknowledged(command(protocol::kTrain, streamed(1)));
  expect_refused(command(protocol::kGetWeights), protocol::kWrongState,
                 protocol::kTrainingStreamed);
}

TEST_F(BoardProgramTest, ForgetsItsShardWithANewFormat) {
  begin(1);
  expect_acknowledged(command(protocol::kLoadShard, protocol::LoadShard{1}));
  expect_acknowledged(command(protocol::kData, ASample{1, 0}));
  EXPECT_EQ(stats().shard_samples, 1u);
  expect_acknowledged(command(protocol::kConfigure, protocol::Configure{1, protocol::kFloat32, 1}));
  EXPECT_EQ(stats().shard_samples, 0u);
}

TEST_F(BoardProgramTest, AcknowledgesAResetBeforeIt) {
  say_hello();
  expect_acknowledged(command(protocol::kReset));
  EXPECT_TRUE(machine.wants_restart);
}

}  // namespace
}  // namespace understudy
