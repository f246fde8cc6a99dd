// Frames as bytes on a line: COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing",
// IEEE/ACM Transactions on Networking 7(2), 1999) keeps 0x00 for their ends, a CRC-16 keeps
// damaged ones out. The same code on board and host; C++11 without a library.
#pragma once

#include "firmware/protocol.h"

namespace understudy {
namespace protocol {

// One byte more into a CRC-16/CCITT-FALSE (polynomial 0x1021, not reflected), which starts as
// 0xffff. Without a table or a loop over bits: 16 MHz leave 160 cycles a byte at 1 Mbaud.
inline uint16_t crc16(uint16_t crc, uint8_t byte) {
  crc = static_cast<uint16_t>((crc >> 8) | (crc << 8));
  crc = static_cast<uint16_t>(crc ^ byte);
  crc = static_cast<uint16_t>(crc ^ ((crc & 0xff) >> 4));
  crc = static_cast<uint16_t>(crc ^ (crc << 12));
  return static_cast<uint16_t>(crc ^ ((crc & 0xff) << 5));
}

inline uint16_t crc16_of(const uint8_t* bytes, uint8_t count) {
  uint16_t crc = 0xffff;
  for (uint8_t i = 0; i < count; ++i) crc = crc16(crc, bytes[i]);
  return crc;
}

// Makes a frame in place. `wire` has kMostWire bytes, in which header and payload already stand,
// from the second byte on. Returns how many bytes to send.
inline uint8_t seal(uint8_t* wire, uint8_t payload_bytes) {
  const uint8_t crc_at = static_cast<uint8_t>(1 + kHeaderBytes + payload_bytes);
  const uint16_t crc = crc16_of(wire + 1, static_cast<uint8_t>(crc_at - 1));
  wire[crc_at] = static_cast<uint8_t>(crc & 0xff);
  wire[crc_at + 1] = static_cast<uint8_t>(crc >> 8);
  const uint8_t end = static_cast<uint8_t>(crc_at + 2);
  uint8_t code_at = 0;  // each zero becomes the distance to the next one
  for (uint8_t i = 1; i < end; ++i) {
    if (wire[i] != 0) continue;
    wire[code_at] = static_cast<uint8_t>(i - code_at);
    code_at = i;
  }
  wire[code_at] = static_cast<uint8_t>(end - code_at);
  wire[end] = 0;
  return static_cast<uint8_t>(end + 1);
}

// Takes bytes as they come, and never more than a frame of them; after rubbish it goes on at the
// next 0x00.
class FrameDecoder {
 public:
  enum Outcome : uint8_t { kMore, kFrame, kBad };

  // kFrame: a frame is here until the next push. kBad: one has ended that is none.
  Outcome push(uint8_t byte) {
    if (ended_) start();
    if (byte == 0) return end();
    if (left_ == 0) {
      if (zero_due_) append(0);
      left_ = static_cast<uint8_t>(byte - 1);
      zero_due_ = true;
    } else {
      append(byte);
      --left_;
    }
    return kMore;
  }

  uint8_t type() const { return body_[0]; }
  uint8_t board() const { return body_[1]; }
  uint8_t sequence() const { return body_[2]; }
  const uint8_t* payload() const { return body_ + kHeaderBytes; }
  uint8_t payload_bytes() const { return static_cast<uint8_t>(size_ - kHeaderBytes - 2); }

 private:
  void start() {
    size_ = left_ = 0;
    zero_due_ = overlong_ = ended_ = false;
  }
  void append(uint8_t byte) {
    if (size_ == kMostBody) {
      overlong_ = true;
    } else {
      body_[size_++] = byte;
    }
  }
  Outcome end() {
    ended_ = true;
    if (!zero_due_) return kMore;  // nothing between two 0x00
    if (overlong_ || left_ != 0 || size_ < kHeaderBytes + 2) return kBad;
    const uint8_t covered = static_cast<uint8_t>(size_ - 2);
    const uint16_t crc = static_cast<uint16_t>(body_[covered] | (body_[covered + 1] << 8));
    return crc == crc16_of(body_, covered) ? kFrame : kBad;
  }

  uint8_t body_[kMostBody];
  uint8_t size_ = 0;
  uint8_t left_ = 0;       // bytes until the next code
  bool zero_due_ = false;  // a code stands for a zero, except for the first and the last
  bool overlong_ = false;
  bool ended_ = false;
};

}  // namespace protocol
}  // namespace understudy
