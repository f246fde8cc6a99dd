// The wire format: checksum, round trip, and every way of being wrong.
#include "runtime/transport/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace understudy {
namespace {

using Bytes_ = std::vector<std::byte>;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// RFC 3720, B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  const Bytes_ zeros(32), ones(32, std::byte{0xFF});
  EXPECT_EQ(crc32c(zeros), 0x8A9136AAu);
  EXPECT_EQ(crc32c(ones), 0x62A8AB43u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstructionHoweverItIsCut) {
  Bytes_ bytes(10'007);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * i + i / 251);
  const std::span<const std::byte> all(bytes);
  for (const std::size_t size : {0u, 1u, 7u, 8u, 3071u, 3072u, 3073u, 6144u, 10'007u}) {
    const auto part = all.first(size);
    EXPECT_EQ(crc32c(part), crc32c_by_table(part)) << size;
    for (const std::size_t cut : {size / 3, size / 2, size})
      EXPECT_EQ(crc32c(part.subspan(cut), crc32c(part.first(cut))), crc32c(part));
  }
}

constexpr Expected kExpected{.run_id = 99, .receiver = Rank{1}, .world = 4};

FrameHeader chunk_header(std::uint64_t sequence, std::uint64_t total, std::uint64_t offset,
                         std::uint32_t length) {
  FrameHeader h;
  h.run_id = 99;
  h.sender = Rank{3};
  h.receiver = Rank{1};
  h.sequence = sequence;
  h.tag = {5, 6};
  h.gate = 1234567890123;
  h.total = total;
  h.offset = offset;
  h.length = length;
  h.credit = 17;
  return h;
}

Bytes_ frame_of(const FrameHeader& header) {
  Bytes_ bytes(kHeaderBytes + header.length);
  for (std::size_t i = 0; i < header.length; ++i)
    bytes[kHeaderBytes + i] = static_cast<std::byte>(header.offset + i);
  write_frame(header, std::span(bytes).subspan(kHeaderBytes),
              std::span(bytes).first<kHeaderBytes>());
  return bytes;
}

// Changes a field and mends the checksum, as a peer with a fault of its own would send it.
template <class Number>
Bytes_ with(Bytes_ frame, std::size_t at, Number value) {
  std::memcpy(frame.data() + at, &value, sizeof value);
  const std::span<const std::byte> bytes(frame);
  const std::uint32_t checksum =
      crc32c(bytes.subspan(kHeaderBytes), crc32c(bytes.first(kHeaderBytes - 4)));
  std::memcpy(frame.data() + kHeaderBytes - 4, &checksum, sizeof checksum);
  return frame;
}

std::optional<WireFault> fault_of(const Bytes_& bytes) {
  const auto read = read_frame(bytes, kExpected);
  const auto* fault = std::get_if<WireFault>(&read);
  return fault != nullptr ? std::optional(*fault) : std::nullopt;
}

TEST(WireFrame, ComesBackAsItWasWritten) {
  const FrameHeader header = chunk_header(7, 100, 20, 30);
  Bytes_ bytes = frame_of(header);
  bytes.push_back(std::byte{1});
  const auto read = read_frame(bytes, kExpected);
  ASSERT_TRUE(std::holds_alternative<WireFrame>(read));
  const WireFrame& frame = std::get<WireFrame>(read);
  EXPECT_EQ(frame.header.kind, FrameKind::kChunk);
  EXPECT_EQ(frame.header.sender, Rank{3});
  EXPECT_EQ(frame.header.sequence, 7u);
  EXPECT_EQ(frame.header.tag, (Tag{5, 6}));
  EXPECT_EQ(frame.header.gate, 1234567890123u);
  EXPECT_EQ(frame.header.total, 100u);
  EXPECT_EQ(frame.header.offset, 20u);
  EXPECT_EQ(frame.header.credit, 17u);
  EXPECT_EQ(frame.chunk.size(), 30u);
  EXPECT_EQ(frame.chunk[1], std::byte{21});
  EXPECT_EQ(frame.rest.size(), 1u);
}

// Damage to its header is still noticed; to its chunk, which stays in this machine's memory, is not.
TEST(WireFrame, MayLeaveItsChunkUnsummed) {
  FrameHeader header = chunk_header(0, 30, 0, 30);
  header.unsummed = true;
  const Bytes_ whole = frame_of(header);
  const auto read = read_frame(whole, kExpected);
  EXPECT_TRUE(std::get<WireFrame>(read).header.unsummed);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes_ damaged = whole;
    damaged[at] ^= std::byte{4};
    EXPECT_EQ(fault_of(damaged).has_value(), at < kHeaderBytes) << at;
  }
}

TEST(WireFrame, MayHaveItsChunkApart) {
  const Bytes_ whole = frame_of(chunk_header(0, 30, 0, 30));
  const std::span<const std::byte> bytes(whole);
  const auto head = bytes.first(kHeaderBytes), chunk = bytes.subspan(kHeaderBytes);
  EXPECT_TRUE(std::holds_alternative<WireFrame>(read_frame(head, kExpected, chunk)));
  const auto read = read_frame(head, kExpected, chunk.first(29));
  EXPECT_EQ(std::get<WireFault>(read), WireFault::kWrongLength);
}

// The layout, by hand: docs/protocol.md.
TEST(WireFrame, HasTheDocumentedLayout) {
  const Bytes_ bytes = frame_of(chunk_header(7, 100, 20, 2));
  EXPECT_EQ(std::memcmp(bytes.data(), "UNDY", 4), 0);
  EXPECT_EQ(bytes[4], std::byte{1});   // version, little-endian
  EXPECT_EQ(bytes[6], std::byte{4});   // a chunk
  EXPECT_EQ(bytes[8], std::byte{99});  // run id
  EXPECT_EQ(bytes[16], std::byte{3});  // sender
  EXPECT_EQ(bytes[20], std::byte{1});  // receiver
  EXPECT_EQ(bytes[24], std::byte{7});  // sequence
  EXPECT_EQ(bytes[32], std::byte{5});  // tag
  EXPECT_EQ(bytes[36], std::byte{6});
  EXPECT_EQ(bytes[48], std::byte{100});  // total
  EXPECT_EQ(bytes[56], std::byte{20});   // offset
  EXPECT_EQ(bytes[64], std::byte{2});    // length
  EXPECT_EQ(bytes[68], std::byte{17});   // credit
}

TEST(WireFrame, IsRefusedForEveryReason) {
  const Bytes_ good = frame_of(chunk_header(7, 100, 20, 30));
  EXPECT_EQ(fault_of(good), std::nullopt);
  EXPECT_EQ(fault_of(Bytes_(good.begin(), good.begin() + 79)), WireFault::kTooShort);
  EXPECT_EQ(fault_of(Bytes_()), WireFault::kTooShort);
  EXPECT_EQ(fault_of(Bytes_(good.begin(), good.end() - 1)), WireFault::kWrongLength);
  EXPECT_EQ(fault_of(with(good, 0, 'X')), WireFault::kNotOurs);
  EXPECT_EQ(fault_of(with(good, 4, std::uint16_t{2})), WireFault::kWrongVersion);
  EXPECT_EQ(fault_of(with(good, 6, std::uint8_t{0})), WireFault::kUnknownKind);
  EXPECT_EQ(fault_of(with(good, 6, std::uint8_t{200})), WireFault::kUnknownKind);
  EXPECT_EQ(fault_of(with(good, 6, std::uint8_t{1})), WireFault::kWrongLength);
  EXPECT_EQ(fault_of(with(good, 8, std::uint64_t{98})), WireFault::kWrongRun);
  EXPECT_EQ(fault_of(with(good, 20, std::uint32_t{2})), WireFault::kWrongReceiver);
  EXPECT_EQ(fault_of(with(good, 16, std::uint32_t{4})), WireFault::kUnknownSender);
  EXPECT_EQ(fault_of(with(good, 48, std::uint64_t{1} << 63)), WireFault::kTooLong);
  EXPECT_EQ(fault_of(with(good, 48, std::uint64_t{49})), WireFault::kOutsideMessage);
  EXPECT_EQ(fault_of(with(good, 56, ~std::uint64_t{0} - 10)), WireFault::kOutsideMessage);
  EXPECT_EQ(fault_of(with(good, 64, ~std::uint32_t{0})), WireFault::kWrongLength);
  EXPECT_EQ(fault_of(with(good, 7, std::uint8_t{1})), WireFault::kWrongLength);
}

TEST(WireFrame, EveryFlippedBitIsSeen) {
  const Bytes_ good = frame_of(chunk_header(7, 100, 20, 30));
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes_ bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_NE(fault_of(bad), std::nullopt) << "bit " << bit;
  }
}

TEST(WireFrame, EveryFaultHasASentence) {
  for (std::size_t i = 0; i < kWireFaults; ++i)
    EXPECT_GT(std::strlen(sentence(static_cast<WireFault>(i))), 10u);
}

using Taken = std::variant<std::monostate, Assembler::Complete, WireFault>;

Taken take(Assembler& assembler, const FrameHeader& header) {
  const Bytes_ bytes = frame_of(header);
  return assembler.take(std::get<WireFrame>(read_frame(bytes, kExpected)));
}
bool goes_on(const Taken& taken) { return std::holds_alternative<std::monostate>(taken); }

TEST(Assembler, PutsAMessageTogetherFromItsChunks) {
  Assembler assembler;
  EXPECT_TRUE(goes_on(take(assembler, chunk_header(0, 5, 0, 2))));
  EXPECT_TRUE(goes_on(take(assembler, chunk_header(0, 5, 2, 2))));
  const Taken last = take(assembler, chunk_header(0, 5, 4, 1));
  ASSERT_TRUE(std::holds_alternative<Assembler::Complete>(last));
  const auto& complete = std::get<Assembler::Complete>(last);
  EXPECT_EQ(complete.message.from, Rank{3});
  EXPECT_EQ(complete.gate, 1234567890123u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(complete.message.payload.bytes()[i], static_cast<std::byte>(i));
  EXPECT_TRUE(
      std::holds_alternative<Assembler::Complete>(take(assembler, chunk_header(1, 0, 0, 0))));
}

TEST(Assembler, RefusesWhatIsOutOfPlace) {
  Assembler assembler;
  EXPECT_TRUE(goes_on(take(assembler, chunk_header(0, 6, 0, 2))));
  const auto fault = [&](std::uint64_t sequence, std::uint64_t total, std::uint64_t offset) {
    return std::get<WireFault>(take(assembler, chunk_header(sequence, total, offset, 2)));
  };
  EXPECT_EQ(fault(0, 6, 0), WireFault::kDuplicate);
  EXPECT_EQ(fault(0, 6, 4), WireFault::kOutOfOrder);
  EXPECT_EQ(fault(1, 6, 2), WireFault::kOutOfOrder);
  EXPECT_EQ(fault(0, 8, 2), WireFault::kChanged);
  EXPECT_TRUE(goes_on(take(assembler, chunk_header(0, 6, 2, 2))));
  EXPECT_TRUE(
      std::holds_alternative<Assembler::Complete>(take(assembler, chunk_header(0, 6, 4, 2))));
  EXPECT_EQ(fault(0, 6, 4), WireFault::kDuplicate);
}

}  // namespace
}  // namespace understudy
