#include "sim/board/board_fleet.hpp"

#include <algorithm>
#include <utility>

#include "sim/board/serial_line.hpp"

namespace understudy {
namespace {

constexpr int kBitsPerByte = 10;  // 8N1: start, eight, stop

}  // namespace

BoardFleet::BoardFleet(Scheduler& scheduler, ComputePool* pool)
    : scheduler_(scheduler), pool_(pool), frame_end_(scheduler.now()) {}

BoardFleet::~BoardFleet() {
  scheduler_.cancel(static_cast<Timer&>(*this));
  for (Member& member : members_) {
    try {
      if (member.job) member.job->wait();
    } catch (...) {  // the run has failed by something else
    }
  }
}

void BoardFleet::add(std::unique_ptr<EmulatedBoard> board, std::unique_ptr<HostLine> line) {
  if (members_.empty()) scheduler_.start(static_cast<Timer&>(*this), scheduler_.now());
  members_.push_back({.board = std::move(board), .line = std::move(line)});
}

void BoardFleet::fire() {
  for (Member& member : members_) end_frame(member);
  scheduler_.settle_before_advancing(*this);
}

void BoardFleet::settle() {
  frame_end_ = scheduler_.now() + kUsbFrame;
  for (Member& member : members_) begin_frame(member);
  scheduler_.start(static_cast<Timer&>(*this), frame_end_);
}

void BoardFleet::begin_frame(Member& member) {
  const TimePoint now = scheduler_.now();
  if (member.line->take_reset()) {
    member.board->reset(now);
    member.line_free = now;
  }
  std::vector<std::uint8_t> bytes;
  member.line->collect(bytes);
  if (const int baud = member.line->baud(); baud > 0) {
    member.board->set_baud(baud);
    for (const std::uint8_t byte : bytes) {
      member.line_free = std::max(member.line_free, now);
      member.board->receive(member.line_free, byte);
      member.line_free += kBitsPerByte * bit_time(baud);
    }
  }
  const auto emulate = [&board = *member.board, end = frame_end_] { board.run_until(end); };
  if (pool_ != nullptr) {
    member.job = pool_->submit(emulate);
  } else {
    emulate();
  }
}

void BoardFleet::end_frame(Member& member) {
  if (member.job) std::exchange(member.job, nullptr)->wait();
  std::vector<std::uint8_t> bytes;
  for (const TimedByte& byte : member.board->take_output()) bytes.push_back(byte.value);
  member.line->end_frame(bytes, *member.board);
}

}  // namespace understudy
