// Reading: every field arrives where it belongs; --set lies over the file; the design's own
// examples are valid.
#include <variant>

#include <gmock/gmock.h>

#include "runtime/base/errors.hpp"
#include "scenarios/sweep.hpp"
#include "tests/scenarios/examples.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

TEST(Read, FieldsOfACluster) {
  const auto c = std::get<ClusterConfig>(scenario_of(kEveryField[0]).topology);
  EXPECT_EQ(c.machines, 3);
  EXPECT_EQ(c.devices_per_machine, 4);
  EXPECT_EQ(c.device, "mine");
  EXPECT_EQ(c.intra.bandwidth.bits_per_s, 96e9);
  EXPECT_EQ(c.intra.latency, 11us);
  EXPECT_EQ(c.inter.bandwidth.bits_per_s, 2.5e9);
  EXPECT_EQ(c.inter.latency, 201us);
  EXPECT_TRUE(c.server);
}

TEST(Read, FieldsOfTheScenarioItself) {
  const Scenario s = scenario_of(kEveryField[0]);
  EXPECT_EQ(s.name, "everything");
  EXPECT_EQ(s.seed, 18446744073709551615u);
  EXPECT_EQ(s.repeats, 5);
  EXPECT_TRUE(std::holds_alternative<QueuedConfig>(s.network));
  ASSERT_EQ(s.expect.size(), 2u);
  EXPECT_TRUE(s.expect.at("test_accuracy").holds(0.75));
  EXPECT_FALSE(s.expect.at("test_accuracy").holds(0.7499));
  EXPECT_FALSE(s.expect.at("test_loss").holds(0.5));
  EXPECT_EQ(s.report.question, "Does it: \"work\"?\nIt must - # surely");
  EXPECT_TRUE(s.sweep.is_map());
}

TEST(Read, FieldsOfDevices) {
  const DevicesConfig devices = scenario_of(kEveryField[0]).devices;
  EXPECT_EQ(devices.cost, CostKind::kMeasured);
  EXPECT_EQ(devices.factor, 0.25);
  const DeviceProfile& profile = devices.profiles.at("mine");
  EXPECT_DOUBLE_EQ(profile.flops_per_s, 29.8e12);
  EXPECT_DOUBLE_EQ(profile.memory_bytes_per_s, 760e9);
  EXPECT_EQ(profile.launch_overhead, 5us);
  EXPECT_DOUBLE_EQ(profile.copy_bytes_per_s, 12.5e9);
  EXPECT_EQ(profile.load_samples_per_s, 20000);
}

TEST(Read, FieldsOfAnImageClassifier) {
  const auto w = std::get<ImageClassifierConfig>(scenario_of(kEveryField[0]).workload);
  EXPECT_EQ(w.dataset, "mnist");
  EXPECT_EQ(w.model.kind, "lenet");
  EXPECT_EQ(w.batch, 72);
  EXPECT_EQ(w.batch_scope, BatchScope::kGlobal);
  EXPECT_EQ(w.epochs, 2.5);
  EXPECT_FALSE(w.updates.has_value());
  EXPECT_EQ(w.train_limit, 4096);
  EXPECT_EQ(w.test_limit, 2000);
  EXPECT_DOUBLE_EQ(w.dropout, 0.2);
  EXPECT_EQ(w.lr_scaling, LrScaling::kSqrt);
  EXPECT_FALSE(w.sampler.shuffle);
  EXPECT_FALSE(w.sampler.set_epoch);
  EXPECT_TRUE(w.sampler.drop_last);
  EXPECT_EQ(w.evaluation, EvaluationScope::kPerShard);
  EXPECT_EQ(w.evaluate_every, 7);
}

TEST(Read, FieldsOfAModelOfAFileAndOfEarlyStopping) {
  const Scenario scenario = scenario_of(kEveryField[4]);
  EXPECT_EQ(scenario.keep_weights, KeepWeights::kBest);
  const auto w = std::get<ImageClassifierConfig>(scenario.workload);
  EXPECT_EQ(w.model.kind, "torchscript");
  EXPECT_THAT(w.model.file.path, testing::EndsWith("torchscript/net.pt"));
  EXPECT_THAT(w.model.weights.path, testing::EndsWith("torchscript/after.pt"));
  EXPECT_EQ(w.model.flops, 1e6);
  EXPECT_DOUBLE_EQ(w.validation, 0.1);
  ASSERT_TRUE(w.early_stopping);
  EXPECT_EQ(w.early_stopping->patience, 4);
  EXPECT_DOUBLE_EQ(w.early_stopping->min_delta, 0.01);
  EXPECT_EQ(std::get<SgdConfig>(w.optimizer).clip_norm, 2.5);
}

TEST(Read, FieldsOfOptimizersAndSchedules) {
  const auto w = std::get<ImageClassifierConfig>(scenario_of(kEveryField[0]).workload);
  const auto sgd = std::get<SgdConfig>(w.optimizer);
  EXPECT_EQ(sgd.lr, 0.02);
  EXPECT_EQ(sgd.momentum, 0.9);
  EXPECT_EQ(sgd.weight_decay, 5e-4);
  EXPECT_TRUE(sgd.nesterov);
  EXPECT_EQ(std::get<WarmupSchedule>(w.schedule).updates, 123);
  EXPECT_DOUBLE_EQ(std::get<WarmupSchedule>(w.schedule).start_fraction, 0.05);
  const auto stepped = std::get<ImageClassifierConfig>(scenario_of(kEveryField[4]).workload);
  EXPECT_EQ(stepped.updates, 100);
  EXPECT_EQ(std::get<StepSchedule>(stepped.schedule).every_epochs, 0.5);
  EXPECT_EQ(std::get<StepSchedule>(stepped.schedule).gamma, 0.3);
  const auto cosine = std::get<ImageClassifierConfig>(scenario_of(kEveryField[5]).workload);
  EXPECT_EQ(std::get<CosineSchedule>(cosine.schedule).final_fraction, 0.01);
}

TEST(Read, FieldsOfAStrategy) {
  const auto s = std::get<AllreduceConfig>(scenario_of(kEveryField[0]).strategy);
  EXPECT_EQ(s.collective.kind, CollectiveKind::kParameterServer);
  EXPECT_EQ(s.collective.server, ServerPlacement::kDedicated);
  EXPECT_EQ(s.collective.reduction, Reduction::kOrdered);
  EXPECT_EQ(s.bucket.count, 1 << 20);
  EXPECT_FALSE(s.overlap);
}

TEST(Read, FieldsOfAFederation) {
  const Scenario scenario = scenario_of(kEveryField[8]);
  const auto s = std::get<FederatedConfig>(scenario.strategy);
  EXPECT_EQ(s.algorithm, FederatedKind::kSuperFedLm);
  EXPECT_EQ(s.rounds, 12);
  EXPECT_EQ(s.cohort, 5);
  EXPECT_EQ(s.local_epochs, 3);
  EXPECT_EQ(s.lr, 0.05);
  EXPECT_EQ(s.settings.mu, 0.1);
  EXPECT_EQ(s.settings.nu, 1.5);
  EXPECT_EQ(s.settings.personal_from, 0.25);
  EXPECT_EQ(s.settings.mixing, 0.6);
  EXPECT_EQ(s.validation, 0.15);
  EXPECT_EQ(s.deadline, 30s);
  EXPECT_EQ(s.over_selection, 1.5);
  EXPECT_EQ(s.late, LateAnswers::kStale);
  EXPECT_EQ(s.empty_round, EmptyRound::kRepeat);
  const auto w = std::get<ImageClassifierConfig>(scenario.workload);
  EXPECT_EQ(std::get<ShardsPartition>(w.partition).per_node, 3);
  EXPECT_EQ(std::get<PairLabelNoise>(w.label_noise).rate, 0.1);
  const auto adam = std::get<FederatedConfig>(scenario_of(kEveryField[10]).strategy);
  EXPECT_EQ(adam.participation, 0.5);
  EXPECT_EQ(adam.local_steps, 6);
  EXPECT_EQ(adam.settings.server_lr, 0.2);
  EXPECT_EQ(adam.settings.beta1, 0.8);
  EXPECT_EQ(adam.settings.beta2, 0.95);
  EXPECT_EQ(adam.settings.tau, 0.01);
}

TEST(Read, FieldsOfGossip) {
  const Scenario scenario = scenario_of(kEveryField[9]);
  const auto s = std::get<GossipConfig>(scenario.strategy);
  EXPECT_EQ(s.algorithm, GossipKind::kConnect);
  EXPECT_EQ(s.mixing, Mixing::kMetropolis);
  EXPECT_EQ(s.rounds, 7);
  EXPECT_EQ(s.local_steps, 4);
  EXPECT_EQ(s.availability, 0.8);
  EXPECT_EQ(s.deadline, 2s);
  EXPECT_EQ(s.variant, ConnectVariant::kDamped);
  EXPECT_EQ(s.eigenpairs, 3);
  EXPECT_EQ(s.damping, 0.5);
  const auto w = std::get<ImageClassifierConfig>(scenario.workload);
  EXPECT_EQ(std::get<QuantityPartition>(w.partition).alpha, 2);
  EXPECT_EQ(std::get<SymmetricLabelNoise>(w.label_noise).rate, 0.3);
}

TEST(Read, FieldsOfTheOtherWorkloads) {
  const auto traffic = std::get<TrafficConfig>(scenario_of(kEveryField[1]).workload);
  ASSERT_EQ(traffic.flows.size(), 2u);
  EXPECT_EQ(traffic.flows[1].from, 2);
  EXPECT_EQ(traffic.flows[1].to, 1);
  EXPECT_EQ(traffic.flows[0].bytes.count, 1'000'000);
  EXPECT_EQ(traffic.flows[0].start, 1500ms);
  EXPECT_EQ(traffic.flows[1].start, Duration{1});
  EXPECT_EQ(traffic.flows[0].deadline, std::nullopt);
  EXPECT_EQ(traffic.flows[1].deadline, 120s);
  const auto quadratic = std::get<QuadraticConfig>(scenario_of(kEveryField[2]).workload);
  EXPECT_THAT(quadratic.a, testing::ElementsAre(1, 10));
  EXPECT_THAT(quadratic.b, testing::ElementsAre(0, 1e-3));
  EXPECT_EQ(quadratic.start, 5);
  EXPECT_EQ(quadratic.updates, 77);
  EXPECT_EQ(std::get<SgdConfig>(quadratic.optimizer).dampening, 0.2);
  const auto collective = std::get<CollectiveBenchmarkConfig>(scenario_of(kEveryField[3]).workload);
  EXPECT_EQ(collective.bytes.count, 100'000'000);
  EXPECT_EQ(collective.iterations, 5);
}

TEST(Read, FieldsOfALogisticRegression) {
  const auto w = std::get<LogisticRegressionConfig>(scenario_of(kEveryField[6]).workload);
  EXPECT_TRUE(w.file.path.ends_with("scenarios/data/titanic.csv"));
  EXPECT_EQ(w.rows, RowSelection::kAll);
  EXPECT_EQ(w.missing, MissingValues::kDrop);
  EXPECT_EQ(w.encoding, Encoding::kOrdinal);
  EXPECT_EQ(w.features, "pca3");
  EXPECT_EQ(w.order, FeatureOrder::kPcaThenScale);
  EXPECT_EQ(w.fit, FitOn::kAllData);
  EXPECT_EQ(w.test_share, 0.25);
  EXPECT_THAT(std::get<SizesPartition>(w.partition).shares, testing::ElementsAre(1, 2, 3.5));
  EXPECT_EQ(w.shard, ShardPath::kCached);
  EXPECT_EQ(w.element, SampleElement::kInt16);
  EXPECT_EQ(w.epochs, 6);
  EXPECT_EQ(w.batch, 24);
  EXPECT_EQ(w.lr, 0.05);
  EXPECT_EQ(w.l2, 0.002);
  EXPECT_EQ(w.update, UpdateRule::kAfterEpochs);
  EXPECT_EQ(w.rounds, 11);
  EXPECT_EQ(w.deadline, 90s);
  EXPECT_EQ(w.quorum, 2);
  const auto skewed = std::get<LogisticRegressionConfig>(scenario_of(kEveryField[7]).workload);
  EXPECT_EQ(std::get<DirichletPartition>(skewed.partition).alpha, 0.7);
}

TEST(Read, FieldsOfTheOtherTopologies) {
  const auto path = std::get<PathConfig>(scenario_of(kEveryField[1]).topology);
  EXPECT_EQ(path.nodes, 3);
  ASSERT_EQ(path.links.size(), 2u);
  EXPECT_EQ(path.links[1].bandwidth.bits_per_s, 20e6);
  EXPECT_EQ(path.links[1].latency, 2ms);
  EXPECT_EQ(path.device, "a100");
  const auto star = std::get<StarConfig>(scenario_of(kEveryField[2]).topology);
  EXPECT_EQ(star.nodes, 2);
  EXPECT_EQ(star.bandwidth.bits_per_s, 9e6);
  EXPECT_EQ(star.latency, 12ms);
  EXPECT_EQ(std::get<RingConfig>(scenario_of(kEveryField[3]).topology).nodes, 8);
  EXPECT_EQ(std::get<MeshConfig>(scenario_of(kEveryField[4]).topology).latency, 1h);
  EXPECT_EQ(std::get<TreeConfig>(scenario_of(kEveryField[5]).topology).branching, 3);
}

TEST(Read, WhatIsNotGivenIsTheDefault) {
  const Scenario s = scenario_of("workload: {kind: quadratic}");
  EXPECT_EQ(s.seed, Scenario{}.seed);
  EXPECT_EQ(s.name, "test");  // the file's name
  // The quadratic's own default, not the optimizer's.
  EXPECT_EQ(std::get<SgdConfig>(std::get<QuadraticConfig>(s.workload).optimizer).lr, 0.1);
}

// The lines of the design document whose kinds exist.
TEST(Read, TheDesignsExamples) {
  for (const char* yaml : {
           "topology: {kind: path, nodes: 3, links: [{bandwidth: 10Mbit/s, latency: 0us}, "
           "{bandwidth: 20Mbit/s, latency: 0us}]}",
           "topology: {kind: star, nodes: 1000, bandwidth: 10Mbit/s, latency: 10ms}",
           "workload: {kind: collective, bytes: 100MB, iterations: 5}",
           "{topology: {kind: path, nodes: 3}, workload: {kind: traffic, flows: [{from: 0, to: 2, "
           "bytes: 1MB, start: 0s}]}}",
           "{topology: {kind: ring, nodes: 2}, workload: {kind: quadratic, a: [1, 10], b: [0, 1], "
           "start: 5}}",
           "{mode: virtual, network: {kind: fair_share}, strategy: {kind: allreduce, collective: "
           "ring, bucket: 1MiB}}",
       }) {
    EXPECT_NO_THROW(scenario_of(yaml)) << yaml;
  }
}

TEST(Set, LiesOverTheFile) {
  Document document = parse_document("topology: {kind: ring, nodes: 4}\nseed: 1", "test.yaml");
  apply_set(document, "topology.nodes=8");
  apply_set(document, "topology.latency=5ms");
  apply_set(document, "strategy.bucket=2MiB");  // a section that the file lacks
  apply_set(document, "seed=2");
  apply_set(document, "seed=3");  // the last one counts
  const Scenario s = read_scenario(document);
  EXPECT_EQ(std::get<RingConfig>(s.topology).nodes, 8);
  EXPECT_EQ(std::get<RingConfig>(s.topology).latency, 5ms);
  EXPECT_EQ(std::get<AllreduceConfig>(s.strategy).bucket.count, 2 << 20);
  EXPECT_EQ(s.seed, 3u);
}

TEST(Set, TakesSectionsListsItemsAndNull) {
  Document document = parse_document(kEveryField[1], "test.yaml");
  apply_set(document, "workload.flows[1].bytes=5kB");
  apply_set(document, "network={kind: queued}");
  EXPECT_EQ(std::get<TrafficConfig>(read_scenario(document).workload).flows[1].bytes.count, 5000);
  EXPECT_TRUE(std::holds_alternative<QueuedConfig>(read_scenario(document).network));
  apply_set(document, "network=null");
  EXPECT_TRUE(std::holds_alternative<FairShareConfig>(read_scenario(document).network));
}

std::string set_error(const std::string& argument) {
  Document document =
      parse_document("seed: 1\nworkload: {kind: traffic, flows: [{from: 0}]}", "test.yaml");
  try {
    apply_set(document, argument);
    read_scenario(document);
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
  return "";
}

TEST(Set, ErrorsNameTheArgument) {
  EXPECT_EQ(set_error("seed"), "--set 'seed': is not of the form section.key=value");
  EXPECT_EQ(set_error("seed=x"), "--set seed: 'x' is not a whole number");
  EXPECT_EQ(set_error("sede=3"), "--set sede: a scenario has no such key; did you mean 'seed'?");
  EXPECT_EQ(set_error("seed.low=3"),
            "--set seed.low: 'seed.low' asks for 'low' inside a value that is no section");
  EXPECT_EQ(set_error("workload.flows[1].to=3"),
            "--set workload.flows[1].to: 'workload.flows[1].to' has no item 1");
  EXPECT_EQ(set_error("workload.flows[0].start=1"),
            "--set workload.flows[0].start: '1' needs a unit, such as 20ms");
  EXPECT_EQ(set_error("network={kind: queued"),
            "--set network: is not YAML (end of map flow not found)");
  EXPECT_EQ(set_error("a\x1b=1"), "--set 'a\\x1b=1': no key holds such characters");
  EXPECT_EQ(set_error("name=\"\\e\""),
            "--set name: the control character U+001B has no place in a scenario");
}

TEST(Set, KeysHoldWholeBrackets) {
  const std::string rest = "has brackets that do not stand as in flows[0].bytes";
  EXPECT_EQ(set_error("workload.a[0=5"), "--set workload.a[0: 'workload.a[0' " + rest);
  EXPECT_EQ(set_error("workload.a[0]junk=5"),
            "--set workload.a[0]junk: 'workload.a[0]junk' " + rest);
  EXPECT_EQ(set_error("workload.a[0]]=5"), "--set workload.a[0]]: 'workload.a[0]]' " + rest);
  EXPECT_EQ(set_error("workload.a[x]=5"),
            "--set workload.a[x]: 'workload.a[x]' has no number between its brackets");
  Document document = parse_document("a: [[1, 2], [{b: 3}]]", "test.yaml");
  apply_set(document, "a[0][1]=5");
  apply_set(document, "a[1][0].b=6");
  EXPECT_EQ(to_text(document.root), "{a: [[1, 5], [{b: 6}]]}");
}

TEST(Set, TakesOutOnlyWhatThereIs) {
  EXPECT_EQ(set_error("topologi.nodes=null"),
            "--set topologi: a scenario has no such key; did you mean 'topology'?");
  EXPECT_EQ(set_error("topology.node=null"),
            "--set topology.node: 'topology' has no such key; did you mean 'nodes'?");
  EXPECT_EQ(set_error("seed.b=null"), "--set seed.b: 'seed' has no keys of its own");
  EXPECT_EQ(set_error("repeats.b=null"), "--set repeats.b: 'repeats' has no keys of its own");
  EXPECT_EQ(set_error("workload.flows[0].byte=null"),
            "--set workload.flows[0].byte: 'flows[0]' has no such key; did you mean 'bytes'?");
  EXPECT_EQ(set_error("workload.flows[0]=null"),
            "--set workload.flows[0]: 'workload.flows[0]' is an item of a list, which can't be "
            "removed");
  for (const char* key :
       {"name", "topology", "topology.inter.latency", "workload.flows[0].from",
        "workload.optimizer.lr", "devices.profiles.mine.compute", "expect.test_loss", "sweep"}) {
    EXPECT_EQ(set_error(std::string(key) + "=null"), "") << key;
  }
}

}  // namespace
}  // namespace understudy
