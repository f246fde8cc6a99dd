// Fifty emulated runs that lose a process, each drawn from its seed: whatever the workload, the
// transport, the role and the moment, the run ends in bounded time, says who it was, and leaves
// nothing behind. --gtest_filter='*/17' replays seed 17.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/emulation/whole_run.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kTimeout = 1s;  // of the scenarios
constexpr auto kBound = kTimeout + 2s;
constexpr double kLength_s = 1;  // of the runs

enum class Moment { kBeforeHello, kReady, kAmid, kNearEnd };

struct Trial {
  std::string workload, transport;
  int nodes = 2;
  int victim = 0;  // a rank; `nodes`: the coordinator
  int signal = SIGKILL;
  Moment moment = Moment::kAmid;
  double share = 0;  // 0..1: when within the moment

  bool is_coordinator() const { return victim == nodes; }
  std::string text() const {
    static constexpr const char* kMoments[] = {"before hello", "at ready", "amid", "near the end"};
    return fmt::format("{} of {} over {}: {} {} {}, {:.2f}", workload, nodes, transport,
                       is_coordinator() ? "coordinator" : fmt::format("rank {}", victim),
                       strsignal(signal), kMoments[static_cast<int>(moment)], share);
  }
};

Trial draw(int seed) {
  std::mt19937_64 bits(static_cast<std::uint64_t>(seed));
  const auto one_of = [&](int n) { return static_cast<int>(bits() % static_cast<unsigned>(n)); };
  Trial t;
  t.workload = std::array{"traffic", "collective", "quadratic"}[one_of(3)];
  t.transport = std::array{"shared_memory", "ipc", "tcp"}[one_of(3)];
  t.nodes = 2 + one_of(4);
  t.victim = one_of(4) == 0 ? t.nodes : one_of(t.nodes);
  t.signal = one_of(5) < 3 ? SIGKILL : SIGSTOP;
  t.moment = static_cast<Moment>(one_of(4));
  t.share = one_of(100) / 100.0;
  return t;
}

// Each takes kLength_s in virtual time: a message of a ring 2 ms and its bytes at 10 MB/s.
std::string scenario_of(const Trial& t) {
  const int steps = 2 * (t.nodes - 1);
  std::string text = fmt::format(
      "mode: emulated\ntopology: {{kind: mesh, nodes: {}, bandwidth: 80Mbit/s, latency: 2ms}}\n"
      "emulation: {{transport: {}, timeout: {}s}}\n",
      t.nodes, t.transport, kTimeout.count());
  if (t.workload == "traffic") {
    text += "workload: {kind: traffic, flows: [";
    for (int from = 0; from < t.nodes; ++from)
      text += fmt::format("{}{{from: {}, to: {}, bytes: 10MB}}", from == 0 ? "" : ", ", from,
                          (from + 1) % t.nodes);
    return text + "]}\n";
  }
  if (t.workload == "collective") {
    const double step_s = 0.002 + 120e3 / t.nodes / 10e6;
    return text + fmt::format("workload: {{kind: collective, bytes: 120kB, iterations: {}}}\n",
                              static_cast<int>(kLength_s / (steps * step_s)));
  }
  return text + fmt::format(
                    "workload: {{kind: quadratic, a: [3], b: [2], start: 5, updates: {},"
                    " optimizer: {{kind: sgd, lr: 0.01}}}}\n",
                    static_cast<int>(kLength_s / (steps * 0.002)));
}

class LostProcess : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { before_ = shared_memory(); }

  // Whether the process to be lost has said hello; the coordinator, whether all have.
  static bool has_said_hello(const WholeRun& run, const Trial& t) {
    const auto workers = run.workers();
    if (workers.size() < static_cast<std::size_t>(t.nodes)) return false;
    if (t.transport != "tcp") return run.socket_files("data") == workers.size();
    return std::all_of(workers.begin(), workers.end(),
                       [](pid_t pid) { return WholeRun::open_sockets(pid) >= 3; });
  }
  // Returns once the moment has come, with the process.
  static pid_t wait_for(WholeRun& run, const Trial& t) {
    const auto late = Clock::now() + 60s;
    if (t.moment == Moment::kBeforeHello) {
      const std::size_t wanted = t.is_coordinator() ? 1 : static_cast<std::size_t>(t.victim) + 1;
      comes_true(late, [&] { return run.has_ended() || run.workers().size() >= wanted; });
    } else {
      comes_true(late, [&] { return run.has_ended() || has_said_hello(run, t); });
      const auto [first, last] = t.moment == Moment::kReady ? std::pair{0.03, 0.08}
                                 : t.moment == Moment::kAmid
                                     ? std::pair{0.1 * kLength_s, 0.8 * kLength_s}
                                     : std::pair{0.9 * kLength_s, 1.2 * kLength_s};
      const std::chrono::duration<double> wait(first + t.share * (last - first));
      comes_true(Clock::now() + std::chrono::duration_cast<Clock::duration>(wait),
                 [&] { return run.has_ended(); });
    }
    if (t.is_coordinator()) return run.has_ended() ? 0 : run.pid();
    const auto workers = run.workers();
    return workers.size() > static_cast<std::size_t>(t.victim) ? workers[t.victim] : 0;
  }

  void expect_nothing_left(const WholeRun& run, Clock::time_point deadline) const {
    EXPECT_TRUE(comes_true(deadline, [&] { return run.processes().empty(); }));
    EXPECT_TRUE(fs::is_empty(run.sockets()));
    for (const std::string& name : shared_memory()) EXPECT_TRUE(before_.contains(name)) << name;
  }

  // A run may have ended before what is lost near its end.
  void expect_sentence(const WholeRun& run, const Trial& t, pid_t pid) const {
    if (run.exit_code() == 0 && t.moment == Moment::kNearEnd) return;
    EXPECT_EQ(run.exit_code(), 3) << run.err();
    const std::string name =
        fmt::format("rank {} (machine {}, process {})", t.victim, t.victim, pid);
    EXPECT_NE(run.err().find(name), std::string::npos) << run.err();
  }

  std::set<std::string> before_;
  TemporaryFolder folder_;
};

TEST_P(LostProcess, EndsTheRunAndLeavesNothing) {
  const Trial t = draw(GetParam());
  SCOPED_TRACE(t.text());
  std::cout << "             " << t.text() << std::endl;
  write_file(folder_ / "scenario.yaml", scenario_of(t));
  WholeRun run(folder_.path(), {"scenario.yaml", "--quiet", "--out", "run"});
  const pid_t pid = wait_for(run, t);
  if (pid == 0) {  // it had ended by itself
    EXPECT_EQ(t.moment, Moment::kNearEnd);
    ASSERT_TRUE(comes_true(Clock::now() + 10s, [&] { return run.has_ended(); }));
    EXPECT_EQ(run.exit_code(), 0) << run.err();
    return expect_nothing_left(run, Clock::now());
  }
  kill(pid, t.signal);
  const auto deadline = Clock::now() + kBound;
  if (!t.is_coordinator()) {
    EXPECT_TRUE(comes_true(deadline, [&] { return run.has_ended(); })) << "in time";
    ASSERT_TRUE(comes_true(deadline + 10s, [&] { return run.has_ended(); }));
    expect_sentence(run, t, pid);
    return expect_nothing_left(run, Clock::now() + 1s);
  }
  if (t.signal == SIGKILL) return expect_nothing_left(run, deadline);
  // Its workers end without it, and it when it wakes up.
  const auto is_alone = [&] { return run.processes() == std::vector<pid_t>{pid}; };
  EXPECT_TRUE(comes_true(deadline, is_alone)) << "in time";
  kill(pid, SIGCONT);
  ASSERT_TRUE(comes_true(Clock::now() + 5s, [&] { return run.has_ended(); }));
  EXPECT_TRUE(run.exit_code() == 3 || t.moment == Moment::kNearEnd) << run.err();
  expect_nothing_left(run, Clock::now() + 1s);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LostProcess, testing::Range(1, 51));

// An interrupt at any moment: bounded too, and the run goes on from its checkpoint to the same weights.
class InterruptedRun : public LostProcess {};

TEST_P(InterruptedRun, SavesAPointFromWhichItGoesOn) {
  Trial t = draw(GetParam());
  t.victim = t.nodes;
  t.signal = GetParam() % 2 == 0 ? SIGINT : SIGTERM;
  SCOPED_TRACE(t.text());
  write_file(folder_ / "scenario.yaml", scenario_of(t));
  const std::vector<std::string> arguments{"scenario.yaml", "--quiet", "--out", "run"};
  const fs::path folder = folder_.path();
  {
    WholeRun run(folder, arguments);
    if (const pid_t pid = wait_for(run, t); pid != 0) kill(pid, t.signal);
    EXPECT_TRUE(comes_true(Clock::now() + kBound, [&] { return run.has_ended(); })) << "in time";
    ASSERT_TRUE(comes_true(Clock::now() + 15s, [&] { return run.has_ended(); }));
    expect_nothing_left(run, Clock::now());
    if (run.exit_code() == 0 && t.moment == Moment::kNearEnd) return;
    ASSERT_EQ(run.exit_code(), 130) << run.err();
  }
  // A workload whose steps can be told apart has a point to stop at.
  if (t.workload == "quadratic" && t.moment == Moment::kAmid) {
    EXPECT_FALSE(fs::is_empty(folder / "run/checkpoints"));
  }
  const auto hash_of = [&](std::vector<std::string> how, const char* out) {
    WholeRun run(folder, std::move(how));
    EXPECT_TRUE(comes_true(Clock::now() + 60s, [&] { return run.has_ended(); }));
    EXPECT_EQ(run.exit_code(), 0) << run.err();
    const auto summary = nlohmann::json::parse(content(folder / out / "summary.json"));
    return summary["runs"][0]["repeats"][0]["weights_hash"].get<std::string>();
  };
  const auto resumed = hash_of({"scenario.yaml", "--quiet", "--out", "run", "--resume"}, "run");
  EXPECT_EQ(
      resumed,
      hash_of({"scenario.yaml", "--quiet", "--out", "whole", "--set", "mode=virtual"}, "whole"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, InterruptedRun, testing::Range(101, 113));

}  // namespace
}  // namespace understudy
