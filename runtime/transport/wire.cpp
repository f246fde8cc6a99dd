#include "runtime/transport/wire.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr std::uint32_t kMagic = 0x59444E55;  // "UNDY"
constexpr std::size_t kChecksumAt = kHeaderBytes - 4;
constexpr std::uint8_t kDryFlag = 1;
constexpr std::uint8_t kUnsummedFlag = 2;

// Little-endian, byte by byte; compilers make one move of it.
template <class Number>
void put(std::span<std::byte, kHeaderBytes> to, std::size_t at, Number value) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    to[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
}
template <class Number>
Number get(std::span<const std::byte> from, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    value |= std::to_integer<std::uint64_t>(from[at + i]) << (8 * i);
  return static_cast<Number>(value);
}

FrameHeader read_header(std::span<const std::byte> from) {
  FrameHeader h;
  h.kind = static_cast<FrameKind>(get<std::uint8_t>(from, 6));
  h.dry = (get<std::uint8_t>(from, 7) & kDryFlag) != 0;
  h.unsummed = (get<std::uint8_t>(from, 7) & kUnsummedFlag) != 0;
  h.run_id = get<std::uint64_t>(from, 8);
  h.sender = Rank{get<std::uint32_t>(from, 16)};
  h.receiver = Rank{get<std::uint32_t>(from, 20)};
  h.sequence = get<std::uint64_t>(from, 24);
  h.tag = {get<std::uint32_t>(from, 32), get<std::uint32_t>(from, 36)};
  h.gate = get<std::uint64_t>(from, 40);
  h.total = get<std::uint64_t>(from, 48);
  h.offset = get<std::uint64_t>(from, 56);
  h.length = get<std::uint32_t>(from, 64);
  h.credit = get<std::uint64_t>(from, 68);
  return h;
}

std::uint32_t checksum_of(std::span<const std::byte> header, std::span<const std::byte> chunk) {
  const std::uint32_t of_header = crc32c(header.first(kChecksumAt));
  const bool unsummed = (get<std::uint8_t>(header, 7) & kUnsummedFlag) != 0;
  return unsummed ? of_header : crc32c(chunk, of_header);
}

bool is_known(FrameKind kind) { return kind >= FrameKind::kHello && kind <= FrameKind::kGoodbye; }

// Of the fields alone, no sum of which may overflow.
std::optional<WireFault> fault_of(const FrameHeader& h, const Expected& expected) {
  if (!is_known(h.kind)) return WireFault::kUnknownKind;
  if (h.run_id != expected.run_id) return WireFault::kWrongRun;
  if (h.receiver != expected.receiver) return WireFault::kWrongReceiver;
  if (h.sender.value >= expected.world) return WireFault::kUnknownSender;
  if (h.kind != FrameKind::kChunk) {
    if (h.length != 0) return WireFault::kWrongLength;
    return std::nullopt;
  }
  if (h.total > kLargestMessage) return WireFault::kTooLong;
  if (h.offset > h.total || h.length > h.total - h.offset) return WireFault::kOutsideMessage;
  if (h.dry ? h.length != 0 : h.length == 0 && h.total != 0) return WireFault::kWrongLength;
  return std::nullopt;
}

}  // namespace

const char* sentence(WireFault fault) {
  static constexpr std::array<const char*, kWireFaults> kSentences = {
      "is shorter than a header",
      "is not of this protocol",
      "is of another version of the protocol",
      "was damaged on the way",
      "is of an unknown kind",
      "is of another run",
      "is meant for another rank",
      "comes from a rank that it can't come from",
      "claims more bytes than a message may have",
      "ends after the message that it is part of",
      "is not as long as it says",
      "comes without a handshake",
      "comes from a second process with the same rank",
      "has been here before",
      "comes after something that got lost",
      "contradicts what came before",
      "goes beyond the window that it was given",
  };
  return kSentences[static_cast<std::size_t>(fault)];
}

void write_frame(const FrameHeader& h, std::span<const std::byte> chunk,
                 std::span<std::byte, kHeaderBytes> to) {
  UNDERSTUDY_CHECK(chunk.size() == h.length);
  put(to, 0, kMagic);
  put(to, 4, kProtocolVersion);
  put(to, 6, static_cast<std::uint8_t>(h.kind));
  put(to, 7, static_cast<std::uint8_t>((h.dry ? kDryFlag : 0) | (h.unsummed ? kUnsummedFlag : 0)));
  put(to, 8, h.run_id);
  put(to, 16, h.sender.value);
  put(to, 20, h.receiver.value);
  put(to, 24, h.sequence);
  put(to, 32, h.tag.stream);
  put(to, 36, h.tag.step);
  put(to, 40, h.gate);
  put(to, 48, h.total);
  put(to, 56, h.offset);
  put(to, 64, h.length);
  put(to, 68, h.credit);
  put(to, kChecksumAt, checksum_of(to, chunk));
}

std::variant<WireFrame, WireFault> read_frame(std::span<const std::byte> bytes,
                                              const Expected& expected,
                                              std::span<const std::byte> apart) {
  if (bytes.size() < kHeaderBytes) return WireFault::kTooShort;
  if (get<std::uint32_t>(bytes, 0) != kMagic) return WireFault::kNotOurs;
  if (get<std::uint16_t>(bytes, 4) != kProtocolVersion) return WireFault::kWrongVersion;
  const auto after = bytes.subspan(kHeaderBytes);
  const std::size_t length = get<std::uint32_t>(bytes, 64);
  const bool is_apart = !apart.empty() && after.empty();
  if (is_apart ? length != apart.size() : length > after.size()) return WireFault::kWrongLength;
  WireFrame frame;
  frame.chunk = is_apart ? apart : after.first(length);
  frame.rest = is_apart ? after : after.subspan(length);
  if (checksum_of(bytes, frame.chunk) != get<std::uint32_t>(bytes, kChecksumAt))
    return WireFault::kBadChecksum;
  frame.header = read_header(bytes);
  if (const auto fault = fault_of(frame.header, expected)) return *fault;
  return frame;
}

namespace {

// Whether the chunk is a whole message, and lies where its elements may.
bool is_payload(const WireFrame& frame) {
  return frame.block != nullptr && !frame.header.dry && frame.header.length == frame.header.total &&
         reinterpret_cast<std::uintptr_t>(frame.block.get()) % alignof(double) == 0;
}

}  // namespace

// Why a chunk is not the one that comes next.
WireFault Assembler::misplaced(const FrameHeader& h) const {
  const bool before = h.sequence < next_ || (h.sequence == next_ && h.offset < received_);
  return before ? WireFault::kDuplicate : WireFault::kOutOfOrder;
}

std::variant<std::monostate, Assembler::Complete, WireFault> Assembler::take(
    const WireFrame& frame) {
  const FrameHeader& h = frame.header;
  if (h.sequence != next_ || h.offset != received_) return misplaced(h);
  if (received_ == 0) {
    if (is_payload(frame)) return complete(h, Payload::of_block(frame.block, h.total));
    try {
      payload_ = h.dry ? Payload::dry(h.total) : Payload::of_size(h.total);
    } catch (const std::bad_alloc&) {
      return WireFault::kTooLong;
    }
    first_ = h;
    target_ = payload_.writable();
  } else if (h.tag != first_.tag || h.total != first_.total || h.gate != first_.gate || h.dry) {
    return WireFault::kChanged;
  }
  if (h.length > 0) std::memcpy(target_.data() + h.offset, frame.chunk.data(), h.length);
  received_ += h.length;
  if (!h.dry && received_ < h.total) return std::monostate{};
  return complete(h, std::exchange(payload_, {}));
}

Assembler::Complete Assembler::complete(const FrameHeader& h, Payload payload) {
  ++next_;
  received_ = 0;
  Complete complete;
  complete.message.from = h.sender;
  complete.message.tag = h.tag;
  complete.message.payload = std::move(payload);
  complete.gate = h.gate;
  return complete;
}

}  // namespace understudy
