// The board's end of the line: which frame is the next command, which one has come twice, and the
// answers. `Machine` is described in board_program.h.
#pragma once

#include <string.h>

#include "firmware/framing.h"

namespace understudy {

template <class Machine>
class BoardLine {
 public:
  explicit BoardLine(Machine& machine) : machine_(machine) {}
  void set_id(uint8_t id) { id_ = id; }

  // Takes bytes that have come, up to the end of one command. True: one is here, to be carried out
  // and answered. Never waits.
  bool receive() {
    for (uint8_t i = 0; i < kMostBytesOfTurn; ++i) {
      const int16_t byte = machine_.read();
      if (byte < 0) return false;
      const protocol::FrameDecoder::Outcome outcome = decoder_.push(static_cast<uint8_t>(byte));
      if (outcome == protocol::FrameDecoder::kBad) ++bad_frames_;
      if (outcome == protocol::FrameDecoder::kFrame && is_due()) return true;
    }
    return false;
  }

  uint8_t type() const { return decoder_.type(); }
  uint8_t sequence() const { return decoder_.sequence(); }
  const uint8_t* payload() const { return decoder_.payload(); }
  uint8_t payload_bytes() const { return decoder_.payload_bytes(); }
  // Copies the payload into a layout. False, and refused, where it has another size.
  template <class Layout>
  bool read_payload(Layout& layout) {
    if (payload_bytes() == sizeof layout) {
      memcpy(&layout, payload(), sizeof layout);
      return true;
    }
    refuse(protocol::kMalformed, payload_bytes());
    return false;
  }

  void acknowledge() {
    send(protocol::kAcknowledge, static_cast<uint8_t>(expected_ - 1), nullptr, 0);
  }
  void refuse(protocol::Refusal why, uint32_t detail) {
    refused_ = {type(), why, detail};
    refused_sequence_ = sequence();
    answer(protocol::kRefused, refused_);
  }
  template <class Layout>
  void answer(protocol::Type type, const Layout& layout) {
    send(type, sequence(), &layout, sizeof layout);
  }
  void send(protocol::Type type, uint8_t sequence, const void* payload, uint8_t bytes) {
    uint8_t wire[protocol::kMostWire];
    wire[1] = type;
    wire[2] = id_;
    wire[3] = sequence;
    if (bytes != 0) memcpy(wire + 1 + protocol::kHeaderBytes, payload, bytes);
    machine_.write(wire, protocol::seal(wire, bytes));
  }

  // Frames that were for this board, and frames that were none.
  uint16_t frames() const { return frames_; }
  uint16_t bad_frames() const { return bad_frames_; }

 private:
  // A command repeated because its answer was lost: those without effect are carried out again,
  // the others get the same answer.
  bool is_due() {
    if (decoder_.board() != id_ && decoder_.board() != protocol::kBroadcast) return false;
    ++frames_;
    if (type() == protocol::kHello) {
      in_session_ = true;
      refused_.refusal = 0;
      expected_ = static_cast<uint8_t>(sequence() + 1);
      return true;
    }
    if (!in_session_) {
      refuse(protocol::kNoSession, machine_.reset_cause());
      return false;
    }
    const uint8_t behind = static_cast<uint8_t>(expected_ - sequence());
    if (behind == 0) {
      ++expected_;
      return true;
    }
    const bool came_before = behind < 128;
    if (came_before && is_query(type())) return true;
    if (came_before && refused_.refusal != 0 && refused_sequence_ == sequence()) {
      answer(protocol::kRefused, refused_);
    } else {
      acknowledge();
    }
    return false;
  }
  static bool is_query(uint8_t type) {
    return type == protocol::kGetWeights || type == protocol::kGetStats;
  }

  static const uint8_t kMostBytesOfTurn = 64;
  Machine& machine_;
  protocol::FrameDecoder decoder_;
  protocol::Refused refused_ = {};
  uint16_t frames_ = 0;
  uint16_t bad_frames_ = 0;
  uint8_t refused_sequence_ = 0;
  uint8_t id_ = protocol::kNoId;
  uint8_t expected_ = 0;
  bool in_session_ = false;
};

}  // namespace understudy
