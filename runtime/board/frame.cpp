#include "runtime/board/frame.hpp"

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {

std::vector<std::uint8_t> encode(const Frame& frame) {
  UNDERSTUDY_CHECK(frame.payload.size() <= protocol::kMostPayload);
  std::vector<std::uint8_t> wire(protocol::kMostWire);
  wire[1] = frame.type;
  wire[2] = frame.board;
  wire[3] = frame.sequence;
  std::copy(frame.payload.begin(), frame.payload.end(), wire.begin() + 1 + protocol::kHeaderBytes);
  wire.resize(protocol::seal(wire.data(), static_cast<std::uint8_t>(frame.payload.size())));
  return wire;
}

std::optional<Frame> FrameReader::push(std::uint8_t byte) {
  const auto outcome = decoder_.push(byte);
  if (outcome == protocol::FrameDecoder::kBad) ++bad_;
  if (outcome != protocol::FrameDecoder::kFrame) return std::nullopt;
  const std::uint8_t* payload = decoder_.payload();
  return Frame{decoder_.type(), decoder_.board(), decoder_.sequence(),
               std::vector<std::uint8_t>(payload, payload + decoder_.payload_bytes())};
}

}  // namespace understudy
