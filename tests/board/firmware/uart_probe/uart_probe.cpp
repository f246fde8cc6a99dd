// The serial port by its registers alone, without Arduino.
#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/delay.h>

#include "tests/board/firmware/settings.h"

static void put(uint8_t byte) {
  while (!(UCSR0A & _BV(UDRE0))) {
  }
  UDR0 = byte;
}

// 0, 1, 2, ... as fast as the line takes them.
static void flood() {
  for (uint8_t byte = 0;; ++byte) put(byte);
}

// Turns pin 13 over for each byte received, and says nothing.
static void count() {
  DDRB = _BV(DDB5);
  for (;;) {
    while (!(UCSR0A & _BV(RXC0))) {
    }
    (void)UDR0;
    PINB = _BV(PINB5);
  }
}

// Looks away for a while, then says of every byte what UCSR0A was before it was read, and the byte.
static void look_away(uint16_t milliseconds) {
  put('!');
  for (uint16_t i = 0; i < milliseconds; ++i) _delay_ms(1);
  for (;;) {
    while (!(UCSR0A & _BV(RXC0))) {
    }
    const uint8_t status = UCSR0A;
    const uint8_t byte = UDR0;
    put(status);
    put(byte);
  }
}

ISR(USART_RX_vect) { UDR0 = UDR0; }

static void echo() {
  UCSR0B |= _BV(RXCIE0);
  sei();
  for (;;) {
  }
}

// A handler that leaves its byte: the interrupt comes again. The second call takes it.
static volatile uint8_t calls = 0;
ISR(USART_UDRE_vect) {
  if (++calls < 3) return;
  UDR0 = calls;
  UCSR0B &= ~_BV(UDRIE0);
}

static void insist() {
  UCSR0B |= _BV(UDRIE0);
  sei();
  for (;;) {
  }
}

// Sends two bytes and waits for the last stop bit's end, which pin 13 shows.
static void drain() {
  DDRB = _BV(DDB5);
  UDR0 = 0x55;
  put(0xaa);
  UCSR0A |= _BV(TXC0);
  while (!(UCSR0A & _BV(TXC0))) {
  }
  PORTB = _BV(PORTB5);
  for (;;) {
  }
}

int main() {
  const Settings settings = read_settings();
  UBRR0 = settings.ubrr;
  UCSR0A = settings.double_speed ? _BV(U2X0) : 0;
  UCSR0B = _BV(RXEN0) | _BV(TXEN0);
  switch (settings.mode) {
    case 0: flood(); break;
    case 1: count(); break;
    case 2: look_away(settings.milliseconds); break;
    case 3: echo(); break;
    case 4: insist(); break;
    case 5: drain(); break;
  }
}
