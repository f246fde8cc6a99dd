#include "sim/board/serial_line.hpp"

#include <algorithm>

namespace understudy {

SerialFrame frame_8n1(TimePoint start, Duration bit, std::uint8_t byte) {
  return {start, bit, (static_cast<std::uint32_t>(byte) << 1) | 1U << 9, 10};
}

Duration bit_time(int baud) { return from_seconds(1.0 / baud); }

void SerialLine::cut(TimePoint t) {
  while (!frames_.empty() && frames_.back().start >= t) frames_.pop_back();
  if (frames_.empty()) return;
  SerialFrame& last = frames_.back();
  if (last.end() <= t) return;
  // What would have come is high.
  const auto sent = static_cast<int>((t - last.start + last.bit - Duration(1)) / last.bit);
  last.bits |= ~0U << sent;
  last.count = std::max(sent, 1);
}

void SerialLine::forget(TimePoint t) {
  while (!frames_.empty() && frames_.front().end() <= t) frames_.pop_front();
}

bool SerialLine::level(TimePoint t) const {
  bool high = true;
  for (const SerialFrame& frame : frames_) {
    if (frame.start > t) break;
    const auto i = (t - frame.start) / frame.bit;
    high = i >= frame.count || ((frame.bits >> i) & 1U) != 0;
  }
  return high;
}

std::optional<TimePoint> SerialLine::next_fall(TimePoint t) const {
  for (std::size_t k = 0; k < frames_.size(); ++k) {
    const SerialFrame& frame = frames_[k];
    if (frame.end() <= t) continue;
    bool before = k == 0 || frames_[k - 1].end() < frame.start ||
                  ((frames_[k - 1].bits >> (frames_[k - 1].count - 1)) & 1U) != 0;
    for (int i = 0; i < frame.count; ++i) {
      const bool high = ((frame.bits >> i) & 1U) != 0;
      if (before && !high && frame.start + i * frame.bit > t) return frame.start + i * frame.bit;
      before = high;
    }
  }
  return std::nullopt;
}

}  // namespace understudy
