// How a test tells a probe what to do: by the first bytes of its EEPROM.
#pragma once

#include <avr/eeprom.h>
#include <stdint.h>

struct Settings {
  uint16_t ubrr;          // the baud rate's divider, less one
  uint8_t double_speed;   // samples a bit 8 times instead of 16
  uint8_t mode;           // which of the probe's programs
  uint16_t milliseconds;  // what they wait for
};

inline Settings read_settings() {
  Settings settings;
  eeprom_read_block(&settings, (const void*)0, sizeof settings);
  return settings;
}
