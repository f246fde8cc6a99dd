#include "runtime/board/refusal.hpp"

#include <fmt/format.h>

#include "runtime/board/link.hpp"

namespace understudy {

namespace {

std::string reason(const protocol::Refused& refused, const Asked& asked) {
  const std::string command(command_name(refused.command));
  switch (refused.refusal) {
    case protocol::kNoSession:
      return fmt::format("was reset by {} and has lost what it was told",
                         reset_cause_name(static_cast<std::uint8_t>(refused.detail)));
    case protocol::kTooManyFeatures:
      return fmt::format("takes at most {} features, not {}", refused.detail,
                         asked.format.features);
    case protocol::kShardDoesNotFit:
      return fmt::format("holds at most {} samples of {} bytes, not {}", refused.detail,
                         asked.format.sample_bytes(), asked.samples);
    case protocol::kNoShard:
      return fmt::format("has no shard of {} samples to train on, but one of {}", asked.samples,
                         refused.detail);
    case protocol::kNotConfigured:
      return fmt::format("must be configured before {}", command);
    case protocol::kUnknownCommand:
      return fmt::format("does not know command {}", refused.detail);
    case protocol::kMalformed:
      return fmt::format("cannot read {}: its payload has {} bytes", command, refused.detail);
    case protocol::kBadOption:
      return fmt::format("refused {}: its field {} is out of range", command, refused.detail + 1);
    case protocol::kWrongState:
      return fmt::format("refused {} because it is {}", command,
                         refused.detail == protocol::kIdle      ? "idle"
                         : refused.detail == protocol::kLoading ? "being loaded"
                                                                : "training");
    default:
      return fmt::format("refused {} with code {}", command, static_cast<int>(refused.refusal));
  }
}

}  // namespace

std::string refusal_sentence(const std::string& board, const protocol::Refused& refused,
                             const Asked& asked) {
  return board + " " + reason(refused, asked);
}

std::string reset_cause_name(std::uint8_t mcusr) {
  if ((mcusr & 8) != 0) return "its watchdog";
  if ((mcusr & 4) != 0) return "a brown-out";
  if ((mcusr & 1) != 0) return "a loss of power";
  if ((mcusr & 2) != 0) return "its reset pin";
  return "something";
}

}  // namespace understudy
