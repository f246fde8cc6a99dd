#include "runtime/board/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/base/errors.hpp"

namespace understudy {

namespace {

constexpr std::array<std::uint8_t, 1> kEndOfRubbish{0};

Duration time_on_line(std::int64_t bytes, int baud) {
  return from_seconds(static_cast<double>(bytes) * 10 / baud);
}

}  // namespace

std::string_view command_name(std::uint8_t type) {
  switch (type) {
    case protocol::kHello:
      return "hello";
    case protocol::kConfigure:
      return "configure";
    case protocol::kSetWeights:
      return "set weights";
    case protocol::kLoadShard:
      return "load shard";
    case protocol::kData:
      return "data";
    case protocol::kTrain:
      return "train";
    case protocol::kGetWeights:
      return "get weights";
    case protocol::kGetStats:
      return "stats";
    case protocol::kReset:
      return "reset";
    case protocol::kSetId:
      return "set id";
    default:
      return "an unknown command";
  }
}

void BoardLink::begin(std::uint8_t sequence) {
  in_flight_.clear();
  refused_.reset();
  address_ = protocol::kBroadcast;
  next_ = sequence;
  tries_ = 0;
}

Task<> BoardLink::send(std::uint8_t type, std::vector<std::uint8_t> payload) {
  Sent sent{type, next_, encode(Frame{type, address_, next_, std::move(payload)})};
  while (bytes_in_flight() + sent.wire.size() > protocol::kWindow) co_await listen(kNever);
  ++next_;
  if (in_flight_.empty()) {
    tries_ = 1;
    restart_timer();
  }
  write(sent.wire);
  ++counters_.frames_sent;
  in_flight_.push_back(std::move(sent));
}

Task<std::optional<protocol::Refused>> BoardLink::drain() {
  while (!in_flight_.empty()) co_await listen(kNever);
  co_return std::exchange(refused_, std::nullopt);
}

Task<bool> BoardLink::listen(TimePoint deadline) {
  const TimePoint until = in_flight_.empty() ? deadline : std::min(deadline, send_again_at_);
  const std::optional<SerialInput> input = co_await Read(board_, executor_, until);
  if (input) {
    take(*input);
    co_return true;
  }
  if (!in_flight_.empty() && executor_.now() >= send_again_at_) send_again();
  co_return executor_.now() < deadline;
}

void BoardLink::acknowledge(std::uint8_t sequence) {
  // At most a window of frames is under way: a distance of half the circle tells old from new.
  while (!in_flight_.empty() &&
         static_cast<std::uint8_t>(sequence - in_flight_.front().sequence) < 128) {
    in_flight_.pop_front();
    tries_ = 1;
    restart_timer();
  }
}

bool BoardLink::is_in_flight(std::uint8_t sequence) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(),
                     [&](const Sent& sent) { return sent.sequence == sequence; });
}

Duration BoardLink::round_trip() const {
  constexpr int kMostAnswer = 2 * protocol::kMostWire;  // the weights
  return 2 * time_on_line(protocol::kWindow + kMostAnswer, board_.baud()) + options_.turnaround;
}

LinkCounters BoardLink::counters() const {
  LinkCounters counters = counters_;
  counters.bad_frames = reader_.bad();
  counters.time_sending = time_on_line(counters.bytes_sent, board_.baud());
  counters.time_receiving = time_on_line(counters.bytes_received, board_.baud());
  return counters;
}

void BoardLink::write(std::span<const std::uint8_t> wire) {
  board_.write(wire);
  counters_.bytes_sent += static_cast<std::int64_t>(wire.size());
}

void BoardLink::take(const SerialInput& input) {
  counters_.bytes_received += static_cast<std::int64_t>(input.bytes.size());
  for (const std::uint8_t byte : input.bytes) {
    if (const auto frame = reader_.push(byte)) take(*frame);
  }
  if (!input.gone.empty()) {
    throw BoardError(fmt::format("{} is gone: {}", board_.name(), input.gone));
  }
}

void BoardLink::take(const Frame& frame) {
  ++counters_.frames_received;
  if (frame.type == protocol::kAcknowledge) {
    acknowledge(frame.sequence);
  } else if (frame.type == protocol::kRefused) {
    if (!is_in_flight(frame.sequence)) return;  // an old one, or the answer to a repetition
    if (!refused_) refused_ = layout_of_bytes<protocol::Refused>(frame.payload);
    acknowledge(frame.sequence);
  } else {
    answer_(frame);
  }
}

void BoardLink::send_again() {
  if (tries_ == options_.tries) {
    throw BoardError(fmt::format("{} fell silent: {} was sent {} times without an answer",
                                 board_.name(), command_name(in_flight_.front().type), tries_));
  }
  ++tries_;
  write(kEndOfRubbish);  // whatever stands before it on the line is no part of the first frame
  for (const Sent& sent : in_flight_) write(sent.wire);
  counters_.retransmissions += static_cast<std::int64_t>(in_flight_.size());
  restart_timer();
}

std::size_t BoardLink::bytes_in_flight() const {
  std::size_t bytes = 0;
  for (const Sent& sent : in_flight_) bytes += sent.wire.size();
  return bytes;
}

}  // namespace understudy
