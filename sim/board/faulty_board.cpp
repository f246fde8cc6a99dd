#include "sim/board/faulty_board.hpp"

#include <algorithm>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {

FaultyBoard::FaultyBoard(Board& board, Executor& executor, const LineFaultsConfig& faults,
                         RandomStream random)
    : board_(board), executor_(executor), faults_(faults), random_(random) {}

FaultyBoard::~FaultyBoard() {
  executor_.cancel(static_cast<Timer&>(*this));
  if (listening_) board_.cancel(*this);
}

std::vector<std::uint8_t> FaultyBoard::pass(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> out;
  for (std::uint8_t byte : bytes) {
    if (stuck_ || unplugged_) break;
    // Three draws a byte whatever they decide, so that one fault does not move the others.
    const double flip = random_.uniform(), lose = random_.uniform(), repeat = random_.uniform();
    if (flip < faults_.flip)
      byte ^= static_cast<std::uint8_t>(1U << static_cast<unsigned>(flip / faults_.flip * 8));
    if (lose >= faults_.lose) out.push_back(byte);
    if (repeat < faults_.repeat) out.push_back(byte);
    ++passed_;
    if (!strike()) break;
  }
  return out;
}

bool FaultyBoard::strike() {
  if (faults_.stuck_at == passed_) stuck_ = true;
  if (faults_.unplug_at == passed_) unplug();
  if (faults_.reset_at != passed_) return true;
  board_.reset();
  return false;
}

void FaultyBoard::unplug() {
  unplugged_ = true;
  delayed_.clear();
  if (faults_.return_after) returns_ = executor_.now() + *faults_.return_after;
  ready_ = {.bytes = {}, .gone = "unplugged"};
  arm();
  wake();
}

void FaultyBoard::write(std::span<const std::uint8_t> bytes) {
  if (const auto out = pass(bytes); !out.empty()) board_.write(out);
}

bool FaultyBoard::offer(ReadOperation& operation) {
  if (ready_.bytes.empty() && ready_.gone.empty()) return false;
  operation.input = ready_;
  ready_.bytes.clear();  // a line that is gone stays so
  return true;
}

void FaultyBoard::wake() {
  if (reader_ != nullptr && offer(*reader_)) std::exchange(reader_, nullptr)->complete();
}

bool FaultyBoard::read(ReadOperation& operation) {
  UNDERSTUDY_CHECK(reader_ == nullptr);
  listen();
  if (offer(operation)) return true;
  reader_ = &operation;
  return false;
}

void FaultyBoard::cancel(ReadOperation& operation) {
  if (reader_ == &operation) reader_ = nullptr;
}

void FaultyBoard::listen() {
  while (!listening_ && !unplugged_) {
    if (board_.read(*this)) {
      complete();
      if (!ready_.gone.empty()) return;
    } else {
      listening_ = true;
    }
  }
}

void FaultyBoard::complete() {
  listening_ = false;
  const SerialInput in = std::exchange(input, {});
  std::vector<std::uint8_t> bytes = pass(in.bytes);
  if (unplugged_) return;
  ready_.gone = in.gone;
  if (faults_.delay > Duration{0}) {
    if (!bytes.empty()) delayed_.push_back({executor_.now() + faults_.delay, std::move(bytes)});
    arm();
  } else {
    ready_.bytes.insert(ready_.bytes.end(), bytes.begin(), bytes.end());
  }
  wake();
  if (reader_ != nullptr) listen();  // nothing has come of it: the reader still waits
}

void FaultyBoard::arm() {
  executor_.cancel(static_cast<Timer&>(*this));
  const TimePoint due = delayed_.empty() ? returns_ : std::min(returns_, delayed_.front().at);
  if (due != kNever) executor_.start(static_cast<Timer&>(*this), due);
}

void FaultyBoard::fire() {
  const TimePoint now = executor_.now();
  if (returns_ <= now) {
    returns_ = kNever;
    unplugged_ = false;
    board_.reset();  // power comes back
  }
  while (!delayed_.empty() && delayed_.front().at <= now) {
    const auto& bytes = delayed_.front().bytes;
    ready_.bytes.insert(ready_.bytes.end(), bytes.begin(), bytes.end());
    delayed_.pop_front();
  }
  arm();
  wake();
  if (reader_ != nullptr) listen();
}

void FaultyBoard::reset() {
  if (unplugged_) return;
  delayed_.clear();
  ready_ = {};
  board_.reset();
}

}  // namespace understudy
