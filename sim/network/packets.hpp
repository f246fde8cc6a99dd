// What a message becomes on the wire.
#pragma once

#include <stdexcept>

#include "sim/network/network_config.hpp"

namespace understudy {

// At least one: also a message of no bytes is sent.
inline std::int64_t packet_count(const PacketConfig& packet, Bytes size) {
  if (packet.payload.count == 0 || size.count <= packet.payload.count) return 1;
  return (size.count - 1) / packet.payload.count + 1;
}

// The message with the overhead of its packets. Throws std::overflow_error beyond 2^63 bytes.
inline Bytes wire_size(const PacketConfig& packet, Bytes size) {
  std::int64_t headers = 0, wire = 0;
  if (__builtin_mul_overflow(packet_count(packet, size), packet.overhead.count, &headers) ||
      __builtin_add_overflow(size.count, headers, &wire)) {
    throw std::overflow_error("a message with the overhead of its packets is beyond 2^63 bytes");
  }
  return Bytes{wire};
}

}  // namespace understudy
