#include "runtime/board/tty_board.hpp"

#include <chrono>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/board/serial_ports.hpp"

namespace understudy {
namespace {

// Longer than the 0.1 uF and 10 kOhm behind an Uno's reset pin take to discharge.
constexpr Duration kPulse = std::chrono::milliseconds{20};
constexpr std::size_t kMostWaiting = 1 << 16;  // bytes in either direction

}  // namespace

TtyBoard::TtyBoard(Executor& executor, FileWatcher& files, Options options)
    : executor_(executor), files_(files), options_(std::move(options)) {
  if (options_.name.empty()) options_.name = options_.port;
  open();
}

TtyBoard::~TtyBoard() {
  executor_.cancel(static_cast<Timer&>(*this));
  if (tty_) {  // what the board is at ends with us
    tty_->set_dtr(false);
    tty_->set_dtr(true);
  }
  close("closed");
}

void TtyBoard::open() {
  tty_.emplace(resolve_port(options_.port), options_.baud);
  gone_.clear();
  files_.watch(tty_->file(), FileEvent::kReadable, [this] { on_readable(); });
}

void TtyBoard::close(std::string why) {
  if (!tty_) return;
  files_.ignore(tty_->file(), FileEvent::kReadable);
  files_.ignore(tty_->file(), FileEvent::kWritable);
  tty_.reset();
  out_.clear();
  gone_ = std::move(why);
}

void TtyBoard::write(std::span<const std::uint8_t> bytes) {
  if (!tty_ || out_.size() + bytes.size() > kMostWaiting) return;
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  if (!in_reset_) flush();
}

void TtyBoard::flush() {
  if (!tty_) return;
  if (tty_->write(out_) == Tty::State::kGone) return close("unplugged");
  if (out_.empty()) {
    files_.ignore(tty_->file(), FileEvent::kWritable);
  } else {
    files_.watch(tty_->file(), FileEvent::kWritable, [this] { flush(); });
  }
}

void TtyBoard::on_readable() {
  if (tty_->read(in_) == Tty::State::kGone) close("unplugged");
  if (in_reset_) in_.clear();
  if (in_.size() > kMostWaiting) in_.erase(in_.begin(), in_.end() - kMostWaiting);
  if (reader_ != nullptr && offer(*reader_)) std::exchange(reader_, nullptr)->complete();
}

bool TtyBoard::offer(ReadOperation& operation) {
  if (in_.empty() && gone_.empty()) return false;
  operation.input = {std::exchange(in_, {}), gone_};
  return true;
}

bool TtyBoard::read(ReadOperation& operation) {
  UNDERSTUDY_CHECK(reader_ == nullptr);
  if (offer(operation)) return true;
  reader_ = &operation;
  return false;
}

void TtyBoard::cancel(ReadOperation& operation) {
  if (reader_ == &operation) reader_ = nullptr;
}

void TtyBoard::reset() {
  in_.clear();
  out_.clear();
  try {
    if (!tty_) open();
  } catch (const BoardError&) {
    return;  // still gone, as a reader will see
  }
  tty_->set_dtr(false);
  in_reset_ = true;
  executor_.cancel(static_cast<Timer&>(*this));
  executor_.start(static_cast<Timer&>(*this), executor_.now() + kPulse);
}

void TtyBoard::fire() {
  in_reset_ = false;
  if (!tty_) return;
  tty_->set_dtr(true);
  tty_->discard();
  flush();
}

}  // namespace understudy
