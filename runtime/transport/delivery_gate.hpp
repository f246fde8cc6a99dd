// The gate between a transport that moves payloads for real and a network that is emulated: the
// payload travels directly, at whatever speed the machine has, and the receiver sees it only when
// the emulated network has delivered it.
#pragma once

#include <cstdint>
#include <functional>

#include "runtime/base/ids.hpp"
#include "runtime/base/units.hpp"
#include "runtime/transport/transport.hpp"

namespace understudy {

class DeliveryGate {
 public:
  virtual ~DeliveryGate() = default;
  // On the sender's side, from send(): the message sets out now. The number that it gets travels
  // with it; unique within the run. 0: the message is none of the network's, and is seen at once.
  virtual std::uint64_t announce(Rank to, Tag tag, Bytes size) = 0;
  // On the receiver's side: the payload is here. Calls `deliver` on the executor's thread once the
  // emulated network has delivered the message, not before; never, if the network lost it.
  virtual void hold(std::uint64_t number, std::function<void()> deliver) = 0;
};

}  // namespace understudy
