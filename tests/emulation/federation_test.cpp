// Federations and gossip with a process for each node: the records of virtual time, and a run that goes
// on without a node that it loses.
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "runtime/base/errors.hpp"
#include "tests/emulation/emulated_runs.hpp"

namespace understudy {
namespace {

class FederatedProcesses : public EmulatedRuns {
 protected:
  // Of each node: name, round and value of what it has recorded of the training.
  using Records = std::vector<std::vector<std::tuple<std::string, int, double>>>;
  static Records records_of(const Unit& unit) {
    Records records(unit.samples.size());
    for (std::size_t rank = 0; rank < records.size(); ++rank) {
      for (const Sample& s : unit.samples[rank])
        if (!s.name.ends_with("_s") && s.name != "curvature_share")
          records[rank].emplace_back(s.name, *s.position.round, s.value);
      std::sort(records[rank].begin(), records[rank].end());
    }
    return records;
  }
  void expect_the_records_of_virtual_time(const std::string& yaml) {
    const Unit expected = run(scenario_of(yaml));
    const Unit actual = run(scenario_of(yaml + "mode: emulated\n"));
    EXPECT_EQ(actual.weights_hash, expected.weights_hash);
    EXPECT_EQ(records_of(actual), records_of(expected));
  }
  // Kills the rank once so many gradients have been computed.
  Unit run_and_kill(const Scenario& scenario, std::size_t rank, std::int64_t gradients) {
    std::atomic<std::int64_t> computed = 0;
    UnitTask task;
    task.scenario = &scenario;
    task.launch = &launch_;
    task.make_learner = no_learner;
    task.gradients = &computed;
    std::atomic<bool> over = false;
    std::thread killer([&] {
      while (computed < gradients && !over) std::this_thread::yield();
      if (!over) kill(children().at(rank), SIGKILL);
    });
    struct Join {
      std::atomic<bool>& over;
      std::thread& thread;
      ~Join() {
        over = true;
        thread.join();
      }
    } join{over, killer};
    return run_unit(task);
  }
};

const std::string kStar =
    "topology: {kind: star, nodes: 4, bandwidth: 10Mbit/s, latency: 1ms}\n"
    "workload: {kind: quadratic, a: [1, 2, 3, 5], b: [0, 1, 2, 4], start: 5}\n";

TEST_F(FederatedProcesses, RecordWhatTheyDoInVirtualTime) {
  for (const char* algorithm : {"fedavg", "scaffold", "ditto", "apfl"}) {
    SCOPED_TRACE(algorithm);
    expect_the_records_of_virtual_time(kStar +
                                       "strategy: {kind: federated, algorithm: " + algorithm +
                                       ", rounds: 5, cohort: 3, local_steps: 2, lr: 0.05}\n");
  }
}

TEST_F(FederatedProcesses, MakeAnswersSmallerLikewise) {
  for (const char* upload : {"kind: top_k, share: 50%", "kind: quantised, bits: 8",
                             "kind: quantised, bits: 4, error_feedback: true"}) {
    SCOPED_TRACE(upload);
    expect_the_records_of_virtual_time(
        "topology: {kind: star, nodes: 4, bandwidth: 10Mbit/s, latency: 1ms}\n"
        "workload: {kind: quadratic, a: [1, 2, 3, 5], b: [0, 1, 2, 4], start: 5, layers: 4}\n"
        "strategy: {kind: federated, algorithm: ditto, rounds: 5, cohort: 3, local_steps: 2,"
        " lr: 0.05, upload: {" +
        std::string(upload) + "}}\n");
  }
}

TEST_F(FederatedProcesses, AreThereInTheSameRounds) {
  expect_the_records_of_virtual_time(
      kStar +
      "strategy: {kind: federated, rounds: 8, cohort: 2, local_steps: 2, lr: 0.05,"
      " availability: {kind: bernoulli, probability: 50%}}\n");
}

// Each trains one at a time with the others' turns between, whichever time that takes: a cohort of one
// leaves no order to chance.
TEST_F(FederatedProcesses, FillABufferOfOneLikewise) {
  expect_the_records_of_virtual_time(
      kStar +
      "strategy: {kind: federated, rounds: 8, cohort: 1, local_steps: 2, lr: 0.05,"
      " aggregation: buffered, buffer: 1}\n");
}

// Client 0 for the first half of each 400 ms of the scenario's clock, client 1 for the second: a run of
// many rounds hears from both, and never from two others.
TEST_F(FederatedProcesses, FollowATraceByTheirClock) {
  const std::filesystem::path file = sockets_.string() + "-trace.csv";
  std::ofstream(file) << "client,on_s,off_s\n0,0,0.2\n1,0.2,0.4\n3,0.39,0.4\n";
  const Unit unit =
      run(scenario_of(kStar +
                      "strategy: {kind: federated, rounds: 120, local_steps: 1, lr: 0.05,"
                      " availability: {kind: trace, file: " +
                      file.string() +
                      ", period: 400ms}}\n"
                      "mode: emulated\n"));
  std::filesystem::remove(file);
  EXPECT_FALSE(unit.samples[0].empty());
  EXPECT_FALSE(unit.samples[1].empty());
  EXPECT_TRUE(unit.samples[2].empty());
  std::vector<double> answers;
  for (const Sample& s : unit.samples[4])
    if (s.name == "answers") answers.push_back(s.value);
  ASSERT_EQ(answers.size(), 120u);
  for (const double count : answers) EXPECT_TRUE(count == 1 || count == 2) << count;
}

TEST_F(FederatedProcesses, GossipLikewise) {
  const std::string path =
      "topology: {kind: path, nodes: 3, links: [{bandwidth: 10Mbit/s, latency: 4ms},"
      " {bandwidth: 10Mbit/s, latency: 1ms}]}\n"
      "workload: {kind: quadratic, a: [1, 2, 3], b: [0, 1, 2], start: 5}\n";
  for (const char* algorithm :
       {"averaging", "d_psgd", "connect, variant: damped, eigenpairs: 1",
        "averaging, graphs: [{kind: one_peer_exponential}, {kind: edges, edges: [0-2, 1>0]}]"}) {
    SCOPED_TRACE(algorithm);
    expect_the_records_of_virtual_time(
        path + "strategy: {kind: gossip, algorithm: " + algorithm +
        ", rounds: 13, availability: 80%, local_steps: 2, lr: 0.05}\n");
  }
}

// With equal curvature, and the models averaged, the fixed point is the mean of the minima of who is
// left: (0 + 6 + 9) / 3.
constexpr double kWithoutTheSecond = 5;
const std::string kParabolas =
    "workload: {kind: quadratic, a: [1], b: [0, 3, 6, 9], start: 4}\n"
    "mode: emulated\n"
    "emulation: {on_loss: continue}\n";

TEST_F(FederatedProcesses, GoOnWithoutAClientThatIsLost) {
  const Scenario scenario = scenario_of(
      kParabolas +
      "topology: {kind: star, nodes: 4, bandwidth: 100Mbit/s, latency: 1ms}\n"
      "strategy: {kind: federated, algorithm: fedavg, rounds: 600, local_steps: 1, lr: 0.2}\n");
  const Unit unit = run_and_kill(scenario, 1, 40);
  ASSERT_TRUE(unit.emulation);
  ASSERT_EQ(unit.emulation->lost.size(), 1u);
  EXPECT_EQ(unit.emulation->lost[0].rank, Rank{1});
  EXPECT_NE(unit.notice.find("went on without rank 1"), unit.notice.npos);
  double x = 0, answers = 0;
  for (const Sample& s : unit.samples[4]) {
    if (s.name == "x") x = s.value;
    if (s.name == "answers") answers = s.value;
  }
  EXPECT_EQ(answers, 3);
  EXPECT_NEAR(x, kWithoutTheSecond, 1e-6);
}

TEST_F(FederatedProcesses, GossipGoesOnWithoutANodeThatIsLost) {
  const Scenario scenario =
      scenario_of(kParabolas +
                  "topology: {kind: mesh, nodes: 4, bandwidth: 100Mbit/s, latency: 1ms}\n"
                  "strategy: {kind: gossip, rounds: 600, local_steps: 1, lr: 0.2}\n");
  const Unit unit = run_and_kill(scenario, 1, 40);
  ASSERT_EQ(unit.emulation->lost.size(), 1u);
  for (const std::size_t rank : {0u, 2u, 3u}) {
    EXPECT_EQ(unit.samples[rank].back().position.round, 600);
    for (const Sample& s : unit.samples[rank])
      if (s.name == "x" && s.position.round == 600) {
        EXPECT_NEAR(s.value, kWithoutTheSecond, 1e-6) << rank;
      }
  }
}

TEST_F(FederatedProcesses, EndWithoutTheServer) {
  const Scenario scenario =
      scenario_of(kParabolas +
                  "topology: {kind: star, nodes: 4, bandwidth: 100Mbit/s, latency: 1ms}\n"
                  "strategy: {kind: federated, rounds: 100000, local_steps: 1, lr: 0.2}\n");
  try {
    run_and_kill(scenario, 4, 40);
    ADD_FAILURE() << "the run went on";
  } catch (const Error& problem) {
    EXPECT_EQ(problem.exit_code(), ExitCode::kPeerFailed);
    EXPECT_NE(std::string(problem.what()).find("rank 4"), std::string::npos) << problem.what();
  }
}

// Nobody stops to be observed there: every round is seen at the end, with the time that it ended at.
TEST_F(FederatedProcesses, SeeRoundsThatDependOnTimeAtTheEnd) {
  const Unit unit = run(scenario_of(
      kStar +
      "strategy: {kind: federated, algorithm: ditto, rounds: 6, local_steps: 1, deadline: 300ms}\n"
      "mode: emulated\n"));
  std::vector<TimePoint> times;
  for (const Sample& s : unit.samples[4])
    if (s.name == "x") times.push_back(s.time);
  ASSERT_EQ(times.size(), 6u);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_LT(times.front(), times.back());
  EXPECT_EQ(std::count_if(unit.samples[2].begin(), unit.samples[2].end(),
                          [](const Sample& s) { return s.name == "personal_x"; }),
            6);
}

// Its place in the cohort is another client's. Answers count alike, by samples of one each, and whoever
// is left is asked: x ends between their minima, and every round has the answers that it is to have.
TEST_F(FederatedProcesses, FillABufferWithoutAClientThatIsLost) {
  const Scenario scenario =
      scenario_of(kParabolas +
                  "topology: {kind: star, nodes: 4, bandwidth: 100Mbit/s, latency: 1ms}\n"
                  "strategy: {kind: federated, rounds: 600, cohort: 3, local_steps: 1, lr: 0.2,"
                  " aggregation: buffered, buffer: 2}\n");
  const Unit unit = run_and_kill(scenario, 1, 40);
  ASSERT_TRUE(unit.emulation);
  ASSERT_EQ(unit.emulation->lost.size(), 1u);
  EXPECT_EQ(unit.emulation->lost[0].rank, Rank{1});
  std::vector<double> x, answers;
  for (const Sample& s : unit.samples[4]) {
    if (s.name == "x") x.push_back(s.value);
    if (s.name == "answers") answers.push_back(s.value);
  }
  ASSERT_EQ(answers.size(), 600u);
  for (const double count : answers) EXPECT_EQ(count, 2);
  EXPECT_GT(x.back(), 0);
  EXPECT_LT(x.back(), 9);
}

}  // namespace
}  // namespace understudy
