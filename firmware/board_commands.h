// The commands of board_program.h, but for those of a training (board_training.h).
#pragma once

#include "firmware/board_program.h"

namespace understudy {

template <class Machine>
void BoardProgram<Machine>::execute() {
  const uint8_t type = line_.type();
  if (!is_allowed(type)) return line_.refuse(protocol::kWrongState, state_);
  switch (type) {
    case protocol::kHello:
      return hello();
    case protocol::kConfigure:
      return configure();
    case protocol::kSetWeights:
      return set_weights();
    case protocol::kLoadShard:
      return load_shard();
    case protocol::kData:
      return take_data();
    case protocol::kTrain:
      return train();
    case protocol::kGetWeights:
      return send_weights(line_.sequence());
    case protocol::kGetStats:
      return send_stats();
    case protocol::kReset:
      line_.acknowledge();
      return machine_.restart();
    case protocol::kSetId:
      return set_id();
    default:
      line_.refuse(protocol::kUnknownCommand, type);
  }
}

template <class Machine>
bool BoardProgram<Machine>::is_allowed(uint8_t type) {
  if (state_ < protocol::kTrainingStreamed) return true;
  return type == protocol::kHello || type == protocol::kGetStats || type == protocol::kReset ||
         (type == protocol::kData && state_ == protocol::kTrainingStreamed);
}

// A session begins; a training that runs ends where it stands.
template <class Machine>
void BoardProgram<Machine>::hello() {
  const uint8_t was = state_;
  trainer_.stop();
  machine_.light(false);
  state_ = protocol::kIdle;
  const protocol::HelloReply reply = {
      protocol::kVersion, protocol::kFirmwareVersion, who_.id,           kernel::kMostFeatures,
      kShardBytes,        machine_.reset_cause(),     machine_.resets(), was,
      who_.baud};
  line_.answer(protocol::kHelloReply, reply);
}

template <class Machine>
void BoardProgram<Machine>::configure() {
  protocol::Configure wanted;
  if (!line_.read_payload(wanted)) return;
  if (wanted.features > kernel::kMostFeatures) {
    return line_.refuse(protocol::kTooManyFeatures, kernel::kMostFeatures);
  }
  if (wanted.features == 0) return line_.refuse(protocol::kBadOption, 0);
  if (wanted.element > protocol::kInt8) return line_.refuse(protocol::kBadOption, 1);
  if (wanted.features != format_.features) trainer_.clear();
  format_ = {wanted.features, wanted.element, wanted.scale};
  shard_samples_ = 0;
  state_ = protocol::kIdle;
  line_.acknowledge();
}

template <class Machine>
void BoardProgram<Machine>::set_weights() {
  if (format_.features == 0) return line_.refuse(protocol::kNotConfigured, 0);
  const uint8_t bytes = line_.payload_bytes();
  protocol::Chunk chunk;
  if (bytes <= sizeof chunk || (bytes - sizeof chunk) % 4 != 0) {
    return line_.refuse(protocol::kMalformed, bytes);
  }
  memcpy(&chunk, line_.payload(), sizeof chunk);
  const uint8_t floats = static_cast<uint8_t>((bytes - sizeof chunk) / 4);
  if (chunk.total != format_.features + 1) return line_.refuse(protocol::kBadOption, 1);
  if (chunk.first + floats > chunk.total) return line_.refuse(protocol::kBadOption, 0);
  memcpy(trainer_.weights() + chunk.first, line_.payload() + sizeof chunk, floats * 4);
  line_.acknowledge();
}

template <class Machine>
void BoardProgram<Machine>::load_shard() {
  protocol::LoadShard wanted;
  if (!line_.read_payload(wanted)) return;
  if (format_.features == 0) return line_.refuse(protocol::kNotConfigured, 0);
  if (wanted.samples == 0) return line_.refuse(protocol::kBadOption, 0);
  const uint16_t fit = kShardBytes / format_.bytes();
  if (wanted.samples > fit) return line_.refuse(protocol::kShardDoesNotFit, fit);
  due_bytes_ = static_cast<uint16_t>(wanted.samples * format_.bytes());
  loaded_bytes_ = 0;
  shard_samples_ = 0;
  state_ = protocol::kLoading;
  line_.acknowledge();
}

template <class Machine>
void BoardProgram<Machine>::send_stats() {
  const protocol::Stats stats = {busy_us_,
                                 samples_,
                                 trainings_,
                                 line_.frames(),
                                 line_.bad_frames(),
                                 shard_samples_,
                                 machine_.stack_free(),
                                 machine_.canary(),
                                 machine_.resets(),
                                 machine_.reset_cause(),
                                 state_};
  line_.answer(protocol::kStats, stats);
}

template <class Machine>
void BoardProgram<Machine>::set_id() {
  protocol::SetId wanted;
  if (!line_.read_payload(wanted)) return;
  const uint32_t baud = wanted.baud == 0 ? who_.baud : wanted.baud;
  if (wanted.id == protocol::kNoId || wanted.id == protocol::kBroadcast) {
    return line_.refuse(protocol::kBadOption, 0);
  }
  if (!protocol::is_baud(baud)) return line_.refuse(protocol::kBadOption, 1);
  who_ = {wanted.id, baud};
  write_identity(machine_, who_);
  line_.acknowledge();
  line_.set_id(who_.id);
}

}  // namespace understudy
