// The commands of board_program.h, one after the other.
#pragma once

#include "firmware/board_program.h"

namespace understudy {

template <class Machine>
void BoardProgram<Machine>::execute() {
  const uint8_t type = line_.type();
  if (type == protocol::kWeightsReceived) {
    if (line_.sequence() == train_sequence_) sends_ = 0;
    return;
  }
  if (!is_allowed(type)) return line_.refuse(protocol::kWrongState, state_);
  if (type != protocol::kGetStats) sends_ = 0;  // whoever goes on has the weights, or asks for them
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
void BoardProgram<Machine>::take_data() {
  if (state_ == protocol::kLoading) return load(line_.payload(), line_.payload_bytes());
  if (state_ == protocol::kTrainingStreamed) return stream(line_.payload(), line_.payload_bytes());
  line_.refuse(protocol::kWrongState, state_);
}

template <class Machine>
void BoardProgram<Machine>::load(const uint8_t* bytes, uint8_t count) {
  if (count > due_bytes_ - loaded_bytes_) return line_.refuse(protocol::kMalformed, count);
  memcpy(shard_ + loaded_bytes_, bytes, count);
  loaded_bytes_ = static_cast<uint16_t>(loaded_bytes_ + count);
  if (loaded_bytes_ == due_bytes_) {
    shard_samples_ = due_bytes_ / format_.bytes();
    state_ = protocol::kIdle;
  }
  line_.acknowledge();
}

// Acknowledged first: the next frame comes while this one is computed with.
template <class Machine>
void BoardProgram<Machine>::stream(const uint8_t* bytes, uint8_t count) {
  line_.acknowledge();
  for (uint8_t i = 0; i < count && trainer_.running(); ++i) {
    sample_[sample_bytes_++] = bytes[i];
    if (sample_bytes_ < format_.bytes()) continue;
    sample_bytes_ = 0;
    add(sample_);
  }
}

template <class Machine>
void BoardProgram<Machine>::train() {
  protocol::Train options;
  if (!line_.read_payload(options) || !may_train(options)) return;
  trainer_.begin(options);
  train_sequence_ = line_.sequence();
  sample_bytes_ = 0;
  state_ =
      options.mode == protocol::kCached ? protocol::kTrainingCached : protocol::kTrainingStreamed;
  machine_.light(true);
  line_.acknowledge();
}

// False, and refused, where it can't.
template <class Machine>
bool BoardProgram<Machine>::may_train(const protocol::Train& options) {
  const bool cached = options.mode == protocol::kCached;
  const int8_t bad = options.mode > protocol::kCached          ? 0
                     : options.update > protocol::kAfterEpochs ? 1
                     : options.epochs == 0                     ? 2
                     : options.samples == 0                    ? 3
                     : options.batch == 0                      ? 4
                                                               : -1;
  if (bad >= 0) {
    line_.refuse(protocol::kBadOption, bad);
  } else if (format_.features == 0) {
    line_.refuse(protocol::kNotConfigured, 0);
  } else if (cached && options.samples > shard_samples_) {
    line_.refuse(protocol::kNoShard, shard_samples_);
  } else {
    return true;
  }
  return false;
}

template <class Machine>
void BoardProgram<Machine>::add(const uint8_t* sample) {
  const uint32_t start_us = machine_.micros();
  float x[kernel::kMostFeatures];
  const uint8_t label = format_.decode(sample, x);
  trainer_.add(x, format_.features, label);
  busy_us_ += machine_.micros() - start_us;
  ++samples_;
  if (!trainer_.running()) finish();
}

template <class Machine>
void BoardProgram<Machine>::finish() {
  machine_.light(false);
  state_ = protocol::kIdle;
  ++trainings_;
  sends_ = kMostSends;
  send_trained();
}

// Unasked, and again until the host has them.
template <class Machine>
void BoardProgram<Machine>::send_trained() {
  --sends_;
  send_weights(train_sequence_);
  sent_at_us_ = machine_.micros();
}

template <class Machine>
void BoardProgram<Machine>::send_weights(uint8_t sequence) {
  if (format_.features == 0) return line_.refuse(protocol::kNotConfigured, 0);
  const uint8_t total = static_cast<uint8_t>(format_.features + 1);
  for (uint8_t first = 0; first < total; first += protocol::kFloatsOfChunk) {
    uint8_t payload[protocol::kMostPayload];
    const uint8_t left = static_cast<uint8_t>(total - first);
    const uint8_t floats = left < protocol::kFloatsOfChunk ? left : protocol::kFloatsOfChunk;
    const protocol::Chunk chunk = {first, total};
    memcpy(payload, &chunk, sizeof chunk);
    memcpy(payload + sizeof chunk, trainer_.weights() + first, floats * 4);
    line_.send(protocol::kWeights, sequence, payload,
               static_cast<uint8_t>(sizeof chunk + floats * 4));
  }
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
