// Frames: the CRC and COBS against independent ones, round trips, and rubbish.
#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "runtime/board/frame.hpp"

namespace understudy {
namespace {

using ByteVector = std::vector<std::uint8_t>;

// CRC-16/CCITT-FALSE by its definition: the remainder of a division of polynomials, bit by bit.
std::uint16_t crc_by_bits(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xffff;
  for (const std::uint8_t byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021u : 0u);
    crc &= 0xffff;
  }
  return static_cast<std::uint16_t>(crc);
}

std::uint16_t crc_of(std::span<const std::uint8_t> bytes) {
  return protocol::crc16_of(bytes.data(), static_cast<std::uint8_t>(bytes.size()));
}

// COBS as the paper words it: cut after each zero of (data, 0); each piece is sent without its zero,
// after its length with it.
ByteVector cobs(ByteVector data) {
  data.push_back(0);
  ByteVector out, piece;
  for (const std::uint8_t byte : data) {
    if (byte != 0) {
      piece.push_back(byte);
      continue;
    }
    out.push_back(static_cast<std::uint8_t>(piece.size() + 1));
    out.insert(out.end(), piece.begin(), piece.end());
    piece.clear();
  }
  out.push_back(0);
  return out;
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_({.seed = seed, .purpose = Purpose::kTest}) {}
  std::size_t below(std::size_t bound) { return random_.below(bound); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(below(3) == 0 ? 0 : below(256)); }
  Frame frame() {
    Frame frame{byte(), byte(), byte(), ByteVector(below(protocol::kMostPayload + 1))};
    for (std::uint8_t& b : frame.payload) b = byte();
    return frame;
  }

 private:
  RandomStream random_;
};

std::vector<Frame> read_all(FrameReader& reader, std::span<const std::uint8_t> bytes) {
  std::vector<Frame> frames;
  for (const std::uint8_t byte : bytes) {
    if (auto frame = reader.push(byte)) frames.push_back(*frame);
  }
  return frames;
}

TEST(Crc, HasTheCheckValueOfItsKind) {
  const ByteVector digits{'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  EXPECT_EQ(crc_of(digits), 0x29b1);
}

TEST(Crc, EqualsTheDivisionBitByBit) {
  Draw draw(1);
  for (int i = 0; i < 1000; ++i) {
    ByteVector bytes(draw.below(60));
    for (std::uint8_t& byte : bytes) byte = draw.byte();
    EXPECT_EQ(crc_of(bytes), crc_by_bits(bytes));
  }
}

TEST(Frame, IsTheCobsOfItsFieldsAndTheirCrc) {
  Draw draw(2);
  for (int i = 0; i < 1000; ++i) {
    const Frame frame = draw.frame();
    ByteVector body{frame.type, frame.board, frame.sequence};
    body.insert(body.end(), frame.payload.begin(), frame.payload.end());
    const std::uint16_t crc = crc_by_bits(body);
    body.push_back(static_cast<std::uint8_t>(crc & 0xff));
    body.push_back(static_cast<std::uint8_t>(crc >> 8));
    EXPECT_EQ(encode(frame), cobs(body));
  }
}

TEST(Frame, ComesBackFromAStreamOfThem) {
  Draw draw(3);
  std::vector<Frame> sent;
  ByteVector wire;
  for (int i = 0; i < 1000; ++i) {
    sent.push_back(draw.frame());
    const ByteVector bytes = encode(sent.back());
    EXPECT_LE(bytes.size(), protocol::kMostWire);
    wire.insert(wire.end(), bytes.begin(), bytes.end());
  }
  FrameReader reader;
  EXPECT_EQ(read_all(reader, wire), sent);
  EXPECT_EQ(reader.bad(), 0);
}

TEST(FrameReader, GoesOnAfterRubbishAtTheNextZero) {
  Draw draw(4);
  for (int i = 0; i < 1000; ++i) {
    ByteVector wire(draw.below(200));
    for (std::uint8_t& byte : wire) byte = static_cast<std::uint8_t>(1 + draw.below(255));
    wire.push_back(0);
    const Frame frame = draw.frame();
    const ByteVector bytes = encode(frame);
    wire.insert(wire.end(), bytes.begin(), bytes.end());
    FrameReader reader;
    EXPECT_EQ(read_all(reader, wire), std::vector{frame});
    EXPECT_EQ(reader.bad(), wire.size() == bytes.size() + 1 ? 0 : 1);
  }
}

TEST(FrameReader, TakesNothingShorterOrLongerThanAFrame) {
  for (const std::size_t size : {1u, 2u, 3u, 4u, protocol::kMostBody + 1u, 253u}) {
    ByteVector body(size, 7);
    if (size > 2) {
      const std::uint16_t crc = crc_by_bits({body.data(), size - 2});
      body[size - 2] = static_cast<std::uint8_t>(crc & 0xff);
      body[size - 1] = static_cast<std::uint8_t>(crc >> 8);
    }
    FrameReader reader;
    EXPECT_TRUE(read_all(reader, cobs(body)).empty()) << size;
    EXPECT_EQ(reader.bad(), 1) << size;
  }
}

// A damaged frame passes for one by chance, at 2^-16 a try: 3 of 200,000 on average, and more than 20
// with a probability below 1e-10.
TEST(FrameReader, LetsHardlyADamagedFrameThrough) {
  Draw draw(5);
  int passed = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Frame frame = draw.frame();
    ByteVector wire = encode(frame);
    for (std::size_t n = 1 + draw.below(3); n > 0 && !wire.empty(); --n) {
      const auto at = wire.begin() + static_cast<std::ptrdiff_t>(draw.below(wire.size()));
      switch (draw.below(4)) {
        case 0:
          *at = static_cast<std::uint8_t>(*at ^ (1u << draw.below(8)));
          break;
        case 1:
          wire.erase(at);
          break;
        case 2:
          wire.insert(at, *at);
          break;
        default:
          *at = draw.byte();
      }
    }
    wire.push_back(0);
    FrameReader reader;
    for (const Frame& got : read_all(reader, wire)) passed += got != frame;
  }
  EXPECT_LE(passed, 20);
}

}  // namespace
}  // namespace understudy
