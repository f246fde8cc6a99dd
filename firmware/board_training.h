// The part of board_program.h that trains: data in, weights out.
#pragma once

#include "firmware/board_program.h"

namespace understudy {

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
  send_weights(train_sequence_);  // unasked; a host that has lost them asks
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

}  // namespace understudy
