// The ways in which a program dies, each in a function of its own name.
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <stdlib.h>

#include "tests/board/firmware/settings.h"

#define SEPARATE extern "C" __attribute__((noinline, noclone, used)) void
static volatile uint8_t variables[1024];

SEPARATE execute_data() { asm volatile(".word 0x0001"); }
SEPARATE leave_flash() {
  asm volatile("ldi r30, 0xff\n ldi r31, 0x7f\n ijmp");
}
SEPARATE read_nowhere() { *(volatile uint8_t*)0x9000; }
SEPARATE write_nowhere() { *(volatile uint8_t*)0x9000 = 1; }
SEPARATE sleep_for_ever() {
  cli();
  sleep_enable();
  sleep_cpu();
}
// 20 bytes and a return address for each call.
SEPARATE recurse(uint8_t depth) {
  volatile uint8_t frame[20];
  frame[depth % sizeof frame] = depth;
  recurse(depth + 1);
  frame[0] = depth;
}

// Deep, and back, again and again: no crash.
static uint16_t sum(uint8_t depth) {
  volatile uint8_t frame[16] = {depth};
  return depth == 0 ? frame[0] : sum(depth - 1) + frame[0];
}

int main() {
  variables[0] = 1;
  switch (read_settings().mode) {
    case 0: execute_data(); break;
    case 1: leave_flash(); break;
    case 2: read_nowhere(); break;
    case 3: write_nowhere(); break;
    case 4: sleep_for_ever(); break;
    case 5: recurse(0); break;
    case 6: abort(); break;
    case 7:
      for (;;) variables[1] = sum(20);
  }
}
