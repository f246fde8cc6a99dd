#include "runtime/board/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "runtime/base/errors.hpp"

namespace understudy {

namespace {

constexpr Duration kMargin = std::chrono::seconds(5);
constexpr std::uint8_t kProgramPage = 0x64;  // STK500: Optiboot would erase and write flash

// A value for a field of 16 bits.
std::uint16_t field(int value, std::string_view what) {
  if (value < 1 || value > std::numeric_limits<std::uint16_t>::max()) {
    throw ScenarioError(fmt::format("a board trains with 1 to 65535 {}, not {}", what, value));
  }
  return static_cast<std::uint16_t>(value);
}

// After a 0x00, which ends whatever rubbish stands before it, and makes Optiboot start the firmware.
std::vector<std::uint8_t> hello_frame(std::uint8_t sequence) {
  const auto payload = bytes_of_layout(protocol::Hello{protocol::kVersion});
  auto wire = encode(Frame{protocol::kHello, protocol::kBroadcast, sequence, payload});
  wire.insert(wire.begin(), 0);
  return wire;
}

// The next number whose hello a bootloader, which may come in at any byte of it, cannot mistake.
std::uint8_t next_hello(std::uint8_t sequence) {
  std::vector<std::uint8_t> wire;
  do {
    wire = hello_frame(++sequence);
  } while (std::find(wire.begin(), wire.end(), kProgramPage) != wire.end());
  return sequence;
}

}  // namespace

double board_seconds(int features, double samples, double batches) {
  const double cycles = samples * (4400 + 820 * features) + batches * 1270 * (features + 1);
  return cycles / 16e6;
}

BoardSession::BoardSession(Board& board, Executor& executor, const SessionOptions& options)
    : board_(board),
      executor_(executor),
      options_(options),
      link_(board, executor, options.link, [this](const Frame& frame) { take(frame); }) {}

Task<> BoardSession::open() {
  if (options_.reset) board_.reset();
  co_await handshake();
}

// Says hello with the same number, again and again, until there is an answer to it.
Task<> BoardSession::handshake() {
  hello_.reset();
  format_.reset();
  cached_samples_ = 0;
  hello_sequence_ = next_hello(hello_sequence_);
  link_.begin(static_cast<std::uint8_t>(hello_sequence_ + 1));
  const TimePoint deadline = checked_add(executor_.now(), options_.hello_deadline);
  while (!hello_) {
    if (executor_.now() >= deadline) {
      throw BoardError(fmt::format(
          "{} did not answer within {}: it runs another firmware, or its line is not at {} baud",
          board_.name(), format(options_.hello_deadline), board_.baud()));
    }
    link_.write(hello_frame(hello_sequence_));
    const TimePoint again = checked_add(executor_.now(), link_.round_trip());
    while (!hello_ && co_await link_.listen(std::min(again, deadline))) {
    }
  }
  check_hello();
}

void BoardSession::check_hello() {
  description_ = {
      hello_->firmware,    hello_->id,     hello_->most_features,         hello_->shard_bytes,
      hello_->reset_cause, hello_->resets, static_cast<int>(hello_->baud)};
  if (options_.id && *options_.id != hello_->id) {
    throw BoardError(fmt::format("{} is board {}, not board {}", board_.name(),
                                 static_cast<int>(hello_->id), static_cast<int>(*options_.id)));
  }
  link_.set_address(hello_->id);
}

Task<> BoardSession::command(std::uint8_t type, std::vector<std::uint8_t> payload) {
  co_await link_.send(type, std::move(payload));
  co_await finish();
}

Task<> BoardSession::finish() {
  const auto refused = co_await link_.drain();
  if (refused) throw BoardError(refusal_sentence(board_.name(), *refused, asked_));
}

Task<> BoardSession::configure(const ShardFormat& format) {
  asked_.format = format;
  const auto features = static_cast<std::uint8_t>(std::clamp(format.features, 0, 255));
  format_.reset();
  cached_samples_ = 0;
  const protocol::Configure configure{features, format.element, format.scale};
  co_await command(protocol::kConfigure, bytes_of_layout(configure));
  format_ = format;
}

Task<> BoardSession::set_weights(const std::vector<float>& weights) {
  UNDERSTUDY_CHECK(format_ && weights.size() == static_cast<std::size_t>(format_->features) + 1);
  for (std::size_t first = 0; first < weights.size(); first += protocol::kFloatsOfChunk) {
    const std::size_t floats =
        std::min<std::size_t>(weights.size() - first, protocol::kFloatsOfChunk);
    const protocol::Chunk chunk{static_cast<std::uint8_t>(first),
                                static_cast<std::uint8_t>(weights.size())};
    auto payload = bytes_of_layout(chunk);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(weights.data() + first);
    payload.insert(payload.end(), bytes, bytes + floats * sizeof(float));
    co_await link_.send(protocol::kSetWeights, std::move(payload));
  }
  co_await finish();
}

Task<std::vector<float>> BoardSession::weights() {
  owe_weights();
  co_await command(protocol::kGetWeights);
  co_return owed_.floats;
}

Task<> BoardSession::load_shard(const Shard& shard) {
  co_await configure(shard.format);
  asked_.samples = shard.samples();
  const protocol::LoadShard load{field(shard.samples(), "samples")};
  co_await command(protocol::kLoadShard, bytes_of_layout(load));
  co_await send_data(shard.bytes, 1);
  co_await finish();
  cached_samples_ = shard.samples();
}

// The bytes, so many times over.
Task<> BoardSession::send_data(const std::vector<std::uint8_t>& bytes, int times) {
  const std::size_t total = bytes.size() * static_cast<std::size_t>(times);
  const auto most = static_cast<std::size_t>(options_.link.data_payload);
  for (std::size_t at = 0; at < total && !link_.refused();) {
    std::vector<std::uint8_t> payload(std::min(most, total - at));
    for (std::uint8_t& byte : payload) byte = bytes[at++ % bytes.size()];
    co_await link_.send(protocol::kData, std::move(payload));
  }
}

Task<std::vector<float>> BoardSession::train_cached(const BoardTraining& training) {
  UNDERSTUDY_CHECK(cached_samples_ > 0);
  co_await begin_training(protocol::kCached, training, cached_samples_);
  const int batches = (cached_samples_ + training.batch - 1) / training.batch;
  const double epoch_s = board_seconds(format_->features, cached_samples_, batches);
  co_return co_await trained_weights(epoch_s * training.epochs);
}

Task<std::vector<float>> BoardSession::train_streamed(const BoardTraining& training,
                                                      const Shard& shard) {
  if (format_ != shard.format) co_await configure(shard.format);
  co_await begin_training(protocol::kStreamed, training, shard.samples());
  co_await send_data(shard.bytes, training.epochs);
  co_await finish();
  // At most a sample and a batch for each byte under way are still to do.
  constexpr int kLeft = protocol::kWindow;
  co_return co_await trained_weights(board_seconds(shard.format.features, kLeft, kLeft));
}

Task<> BoardSession::begin_training(protocol::Mode mode, const BoardTraining& training,
                                    int samples) {
  const protocol::Train train{mode,
                              training.update,
                              field(training.epochs, "epochs"),
                              field(samples, "samples"),
                              field(training.batch, "samples a batch"),
                              training.rate,
                              training.l2};
  asked_.samples = samples;
  owe_weights();
  co_await command(protocol::kTrain, bytes_of_layout(train));
}

// They come unasked. Now and then asks whether the board still trains: a reset or a stuck board shows
// at once, and so do weights that were lost on the way.
Task<std::vector<float>> BoardSession::trained_weights(double estimate_s) {
  const Duration allowed = from_seconds(estimate_s * options_.patience) + kMargin;
  const TimePoint deadline = checked_add(executor_.now(), allowed);
  while (!owed_.complete()) {
    if (executor_.now() >= deadline) {
      throw BoardError(fmt::format("{} did not end its training within {}", board_.name(),
                                   understudy::format(allowed)));
    }
    const TimePoint next = checked_add(executor_.now(), options_.heartbeat);
    while (!owed_.complete() && co_await link_.listen(std::min(next, deadline))) {
    }
    if (owed_.complete()) break;
    const BoardStats now = co_await stats();
    if (now.state == protocol::kIdle && !owed_.complete()) co_return co_await weights();
  }
  co_return owed_.floats;
}

Task<BoardStats> BoardSession::stats() {
  stats_.reset();
  co_await command(protocol::kGetStats);
  UNDERSTUDY_CHECK(stats_.has_value());
  BoardStats stats;
  stats.computing = std::chrono::microseconds(stats_->busy_us);
  stats.samples = stats_->samples;
  stats.trainings = stats_->trainings;
  stats.frames = stats_->frames;
  stats.bad_frames = stats_->bad_frames;
  stats.cached_samples = stats_->shard_samples;
  stats.stack_free = stats_->stack_free;
  stats.canary = stats_->canary != 0;
  stats.state = static_cast<protocol::State>(stats_->state);
  co_return stats;
}

Task<> BoardSession::reset() {
  co_await link_.send(protocol::kReset);
  const auto refused = co_await link_.drain();
  // Where the acknowledgement was lost, the repetition finds a board that has restarted already.
  if (refused && refused->refusal != protocol::kNoSession) {
    throw BoardError(refusal_sentence(board_.name(), *refused, asked_));
  }
  co_await handshake();
}

Task<> BoardSession::set_id(std::uint8_t id, std::optional<int> baud) {
  link_.set_address(protocol::kBroadcast);  // a repetition must reach it by either id
  const protocol::SetId set{id, static_cast<std::uint32_t>(baud.value_or(0))};
  co_await command(protocol::kSetId, bytes_of_layout(set));
  description_.id = id;
  if (baud) description_.baud = *baud;
  link_.set_address(id);
}

// The answer to the next frame.
void BoardSession::owe_weights() {
  const std::size_t total = format_ ? static_cast<std::size_t>(format_->features) + 1 : 0;
  owed_ = Owed{link_.next_sequence(), std::vector<float>(total), std::vector<bool>(total, false)};
}

bool BoardSession::Owed::complete() const {
  return std::all_of(received.begin(), received.end(), [](bool got) { return got; });
}

void BoardSession::take(const Frame& frame) {
  if (frame.type == protocol::kHelloReply) return take_hello(frame);
  if (frame.type == protocol::kWeights) return take_weights(frame);
  if (frame.type != protocol::kStats || !link_.is_in_flight(frame.sequence)) return;
  stats_ = layout_of_bytes<protocol::Stats>(frame.payload);
  if (stats_) link_.acknowledge(frame.sequence);
}

void BoardSession::take_hello(const Frame& frame) {
  if (frame.sequence != hello_sequence_ || frame.payload.empty()) return;
  const int version = frame.payload.front();
  if (version != protocol::kVersion) {
    throw BoardError(fmt::format(
        "{} speaks version {} of the protocol and this program version {}: flash the firmware that "
        "comes with this program",
        board_.name(), version, static_cast<int>(protocol::kVersion)));
  }
  hello_ = layout_of_bytes<protocol::HelloReply>(frame.payload);
}

void BoardSession::take_weights(const Frame& frame) {
  protocol::Chunk chunk;
  const std::size_t bytes = frame.payload.size();
  if (frame.sequence != owed_.sequence || bytes < sizeof chunk) return;
  std::memcpy(&chunk, frame.payload.data(), sizeof chunk);
  const std::size_t floats = (bytes - sizeof chunk) / sizeof(float);
  if (chunk.total != owed_.floats.size() || chunk.first + floats > chunk.total) return;
  std::memcpy(owed_.floats.data() + chunk.first, frame.payload.data() + sizeof chunk,
              floats * sizeof(float));
  for (std::size_t i = 0; i < floats; ++i) owed_.received[chunk.first + i] = true;
  if (owed_.complete()) link_.acknowledge(frame.sequence);
}

}  // namespace understudy
