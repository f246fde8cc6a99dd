// Who a board is, kept in EEPROM: its id and the speed of its line, with a CRC, so that an EEPROM that
// was never written, or not to the end, counts as empty. `Machine` is board_program.h's.
#pragma once

#include "firmware/framing.h"

namespace understudy {

struct Identity {
  uint8_t id;
  uint32_t baud;
};

namespace identity {

UNDERSTUDY_LAYOUT(Record, 7, uint8_t id; uint32_t baud; uint16_t crc;);
static const uint8_t kCovered = sizeof(Record) - 2;

}  // namespace identity

template <class Machine>
Identity read_identity(Machine& machine) {
  identity::Record record;
  uint8_t* bytes = reinterpret_cast<uint8_t*>(&record);
  for (uint8_t i = 0; i < sizeof record; ++i) bytes[i] = machine.read_eeprom(i);
  const bool valid =
      record.crc == protocol::crc16_of(bytes, identity::kCovered) && protocol::is_baud(record.baud);
  if (!valid) return Identity{protocol::kNoId, protocol::kDefaultBaud};
  return Identity{record.id, record.baud};
}

// Takes about 3.4 ms for each byte that changes.
template <class Machine>
void write_identity(Machine& machine, const Identity& who) {
  identity::Record record = {who.id, who.baud, 0};
  uint8_t* bytes = reinterpret_cast<uint8_t*>(&record);
  record.crc = protocol::crc16_of(bytes, identity::kCovered);
  for (uint8_t i = 0; i < sizeof record; ++i) machine.write_eeprom(i, bytes[i]);
}

}  // namespace understudy
