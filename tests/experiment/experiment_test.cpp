// Whole experiments on quadratics: what shares weights, what resuming and threads leave unchanged.
#include "runtime/base/errors.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

const std::string kQuadratic = R"(
seed: 3
repeats: 2
topology: {kind: cluster, machines: 2, devices_per_machine: 1}
workload: {kind: quadratic, a: [1, 10], b: [0, 1], start: 5, updates: 4, optimizer: {kind: sgd, lr: 0.1}}
strategy: {kind: allreduce, collective: ring}
)";
const std::string kOverNetworks =
    kQuadratic + "sweep: {network.kind: [ideal, queued, fair_share]}\n";

TEST(Experiment, RunsThatDifferInTimingShareTheFirstOnesWeights) {
  const auto plan = plan_units(experiment_of(kOverNetworks), false);
  ASSERT_EQ(plan.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(plan[i].key, (UnitKey{i / 2, i % 2}));
    if (i < 2) {
      EXPECT_FALSE(plan[i].weights_of);
    } else {
      EXPECT_EQ(plan[i].weights_of, (UnitKey{0, i % 2}));
    }
  }
  for (const PlannedUnit& unit : plan_units(experiment_of(kOverNetworks), true))
    EXPECT_FALSE(unit.weights_of);
}

// A donor with fewer repeats gives what it has.
TEST(Experiment, RepeatsThatTheDonorLacksTrain) {
  const Experiment experiment = experiment_of(kQuadratic + "sweep: {repeats: [1, 3]}\n");
  const auto plan = plan_units(experiment, false);
  ASSERT_EQ(plan.size(), 4u);
  EXPECT_EQ(plan[1].weights_of, (UnitKey{0, 0}));
  EXPECT_FALSE(plan[2].weights_of);
  EXPECT_FALSE(plan[3].weights_of);
  EXPECT_EQ(run_all(experiment).size(), 4u);
}

TEST(Experiment, MeasuredTimesShareNothing) {
  const Experiment experiment = experiment_of(kOverNetworks + "devices: {cost: measured}\n");
  for (const PlannedUnit& unit : plan_units(experiment, false)) EXPECT_FALSE(unit.weights_of);
}

// x' = x - lr (a0 (x - b0) + a1 (x - b1)) / 2 = x - 0.1 (11 x - 10) / 2, whatever the network.
TEST(Experiment, FollowsTheClosedFormUnderEveryNetwork) {
  for (const Unit& unit : run_all(experiment_of(kOverNetworks))) {
    double x = 5;
    std::vector<double> recorded;
    for (const Sample& s : unit.samples[1]) {
      if (s.name == "x") recorded.push_back(s.value);
    }
    ASSERT_EQ(recorded.size(), 4u);
    for (const double value : recorded) {
      x -= 0.1 * (11 * x - 10) / 2;
      EXPECT_NEAR(value, x, 1e-14);
    }
    EXPECT_EQ(unit.updates, 4);
    EXPECT_FALSE(unit.weights_hash.empty());
  }
}

TEST(Experiment, TrainingEveryRunGivesTheSharedWeights) {
  const auto shared = run_all(experiment_of(kOverNetworks));
  const auto trained = run_all(experiment_of(kOverNetworks), {.retrain = true});
  ASSERT_EQ(shared.size(), trained.size());
  for (std::size_t i = 0; i < shared.size(); ++i) {
    EXPECT_EQ(shared[i].weights_hash, trained[i].weights_hash);
    EXPECT_EQ(shared[i].time, trained[i].time);
  }
  EXPECT_EQ(records_without_wall_time(shared), records_without_wall_time(trained));
}

TEST(Experiment, ThreadsChangeNothing) {
  const Experiment experiment = experiment_of(kOverNetworks);
  EXPECT_EQ(records_without_wall_time(run_all(experiment, {.jobs = 1})),
            records_without_wall_time(run_all(experiment, {.jobs = 4})));
}

TEST(Experiment, GoesOnWithWhatIsFinished) {
  const Experiment experiment = experiment_of(kOverNetworks);
  const auto whole = run_all(experiment);
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  Unit kept = whole[1];
  kept.wall_s = 12345;
  directory.save(kept);
  const auto resumed = run_experiment(experiment, directory, {}).units;
  EXPECT_EQ(resumed[1].wall_s, 12345);  // taken, not run again
  EXPECT_EQ(records_without_wall_time(resumed), records_without_wall_time(whole));
}

TEST(Experiment, AnInterruptKeepsWhatIsFinished) {
  const Experiment experiment = experiment_of(kOverNetworks);
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  std::atomic<bool> interrupt = false;
  ExperimentOptions options;
  options.interrupt = &interrupt;
  options.on_finished = [&](const Unit&) { interrupt = true; };
  const ExperimentResult result = run_experiment(experiment, directory, options);
  EXPECT_EQ(directory.units().size(), result.units.size());
  const auto resumed = run_experiment(experiment, directory, {}).units;
  EXPECT_EQ(records_without_wall_time(resumed), records_without_wall_time(run_all(experiment)));
}

// Two workers on one device take turns: each update computes for twice as long as on two devices,
// and what they exchange stays on the device.
TEST(Experiment, NodesOnOneDeviceQueueForIt) {
  const std::string yaml = R"(
devices: {profiles: {slow: {compute: 1Mflop/s}}}
workload: {kind: quadratic, updates: 3}
topology: {kind: cluster, device: slow}
network: {kind: ideal}
)";
  const auto seconds = [&](const char* sets) {
    return to_seconds(run_all(experiment_of(yaml, {sets})).at(0).time);
  };
  const double one = seconds("topology.devices_per_machine=1");
  EXPECT_GT(one, 0);
  EXPECT_GE(seconds("topology.nodes_per_device=2"), 2 * one);
}

// Every iteration of a collective is a safe point.
TEST(Experiment, ACollectiveGoesOnWhereItStood) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: cluster, machines: 3}
network: {kind: queued}
workload: {kind: collective, bytes: 1MB, iterations: 4}
)");
  UnitTask task;
  task.scenario = &experiment.runs[0].scenario;
  std::vector<WorldSnapshot> safe_points;
  task.on_safe_point = [&](const WorldSnapshot& world) { safe_points.push_back(world); };
  const Unit whole = run_unit(task);
  ASSERT_EQ(safe_points.size(), 4u);
  task.on_safe_point = nullptr;
  for (const WorldSnapshot& safe_point : safe_points) {
    task.resume = &safe_point;
    const Unit resumed = run_unit(task);
    EXPECT_EQ(resumed.time, whole.time);
    EXPECT_EQ(records_without_wall_time({resumed}), records_without_wall_time({whole}));
  }
}

TEST(Experiment, ADedicatedServerWithOneWorkerHasNothingToDo) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: star, nodes: 1}
workload: {kind: quadratic, a: [2], b: [1], start: 3, updates: 2, optimizer: {kind: sgd, lr: 0.25}}
strategy: {kind: allreduce, collective: parameter_server, server: dedicated}
)");
  const Unit unit = run_all(experiment).at(0);
  EXPECT_EQ(unit.samples[0].back().name, "train_loss");
  EXPECT_DOUBLE_EQ(unit.samples[0][2].value, 1.5);  // 3 - 0.5 (3 - 1) = 2, then 2 - 0.5 (2 - 1)
}

// 2 x 900 h through four stores and forwards are past the 106 days of the clock.
TEST(Experiment, ATimePastTheEndOfTimeFailsTheRun) {
  for (const char* network : {"queued", "fair_share", "ideal"}) {
    const Experiment experiment = experiment_of(
        "topology: {kind: path, nodes: 3, links: [{bandwidth: 1Gbit/s, latency: 2000h}]}\n"
        "workload: {kind: traffic, flows: [{from: 0, to: 2}]}\n",
        {std::string("network.kind=") + network});
    EXPECT_ANY_THROW(run_all(experiment)) << network;
  }
  const Experiment measured = experiment_of(
      "topology: {kind: ring, nodes: 2, device: cpu}\n"
      "devices: {cost: measured, factor: 1e15}\n"
      "workload: {kind: quadratic, updates: 2}\n");
  EXPECT_ANY_THROW(run_all(measured));
}

// 1 MB/s each way, and from node 0 to node 1 nothing gets through.
TEST(Experiment, AFlowIsGivenUpAtItsDeadline) {
  const char* const yaml = R"(
topology: {kind: path, nodes: 2, links: [{bandwidth: 8Mbit/s, latency: 0s}]}
network: {kind: ideal, impairments: [{links: "node0->node1", loss: {kind: bernoulli, probability: 1}}], reliability: {kind: none}}
workload:
  kind: traffic
  flows:
    - {from: 0, to: 1, start: 1s, deadline: 2s}
    - {from: 1, to: 0, start: 1s, deadline: 2s}
    - {from: 1, to: 0, bytes: 3MB, start: 1s, deadline: 2s}
    - {from: 1, to: 0, bytes: 2MB, start: 1s, deadline: 2s}
)";
  const Unit unit = run_all(experiment_of(yaml)).at(0);
  std::map<std::string, std::map<int, double>> values;
  for (const auto& samples : unit.samples) {
    for (const Sample& s : samples) values[s.name][s.position.step.value()] = s.value;
  }
  EXPECT_EQ(values["start_s"], (std::map<int, double>{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
  EXPECT_EQ(values["delivered"], (std::map<int, double>{{0, 0}, {1, 1}, {2, 0}, {3, 1}}));
  EXPECT_EQ(values["finish_s"], (std::map<int, double>{{1, 2}, {3, 3}}));
  EXPECT_EQ(values["rate"], (std::map<int, double>{{1, 1e6}, {3, 1e6}}));
  EXPECT_EQ(unit.time, kStart + std::chrono::seconds(3));
  EXPECT_THROW(run_all(experiment_of(yaml, {"workload.flows[0].deadline=null"})), TransportError);
}

// No data set has so many samples; one that is missing fails alike.
TEST(Experiment, AFailureInOneRunIsThrown) {
  const Experiment experiment = experiment_of(R"(
topology: {kind: cluster, machines: 2}
workload: {kind: image_classifier, dataset: fashion_mnist, model: logistic, train_limit: 70000}
sweep: {seed: [1, 2, 3]}
)");
  ExperimentOptions options{.jobs = 2};
  options.make_learner = [](const Model& model) { return std::make_unique<DryLearner>(model); };
  EXPECT_THROW(run_all(experiment, options), DataError);
}

TEST(Experiment, RepeatsDrawFromSeedsThatNeverMeet) {
  EXPECT_EQ(repeat_seed(7, 0), 7u);
  EXPECT_GT(repeat_seed(7, 1), 7u + 1'000'000);  // seed + epoch is the sampler's
}

}  // namespace
}  // namespace understudy
