#include "sim/board/virtual_board.hpp"

#include "runtime/base/errors.hpp"
#include "runtime/base/log.hpp"

namespace understudy {
namespace {

std::vector<Measurement> measure(const EmulatedBoard& board) {
  const BoardStatistics s = board.statistics();
  const auto number = [](auto count) { return static_cast<double>(count); };
  double resets = 0;
  for (const auto count : s.resets) resets += number(count);
  return {{"board_cycles", number(board.cycles())},
          {"board_bytes_received", number(s.uart.bytes_received)},
          {"board_bytes_sent", number(s.uart.bytes_sent)},
          {"board_overruns", number(s.uart.overruns)},
          {"board_framing_errors", number(s.uart.framing_errors)},
          {"board_resets", resets},
          {"board_led_s", to_seconds(s.led_on)}};
}

constexpr std::size_t kMostWaiting = 1 << 16;  // bytes in either direction

}  // namespace

class VirtualBoard::Line final : public HostLine {
 public:
  explicit Line(VirtualBoard& board) : board_(board) {}
  void collect(std::vector<std::uint8_t>& to_board) override {
    to_board.insert(to_board.end(), board_.to_board_.begin(), board_.to_board_.end());
    board_.to_board_.clear();
  }
  bool take_reset() override { return std::exchange(board_.reset_, false); }
  int baud() const override { return board_.baud_; }
  void end_frame(std::span<const std::uint8_t> bytes, const EmulatedBoard& board) override {
    board_.measurements_ = measure(board);
    if (board_.reset_) return;
    if (board_.to_host_.size() + bytes.size() <= kMostWaiting)
      board_.to_host_.insert(board_.to_host_.end(), bytes.begin(), bytes.end());
    if (const auto crash = board.crashed()) board_.gone_ = crash->sentence();
    board_.wake();
  }

 private:
  VirtualBoard& board_;
};

std::unique_ptr<HostLine> VirtualBoard::line() { return std::make_unique<Line>(*this); }

void VirtualBoard::write(std::span<const std::uint8_t> bytes) {
  if (to_board_.size() + bytes.size() > kMostWaiting) return;
  to_board_.insert(to_board_.end(), bytes.begin(), bytes.end());
}

bool VirtualBoard::offer(ReadOperation& operation) {
  if (to_host_.empty() && gone_.empty()) return false;
  operation.input = {std::exchange(to_host_, {}), gone_};
  return true;
}

void VirtualBoard::wake() {
  if (reader_ != nullptr && offer(*reader_)) std::exchange(reader_, nullptr)->complete();
}

bool VirtualBoard::read(ReadOperation& operation) {
  UNDERSTUDY_CHECK(reader_ == nullptr);
  if (offer(operation)) return true;
  reader_ = &operation;
  return false;
}

void VirtualBoard::cancel(ReadOperation& operation) {
  if (reader_ == &operation) reader_ = nullptr;
}

void VirtualBoard::reset() {
  to_board_.clear();
  to_host_.clear();
  gone_.clear();
  reset_ = true;
}

void PtyLine::collect(std::vector<std::uint8_t>& to_board) {
  const std::size_t before = to_board.size();
  terminal_.read(to_board);
  if (baud_ == 0) to_board.resize(before);
}

bool PtyLine::take_reset() {
  const int before = std::exchange(baud_, terminal_.baud());
  return before == 0 && baud_ != 0;
}

void PtyLine::end_frame(std::span<const std::uint8_t> from_board, const EmulatedBoard& board) {
  if (baud_ != 0) terminal_.write(from_board);
  const auto crash = board.crashed();
  if (crash && !crash_told_) spdlog::warn("{}: {}", terminal_.path(), crash->sentence());
  crash_told_ = crash.has_value();
}

}  // namespace understudy
