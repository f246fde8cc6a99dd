#include "tests/board/memory_board.hpp"

namespace understudy {

void MemoryBoard::write(std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) put(down_, Direction::kDown, byte);
  schedule();
}

bool MemoryBoard::read(ReadOperation& operation) {
  if (arrived_.bytes.empty() && arrived_.gone.empty()) {
    reader_ = &operation;
    return false;
  }
  operation.input = std::exchange(arrived_, {});
  return true;
}

void MemoryBoard::cancel(ReadOperation& operation) {
  if (reader_ == &operation) reader_ = nullptr;
}

void MemoryBoard::put(Line& line, Direction direction, std::uint8_t byte) {
  if (!arrived_.gone.empty()) return;
  const Fault fault = fault_of ? fault_of(direction, line.count++, byte) : Fault::kNone;
  if (fault == Fault::kUnplugged) {
    down_.bytes.clear();
    up_.bytes.clear();
    arrived_.gone = "unplugged";
    return;
  }
  if (fault == Fault::kBrownOut) brown_out_ = true;
  if (fault == Fault::kFlipped) byte ^= 0x10;
  const Duration byte_time = from_seconds(10.0 / options_.baud);
  const int copies = fault == Fault::kLost ? 0 : fault == Fault::kDoubled ? 2 : 1;
  for (int i = 0; i < std::max(copies, 1); ++i) {
    line.free_at = std::max(line.free_at, executor_.now()) + byte_time;
    if (i < copies) line.bytes.emplace_back(line.free_at + options_.latency, byte);
  }
}

void MemoryBoard::restart(std::uint8_t cause) {
  down_.bytes.clear();
  up_.bytes.clear();
  machine.received.clear();
  machine.cause = cause;
  machine.wants_restart = false;
  program_ = make();
  awake_at_ = executor_.now() + options_.boot;
  turn_at_ = kNever;
}

TimePoint MemoryBoard::next_event() const {
  TimePoint next = turn_at_;
  if (!down_.bytes.empty()) next = std::min(next, down_.bytes.front().first);
  if (!up_.bytes.empty()) next = std::min(next, up_.bytes.front().first);
  if (!arrived_.gone.empty()) next = executor_.now();
  return next;
}

void MemoryBoard::schedule() {
  executor_.cancel(*this);
  if (next_event() != kNever) executor_.start(*this, next_event());
}

void MemoryBoard::fire() {
  if (std::exchange(brown_out_, false)) restart(4);
  const TimePoint now = executor_.now();
  while (!down_.bytes.empty() && down_.bytes.front().first <= now) hear();
  while (!up_.bytes.empty() && up_.bytes.front().first <= now) {
    arrived_.bytes.push_back(up_.bytes.front().second);
    up_.bytes.pop_front();
  }
  if (turn_at_ <= now) take_turn();
  const bool something = !arrived_.bytes.empty() || !arrived_.gone.empty();
  if (something && reader_ != nullptr) {
    reader_->input = arrived_;
    arrived_.bytes.clear();
    std::exchange(reader_, nullptr)->complete();
  }
  if (arrived_.gone.empty()) schedule();
}

void MemoryBoard::hear() {
  const std::uint8_t byte = down_.bytes.front().second;
  down_.bytes.pop_front();
  if (executor_.now() < awake_at_) return;
  if (machine.received.size() == kReceiveBuffer) {
    ++overruns;
    return;
  }
  machine.received.push_back(byte);
  fullest = std::max(fullest, machine.received.size());
  if (turn_at_ == kNever) turn_at_ = executor_.now();
}

void MemoryBoard::take_turn() {
  program_->poll();
  const bool worked = !machine.written.empty() || program_->busy();
  for (auto& wire : std::exchange(machine.written, {})) {
    if (on_answer) on_answer(wire);
    for (const std::uint8_t byte : wire) put(up_, Direction::kUp, byte);
  }
  if (machine.wants_restart) return restart(8);
  const bool more = worked || !machine.received.empty();
  turn_at_ = more ? executor_.now() + options_.turn : kNever;
}

}  // namespace understudy
