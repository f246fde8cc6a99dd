// `understudy board id` and `board selftest`: what speaks with Understudy's firmware.
#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/board.hpp"
#include "results/report/text_table.hpp"
#include "runtime/base/random.hpp"
#include "runtime/board/host_training.hpp"
#include "runtime/board/session.hpp"

namespace understudy {
namespace {

std::string version_text(std::uint16_t firmware) {
  return fmt::format("{}.{}", firmware >> 8, firmware & 0xff);
}
std::string id_text(std::uint8_t id) { return id == protocol::kNoId ? "none" : std::to_string(id); }

Task<> tell_id(Board& board, Executor& executor, std::optional<int> wanted) {
  BoardSession session(board, executor);
  co_await session.open();
  if (wanted) {
    co_await session.set_id(static_cast<std::uint8_t>(*wanted));
    co_await session.reset();
  }
  std::cout << id_text(session.description().id) << '\n';
}

// A shard like any other: a line that separates two clouds, most of the time.
Shard trial_shard(protocol::Element element) {
  constexpr int kFeatures = 4, kSamples = 60;
  RandomStream random({.seed = 1, .purpose = Purpose::kData});
  std::vector<float> values;
  std::vector<std::uint8_t> labels;
  for (int i = 0; i < kSamples; ++i) {
    double sum = random.normal();
    for (int f = 0; f < kFeatures; ++f) {
      values.push_back(static_cast<float>(random.normal()));
      sum += static_cast<double>(values.back());
    }
    labels.push_back(sum > 0 ? 1 : 0);
  }
  return make_shard(
      values, labels,
      {.features = kFeatures, .element = element, .scale = fitting_scale(values, element)});
}

struct Check {
  std::string what;
  bool passed = false;
  double seconds = 0;
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

Task<> check_training(BoardSession& session, Executor& executor, protocol::Element element,
                      bool cached, std::vector<Check>& checks) {
  const Shard shard = trial_shard(element);
  const BoardTraining training{.epochs = 2, .batch = 8, .rate = 0.1F, .l2 = 0.01F};
  const std::vector<float> zero(static_cast<std::size_t>(shard.format.features) + 1, 0.0F);
  const TimePoint start = executor.now();
  std::vector<float> weights;
  if (cached) {
    co_await session.load_shard(shard);
    co_await session.set_weights(zero);
    weights = co_await session.train_cached(training);
  } else {
    co_await session.configure(shard.format);
    co_await session.set_weights(zero);
    weights = co_await session.train_streamed(training, shard);
  }
  checks.push_back({fmt::format("trains to the host's bits, {}",
                                cached ? "int8, cached on the board" : "float32, streamed"),
                    same_bits(weights, train_on_host(shard, training, zero)),
                    to_seconds(executor.now() - start)});
}

Task<> selftest(Board& board, Executor& executor, std::vector<Check>& checks,
                std::vector<std::vector<std::string>>& facts) {
  BoardSession session(board, executor);
  TimePoint start = executor.now();
  co_await session.open();
  checks.push_back({"answers a hello after a reset", true, to_seconds(executor.now() - start)});
  const BoardDescription& about = session.description();
  co_await check_training(session, executor, protocol::kFloat32, false, checks);
  co_await check_training(session, executor, protocol::kInt8, true, checks);
  const BoardStats stats = co_await session.stats();
  checks.push_back({"its stack has never met its data", stats.canary && stats.stack_free > 0, 0});
  facts = {{"firmware", version_text(about.firmware)},
           {"id", id_text(about.id)},
           {"most features", std::to_string(about.most_features)},
           {"shard", fmt::format("{} B", about.shard_bytes)},
           {"stack never used", fmt::format("{} B", stats.stack_free)},
           {"frames sent again", std::to_string(session.counters().retransmissions)}};
}

void print(const std::vector<Check>& checks, const std::vector<std::vector<std::string>>& facts,
           const Session& session) {
  if (session.json) {
    nlohmann::ordered_json out;
    for (const auto& fact : facts) out["board"][fact[0]] = fact[1];
    for (const Check& check : checks)
      out["checks"].push_back(
          {{"check", check.what}, {"passed", check.passed}, {"seconds", check.seconds}});
    std::cout << out.dump(2) << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows{{"board", ""}};
  rows.insert(rows.end(), facts.begin(), facts.end());
  std::cout << text_table(rows) << '\n';
  rows = {{"check", "result", "time"}};
  for (const Check& check : checks) {
    rows.push_back({check.what, check.passed ? "passed" : "failed",
                    check.seconds > 0 ? fmt::format("{:.2f} s", check.seconds) : ""});
  }
  std::cout << text_table(rows);
}

void run_selftest(const PortOptions& at, Session& session) {
  std::vector<Check> checks;
  std::vector<std::vector<std::string>> facts;
  talk_to(at, [&](Board& board, Executor& executor) {
    return selftest(board, executor, checks, facts);
  });
  print(checks, facts, session);
  for (const Check& check : checks)
    if (!check.passed) session.exit_code = ExitCode::kPeerFailed;
}

constexpr const char* kPortDoc =
    "A path, VID:PID, VID:PID:SERIAL, or 'simavr' for an emulated board";

void add_port(CLI::App& command, PortOptions& at) {
  command.add_option("port", at.port, kPortDoc)->required();
  command.add_option("--baud", at.baud, "Bits a second")->check(CLI::Range(300, 2'000'000));
}

}  // namespace

void add_board_id(CLI::App& board, Session& session) {
  CLI::App* command = board.add_subcommand("id", "Print a board's id, or give it one");
  struct Options {
    PortOptions at{};
    std::optional<int> id{};
  };
  auto options = std::make_shared<Options>();
  add_port(*command, options->at);
  command->add_option("id", options->id, "The new id, kept in EEPROM")->check(CLI::Range(1, 254));
  add_common_flags(*command, session);
  command->callback([options] {
    talk_to(options->at,
            [&](Board& b, Executor& executor) { return tell_id(b, executor, options->id); });
  });
}

void add_board_selftest(CLI::App& board, Session& session) {
  CLI::App* command = board.add_subcommand(
      "selftest", "Have a board train, and compare its weights with the host's to the bit");
  auto options = std::make_shared<PortOptions>();
  add_port(*command, *options);
  add_common_flags(*command, session);
  command->callback([options, &session] { run_selftest(*options, session); });
}

}  // namespace understudy
