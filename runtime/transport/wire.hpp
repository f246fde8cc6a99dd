// The bytes between processes: one header, and for a chunk the bytes that follow it. docs/protocol.md
// has the layout. Reading is total: whatever comes in is either a frame or a WireFault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "runtime/base/ids.hpp"
#include "runtime/transport/transport.hpp"

namespace understudy {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kHeaderBytes = 80;
inline constexpr std::size_t kLargestChunk = std::size_t{4} << 20;
inline constexpr std::uint64_t kLargestMessage = std::uint64_t{1} << 34;

enum class FrameKind : std::uint8_t {
  kHello = 1,    // may I send to you? total: version of the sender's libzmq
  kReady = 2,    // you may; total: the window in bytes
  kRefused = 3,  // you may not; step: why, a WireFault
  kChunk = 4,    // a stretch of a message
  kCredit = 5,   // only to carry `credit`
  kProbe = 6,    // a credit, please
  kGoodbye = 7,  // nothing more will come
};

struct FrameHeader {
  FrameKind kind = FrameKind::kChunk;
  bool dry = false;       // a payload of which only the size travels
  bool unsummed = false;  // the checksum is of the header alone: a chunk that stays on its machine
  std::uint64_t run_id = 0;
  Rank sender, receiver;
  std::uint64_t sequence = 0;  // of the message, from this sender to this receiver
  Tag tag;
  std::uint64_t gate = 0;    // the message's number at the DeliveryGate
  std::uint64_t total = 0;   // bytes of the message
  std::uint64_t offset = 0;  // of the chunk in it
  std::uint32_t length = 0;  // bytes of the chunk, which follow the header
  std::uint64_t credit = 0;  // bytes that the sender has taken from the receiver, headers included
};

// Why input was refused. The first are of one frame, the rest of a frame after those before it.
enum class WireFault : std::uint8_t {
  kTooShort,      // not even a header
  kNotOurs,       // does not begin like one
  kWrongVersion,  // of the protocol
  kBadChecksum,
  kUnknownKind,
  kWrongRun,
  kWrongReceiver,
  kUnknownSender,   // no such rank, or not the one that shook hands
  kTooLong,         // a message beyond kLargestMessage
  kOutsideMessage,  // a chunk that ends after its message
  kWrongLength,     // fewer or more bytes than the header says
  kNoHandshake,
  kRankTaken,     // a second process with this rank
  kDuplicate,     // a chunk that has been here
  kOutOfOrder,    // a chunk after one that has not
  kChanged,       // a chunk that contradicts its message's first
  kBeyondWindow,  // more than the receiver gave credit for
};
inline constexpr std::size_t kWireFaults = 17;
// The rest of a sentence about what came: "is of another run".
const char* sentence(WireFault fault);

// CRC-32C (Castagnoli; RFC 3720, B.4), of `bytes` after those that gave `before`.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);
// The same without the processor's help.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before = 0);

// Writes the header, with the checksum of itself and, if it is summed, of `chunk`, which must be
// header.length bytes.
void write_frame(const FrameHeader& header, std::span<const std::byte> chunk,
                 std::span<std::byte, kHeaderBytes> to);

// What a node takes: frames of its run, to itself, from ranks below `world`.
struct Expected {
  std::uint64_t run_id = 0;
  Rank receiver;
  std::uint32_t world = 1;
};

struct WireFrame {
  FrameHeader header;
  std::span<const std::byte> chunk;
  std::span<const std::byte> rest;     // what follows the frame
  std::shared_ptr<std::byte[]> block;  // null, or the chunk's bytes with nothing beside them
};

// Reads the frame at the start of `bytes`. Where all that `bytes` holds is a header whose chunk
// travels apart, that is in `apart`.
std::variant<WireFrame, WireFault> read_frame(std::span<const std::byte> bytes,
                                              const Expected& expected,
                                              std::span<const std::byte> apart = {});

// Puts a sender's messages together from its chunks.
class Assembler {
 public:
  struct Complete {
    Message message;
    std::uint64_t gate = 0;
  };
  // Nothing: the message goes on. After kOutOfOrder or kChanged the sender's stream is of no use.
  std::variant<std::monostate, Complete, WireFault> take(const WireFrame& frame);
  bool in_the_middle() const { return received_ > 0; }

 private:
  Complete complete(const FrameHeader& header, Payload payload);
  WireFault misplaced(const FrameHeader& header) const;
  std::uint64_t next_ = 0;      // message
  std::uint64_t received_ = 0;  // bytes of it
  FrameHeader first_;
  Payload payload_;
  std::span<std::byte> target_;
};

}  // namespace understudy
