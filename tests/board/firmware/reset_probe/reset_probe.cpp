// Tells why it started, and how often, which it keeps in EEPROM: two bytes at 38,461 baud (MCUSR,
// the count). A 'w' makes it hang until the watchdog bites, a 'W' too, where the watchdog runs already
// with a longer time; an 's' makes it sleep until the next byte.
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

static uint8_t* const kCount = (uint8_t*)16;

static void put(uint8_t byte) {
  while (!(UCSR0A & _BV(UDRE0))) {
  }
  UDR0 = byte;
}

ISR(USART_RX_vect) { put(UDR0 + 1); }

int main() {
  const uint8_t cause = MCUSR;
  MCUSR = 0;
  wdt_disable();
  const uint8_t count = eeprom_read_byte(kCount) + 1;
  eeprom_write_byte(kCount, count);
  UBRR0 = 51;
  UCSR0A = _BV(U2X0);
  UCSR0B = _BV(RXEN0) | _BV(TXEN0);
  put(cause);
  put(count);
  for (;;) {
    while (!(UCSR0A & _BV(RXC0))) {
    }
    const uint8_t command = UDR0;
    if (command == 'W') wdt_enable(WDTO_2S);
    if (command == 'w' || command == 'W') {
      wdt_enable(WDTO_15MS);
      cli();
      for (;;) {
      }
    }
    if (command != 's') continue;
    UCSR0B |= _BV(RXCIE0);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    for (;;) sleep_mode();
  }
}
