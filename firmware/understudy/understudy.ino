// The boards' sketch, for an Arduino Uno (ATmega328P at 16 MHz): the board program of
// ../board_program.h on the real chip. Built by CMake (target understudy_firmware), not by the IDE.
#include <EEPROM.h>
#include <avr/wdt.h>

#include "firmware/board_program.h"

using understudy::BoardProgram;

extern uint8_t _end;  // the first byte after all variables, from the linker
static const uint8_t kPaint = 0xc5;
static const uint8_t kCanaryBytes = 4;
static const uint8_t kMagic = 0x5a;

// Survives resets, but for that of power; the complement tells when.
struct Kept {
  uint8_t cause;
  uint8_t cause_of_bootloader;
  uint8_t resets;
  uint8_t check;
};
static Kept kept __attribute__((section(".noinit")));

// Before anything else: a watchdog that is still armed from before the reset, with its shortest time,
// would bite again and again (ATmega328P datasheet, 10.8.2). Optiboot has cleared MCUSR and left it
// in r2. Then paints the stack, which nothing is on yet.
void begin_chip() __attribute__((naked, used, section(".init3")));
void begin_chip() {
  asm volatile("sts %0, r2" : : "i"(&kept.cause_of_bootloader));
  kept.cause = MCUSR;
  MCUSR = 0;
  wdt_disable();
  for (uint8_t* byte = &_end; byte <= reinterpret_cast<uint8_t*>(RAMEND); ++byte) *byte = kPaint;
}

// The chip, as BoardProgram sees it.
class Uno {
 public:
  Uno() {
    const uint8_t all_causes = _BV(PORF) | _BV(EXTRF) | _BV(BORF) | _BV(WDRF);
    if (kept.cause == 0) kept.cause = kept.cause_of_bootloader & all_causes;
    const bool power_was_off = (kept.cause & _BV(PORF)) != 0;
    const bool known = kept.check == static_cast<uint8_t>(kept.resets ^ kMagic);
    kept.resets = power_was_off || !known ? 0 : kept.resets + 1;
    kept.check = kept.resets ^ kMagic;
  }
  int16_t read() { return Serial.read(); }
  void write(const uint8_t* bytes, uint8_t count) { Serial.write(bytes, count); }
  uint32_t micros() { return ::micros(); }
  void light(bool on) { digitalWrite(LED_BUILTIN, on); }
  uint8_t read_eeprom(uint8_t address) { return EEPROM.read(address); }
  void write_eeprom(uint8_t address, uint8_t value) { EEPROM.update(address, value); }
  uint8_t reset_cause() { return kept.cause; }
  uint8_t resets() { return kept.resets; }
  uint16_t stack_free() {
    const uint8_t* byte = &_end;
    while (byte < reinterpret_cast<const uint8_t*>(RAMEND) && *byte == kPaint) ++byte;
    return byte - &_end;
  }
  bool canary() { return stack_free() >= kCanaryBytes; }
  void restart() {
    Serial.flush();
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
  }
};

static Uno uno;
static BoardProgram<Uno> program(uno);

void setup() {
  pinMode(LED_BUILTIN, OUTPUT);
  Serial.begin(program.who().baud);
  wdt_enable(WDTO_2S);
}

void loop() {
  wdt_reset();
  program.poll();
}
