// simavr's own parts of a chip, by their type.
#pragma once

#include <simavr/avr_eeprom.h>
#include <simavr/avr_uart.h>
#include <simavr/avr_watchdog.h>
#include <simavr/sim_avr.h>

#include <string_view>

namespace understudy {

template <class Module>
inline constexpr std::string_view kModuleKind;
template <>
inline constexpr std::string_view kModuleKind<avr_eeprom_t> = "eeprom";
template <>
inline constexpr std::string_view kModuleKind<avr_uart_t> = "uart";
template <>
inline constexpr std::string_view kModuleKind<avr_watchdog_t> = "watchdog";

// The chip's part of that type, the first of several (UART0); null if it has none.
template <class Module>
Module* find_module(const avr_t& avr) {
  Module* found = nullptr;
  // The list begins with what was added last. Each part's structure begins with its avr_io_t.
  for (avr_io_t* io = avr.io_port; io != nullptr; io = io->next) {
    if (io->kind == kModuleKind<Module>) found = reinterpret_cast<Module*>(io);
  }
  return found;
}

}  // namespace understudy
