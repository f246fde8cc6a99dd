// Whole runs in processes of their own, over every transport: the same bits as in virtual time, and an
// end that names who is to blame and leaves nothing behind.
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "runtime/base/errors.hpp"
#include "tests/emulation/emulated_runs.hpp"

namespace understudy {
namespace {

std::string quadratic(int nodes, const std::string& collective) {
  return "topology: {kind: mesh, nodes: " + std::to_string(nodes) +
         ", bandwidth: 1Gbit/s, latency: 100us}\n"
         "workload: {kind: quadratic, a: [3], b: [2], start: 5, updates: 7,"
         " optimizer: {kind: sgd, lr: 0.1}}\n"
         "strategy: {kind: allreduce, collective: " +
         collective + "}\n";
}

TEST_F(EmulatedRuns, EndWithTheBitsOfVirtualTime) {
  for (const char* transport : {"shared_memory", "ipc", "tcp"}) {
    for (const int nodes : {1, 2, 4, 8}) {
      const std::string yaml = quadratic(nodes, "tree");
      const Unit expected = run(scenario_of(yaml));
      const Unit actual =
          run(scenario_of(yaml + "mode: emulated\nemulation: {transport: " + transport + "}\n"));
      EXPECT_EQ(actual.weights_hash, expected.weights_hash) << transport << " " << nodes;
      ASSERT_EQ(actual.samples.size(), expected.samples.size());
      for (std::size_t rank = 0; rank < expected.samples.size(); ++rank) {
        ASSERT_EQ(actual.samples[rank].size(), expected.samples[rank].size());
        for (std::size_t i = 0; i < expected.samples[rank].size(); ++i)
          EXPECT_EQ(actual.samples[rank][i].value, expected.samples[rank][i].value);
        EXPECT_EQ(actual.nodes[rank].bytes_sent, expected.nodes[rank].bytes_sent);
        EXPECT_EQ(actual.nodes[rank].messages, expected.nodes[rank].messages);
      }
    }
  }
}

TEST_F(EmulatedRuns, EveryCollectiveComesToTheSameSum) {
  for (const char* collective : {"ring", "halving_doubling", "parameter_server"}) {
    const std::string yaml = quadratic(3, collective);
    EXPECT_EQ(run(scenario_of(yaml + "mode: emulated\n")).weights_hash,
              run(scenario_of(yaml)).weights_hash)
        << collective;
  }
}

// In one order, whatever the collective, they come to the very bits of each other too.
TEST_F(EmulatedRuns, OrderedReductionsHaveTheSameBits) {
  const std::string unlike =
      "topology: {kind: mesh, nodes: 4, bandwidth: 1Gbit/s, latency: 100us}\n"
      "workload: {kind: quadratic, a: [0.1, 0.7, 1.3, 3.1], b: [0.3, 2, 1e3, 7e-3], start: 5,"
      " updates: 9, optimizer: {kind: sgd, lr: 0.1}}\n"
      "strategy: {kind: allreduce, reduction: ordered, collective: ";
  const std::string expected = run(scenario_of(unlike + "tree}\n")).weights_hash;
  for (const char* collective : {"tree", "halving_doubling", "parameter_server", "hierarchical"}) {
    EXPECT_EQ(run(scenario_of(unlike + collective + "}\nmode: emulated\n")).weights_hash, expected)
        << collective;
  }
}

// No message is there before the network has brought it, whatever the machine's load.
TEST_F(EmulatedRuns, NothingArrivesBeforeItsTime) {
  const std::string yaml =
      "topology: {kind: path, nodes: 3, links: [{bandwidth: 10Mbit/s, latency: 1ms},"
      " {bandwidth: 20Mbit/s, latency: 2ms}]}\n"
      "workload: {kind: traffic, flows: [{from: 0, to: 2, bytes: 100kB, start: 0s},"
      " {from: 1, to: 2, bytes: 10kB, start: 20ms}]}\n";
  const auto finish = [](const Unit& unit) {
    std::map<int, double> times;
    for (const Sample& s : unit.samples[2])
      if (s.name == "finish_s") times[*s.position.step] = s.value;
    return times;
  };
  const auto expected = finish(run(scenario_of(yaml)));
  const auto actual = finish(run(scenario_of(yaml + "mode: emulated\nemulation: {dilation: 2}\n")));
  ASSERT_EQ(actual.size(), 2u);
  for (const auto& [flow, time] : expected) EXPECT_GE(actual.at(flow), time - 1e-9) << flow;
}

// A process group's worth of workers, one of which is killed, or stopped.
class LostWorker : public EmulatedRuns, public testing::WithParamInterface<int> {};

TEST_P(LostWorker, IsNamedAndEndsTheRun) {
  const Scenario scenario = scenario_of(
      "mode: emulated\n"
      "topology: {kind: mesh, nodes: 3, bandwidth: 1Gbit/s, latency: 1ms}\n"
      "workload: {kind: collective, bytes: 10kB, iterations: 1000000}\n"
      "emulation: {timeout: 1s}\n");
  std::atomic<bool> over = false;
  std::thread killer([&over] {
    std::vector<pid_t> workers;
    while (workers.size() < 3 && !over) workers = children();
    if (!over) kill(workers[1], GetParam());
  });
  try {
    run(scenario);
    ADD_FAILURE() << "the run went on";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.exit_code(), ExitCode::kPeerFailed);
    const std::string sentence = problem.what();
    EXPECT_NE(sentence.find("rank 1 (machine 1, process "), sentence.npos) << sentence;
    EXPECT_NE(sentence.find(GetParam() == SIGKILL ? "was killed by signal 9" : "has not answered"),
              sentence.npos)
        << sentence;
  }
  over = true;
  killer.join();
}

INSTANTIATE_TEST_SUITE_P(Signals, LostWorker, testing::Values(SIGKILL));

TEST_F(EmulatedRuns, AnInterruptSavesAPointFromWhichTheRunGoesOn) {
  const std::string yaml =
      "mode: emulated\n"
      "topology: {kind: mesh, nodes: 2, bandwidth: 1Gbit/s, latency: 1ms}\n"
      "workload: {kind: quadratic, a: [3], b: [2], start: 5, updates: 400,"
      " optimizer: {kind: sgd, lr: 0.01}}\n";
  const Scenario scenario = scenario_of(yaml);
  std::atomic<bool> interrupt = false;
  std::atomic<std::int64_t> gradients = 0;
  std::optional<WorldSnapshot> saved;
  UnitTask task;
  task.scenario = &scenario;
  task.launch = &launch_;
  task.make_learner = no_learner;
  task.interrupt = &interrupt;
  task.gradients = &gradients;
  task.on_safe_point = [&](const WorldSnapshot& world) { saved = world; };
  std::thread user([&] {
    while (gradients == 0) std::this_thread::yield();
    interrupt = true;
  });
  EXPECT_THROW(run_unit(task), Interrupted);
  user.join();
  ASSERT_TRUE(saved);
  EXPECT_LT(saved->samples[0].size(), 800u);  // two a step
  interrupt = false;
  task.resume = &*saved;
  const Unit resumed = run_unit(task);
  Scenario in_virtual_time = scenario;
  in_virtual_time.mode = Mode::kVirtual;
  const Unit whole = run(in_virtual_time);
  EXPECT_EQ(resumed.weights_hash, whole.weights_hash);
  ASSERT_EQ(resumed.samples[0].size(), whole.samples[0].size());
  for (std::size_t i = 0; i < whole.samples[0].size(); ++i)
    EXPECT_EQ(resumed.samples[0][i].value, whole.samples[0][i].value);
}

}  // namespace
}  // namespace understudy
