// The board seam: a microcontroller at the other end of a serial line. Implementations: emulated in
// virtual time (sim/board), and a tty, be it hardware or an emulated board behind a pseudo-terminal
// (tty_board.hpp). Node code cannot tell which.
//
// Bytes only: frames, acknowledgement and commands are above (session.hpp). Used on its executor's
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/executor.hpp"
#include "runtime/base/task_context.hpp"

namespace understudy {

// What came up a line since the last read.
struct SerialInput {
  std::vector<std::uint8_t> bytes;  // at least one, unless the line is gone
  std::string gone{};               // why there will be no more ("unplugged"); empty: it is there
};

// Something that was measured, for the run's metrics.
struct Measurement {
  std::string name;  // "cycles"
  double value = 0;
};

// A read that waits, kept by the board until there is something.
struct ReadOperation {
  SerialInput input;  // filled before complete()
  virtual void complete() = 0;

 protected:
  ~ReadOperation() = default;
};

class Board {
 public:
  virtual ~Board() = default;
  // What to call it in a message: "board 3 (simavr)", "/dev/ttyACM0".
  virtual std::string name() const = 0;
  // Bits per second of the line, 8N1: a byte takes 10 of them.
  virtual int baud() const = 0;
  // Queues the bytes behind those before; returns at once. They are lost if the line is gone.
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
  // True: something was there and is in operation.input. False: complete() will be called later.
  // One read at a time.
  virtual bool read(ReadOperation& operation) = 0;
  // Withdraws a read that has not completed.
  virtual void cancel(ReadOperation& operation) = 0;
  // Pulses DTR, which resets an Arduino; what is on its way in either direction is lost.
  virtual void reset() = 0;
  // What is known of the chip so far without asking it; empty where it is real.
  virtual std::vector<Measurement> measurements() const { return {}; }
};

// co_await Read(...): what has come, or nullopt once the deadline has passed.
class Read final : ReadOperation, Timer, Suspension {
 public:
  Read(Board& board, Executor& executor, TimePoint deadline)
      : board_(board), executor_(executor), deadline_(deadline) {}

  bool await_ready() {
    arrived_ = board_.read(*this);
    return arrived_;
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    context_ = handle.promise().context;
    if (context_->cancelled) {
      board_.cancel(*this);
      return executor_.post(handle);
    }
    if (deadline_ != kNever) executor_.start(static_cast<Timer&>(*this), deadline_);
    context_->suspend(*this, handle);
  }
  std::optional<SerialInput> await_resume() {
    if (context_ != nullptr) context_->throw_if_cancelled();
    if (!arrived_) return std::nullopt;
    return std::move(input);
  }

 private:
  void complete() override {
    arrived_ = true;
    executor_.cancel(static_cast<Timer&>(*this));
    context_->resume();
  }
  void fire() override {
    board_.cancel(*this);
    context_->resume();
  }
  bool cancel() override {
    board_.cancel(*this);
    executor_.cancel(static_cast<Timer&>(*this));
    return true;
  }
  std::string describe() const override { return "bytes from " + board_.name(); }

  Board& board_;
  Executor& executor_;
  TimePoint deadline_;
  TaskContext* context_ = nullptr;
  bool arrived_ = false;
};

}  // namespace understudy
