// simavr's own parts of a chip, by their type.
#pragma once

#include <simavr/avr_eeprom.h>
#include <simavr/avr_timer.h>
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
inline constexpr std::string_view kModuleKind<avr_timer_t> = "timer";
template <>
inline constexpr std::string_view kModuleKind<avr_uart_t> = "uart";
template <>
inline constexpr std::string_view kModuleKind<avr_watchdog_t> = "watchdog";

// Calls body(module) for each part of that type, the last one first.
template <class Module, class Body>
void for_each_module(const avr_t& avr, Body body) {
  // The list begins with what was added last. Each part's structure begins with its avr_io_t.
  for (avr_io_t* io = avr.io_port; io != nullptr; io = io->next) {
    if (io->kind == kModuleKind<Module>) body(reinterpret_cast<Module&>(*io));
  }
}

// The first part of that type (UART0); null if the chip has none.
template <class Module>
Module* find_module(const avr_t& avr) {
  Module* found = nullptr;
  for_each_module<Module>(avr, [&](Module& module) { found = &module; });
  return found;
}

}  // namespace understudy
