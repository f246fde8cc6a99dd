// What a board does: commands in, answers and weights out. docs/protocol.md is the text to it. The
// same code runs on the ATmega328P and, in tests, on the host. `Machine` is what it runs on:
//
//   int16_t read();                              // the next byte that has come, or -1
//   void write(const uint8_t*, uint8_t count);   // may wait for the line, and for nothing else
//   uint32_t micros();                           // wraps
//   void light(bool);                            // the LED
//   uint8_t read_eeprom(uint8_t address);
//   void write_eeprom(uint8_t address, uint8_t);
//   uint8_t reset_cause();                       // MCUSR as it was at the reset
//   uint8_t resets();                            // since power came on
//   uint16_t stack_free();                       // bytes that the stack has never reached
//   bool canary();                               // the bytes between stack and data are untouched
//   void restart();                              // resets the chip, once what was written is out
#pragma once

#include "firmware/board_line.h"
#include "firmware/identity.h"
#include "firmware/trainer.h"

namespace understudy {

static const uint16_t kShardBytes = 1024;

template <class Machine>
class BoardProgram {
 public:
  explicit BoardProgram(Machine& machine)
      : machine_(machine), line_(machine), who_(read_identity(machine)) {
    line_.set_id(who_.id);
  }

  const Identity& who() const { return who_; }

  // One turn: at most one command, one sample of a training. Call it for ever.
  void poll() {
    if (line_.receive()) execute();
    if (state_ == protocol::kTrainingCached) add(shard_ + trainer_.sample() * format_.bytes());
  }
  // There is something to do though no byte has come.
  bool busy() const { return state_ == protocol::kTrainingCached; }

 private:
  void execute();
  bool is_allowed(uint8_t type);
  void hello();
  void configure();
  void set_weights();
  void load_shard();
  void take_data();
  void load(const uint8_t* bytes, uint8_t count);
  void stream(const uint8_t* bytes, uint8_t count);
  void train();
  bool may_train(const protocol::Train& options);
  void add(const uint8_t* sample);
  void finish();
  void send_weights(uint8_t sequence);
  void send_stats();
  void set_id();

  Machine& machine_;
  BoardLine<Machine> line_;
  Identity who_;
  SampleFormat format_ = {};  // no features: not configured
  Trainer trainer_;
  uint8_t state_ = protocol::kIdle;
  uint8_t shard_[kShardBytes];
  uint16_t loaded_bytes_ = 0;
  uint16_t due_bytes_ = 0;  // while loading, of the whole shard
  uint16_t shard_samples_ = 0;
  uint8_t sample_[protocol::kMostSample];  // streamed: what has come of it
  uint8_t sample_bytes_ = 0;
  uint8_t train_sequence_ = 0;
  uint32_t busy_us_ = 0;
  uint32_t samples_ = 0;
  uint16_t trainings_ = 0;
};

}  // namespace understudy

#include "firmware/board_commands.h"
#include "firmware/board_training.h"
