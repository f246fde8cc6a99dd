// Frames as the host handles them. What is in them: firmware/protocol.h.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "firmware/framing.h"

namespace understudy {

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t board = protocol::kBroadcast;
  std::uint8_t sequence = 0;
  std::vector<std::uint8_t> payload{};  // at most protocol::kMostPayload bytes

  bool operator==(const Frame&) const = default;
};

// The frame as bytes on the wire, its 0x00 included.
std::vector<std::uint8_t> encode(const Frame& frame);

// A layout of firmware/protocol.h as bytes, and back; nullopt: the bytes are not as many as it has.
template <class Layout>
std::vector<std::uint8_t> bytes_of_layout(const Layout& layout) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&layout);
  return std::vector<std::uint8_t>(bytes, bytes + sizeof layout);
}
template <class Layout>
std::optional<Layout> layout_of_bytes(std::span<const std::uint8_t> bytes) {
  Layout layout;
  if (bytes.size() != sizeof layout) return std::nullopt;
  std::memcpy(&layout, bytes.data(), sizeof layout);
  return layout;
}

// Finds the frames in what comes up a line; keeps at most one frame's bytes. After rubbish it goes
// on at the next 0x00.
class FrameReader {
 public:
  // One byte more; a frame if it has just ended.
  std::optional<Frame> push(std::uint8_t byte);
  // How many ended that were no frames.
  std::int64_t bad() const { return bad_; }

 private:
  protocol::FrameDecoder decoder_;
  std::int64_t bad_ = 0;
};

}  // namespace understudy
