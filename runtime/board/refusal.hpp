// What a board refuses, in words.
#pragma once

#include <string>

#include "runtime/board/shard.hpp"

namespace understudy {

// What was asked for, as far as a sentence needs it.
struct Asked {
  ShardFormat format;
  int samples = 0;
};

// "board 3 holds at most 146 samples of 7 bytes, not 200"
std::string refusal_sentence(const std::string& board, const protocol::Refused& refused,
                             const Asked& asked);

// The bits of an ATmega328P's MCUSR: "its watchdog", "a brown-out"; "something" where none is set.
std::string reset_cause_name(std::uint8_t mcusr);

}  // namespace understudy
