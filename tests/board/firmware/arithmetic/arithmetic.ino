// Prints the hashes of block after block of arithmetic, without end, at 1 Mbaud: a line
// "BLOCK SUMS DIFFERENCES PRODUCTS QUOTIENTS", the number of the block in decimal, the rest in hex.
#include "tests/board/firmware/arithmetic/arithmetic.h"

static uint32_t block = 0;

void setup() { Serial.begin(1000000); }

void loop() {
  const arithmetic::Hashes hashes = arithmetic::run_block(block);
  Serial.print(block);
  for (uint8_t i = 0; i < 4; ++i) {
    Serial.print(' ');
    Serial.print(hashes.of[i], HEX);
  }
  Serial.print('\n');
  ++block;
}
