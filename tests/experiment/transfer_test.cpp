// Knowledge transfer from a scenario's text to its records: what is plain training, what does not depend
// on where models are, and what travels.
#include <numeric>

#include "results/summary/curve.hpp"
#include "tests/experiment/torch_support.hpp"

namespace understudy {
namespace {

// 160 training samples in 10 batches; small_cnn learns from logistic and lenet.
const std::string kTransfer = R"(
seed: 5
topology: {kind: mesh, nodes: 1, device: cpu}
workload: {kind: knowledge_transfer, dataset: fashion_mnist, target: small_cnn, ensemble: [logistic, lenet],
           batch: 16, epochs: 2, member_epochs: 1, train_limit: 200, validation: 20%, test_limit: 100,
           temperature: 2, optimizer: {kind: sgd, lr: 0.05, momentum: 0.9},
           member_optimizer: {kind: sgd, lr: 0.05}}
)";
constexpr std::int64_t kTrain = 160, kSteps = 10, kClasses = 10, kFloat = 4;
constexpr std::int64_t kTarget = 18'378, kLogistic = 7'850, kLenet = 21'840;  // parameters

Unit unit_of(const std::vector<std::string>& sets) {
  return run_all(experiment_of(kTransfer, sets), training()).at(0);
}

std::int64_t bytes_of(const Unit& unit) {
  return std::accumulate(unit.nodes.begin(), unit.nodes.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& node) { return sum + node.bytes_sent; });
}

double last_of(const Unit& unit, const std::string& metric) {
  return final_metrics(unit).at(metric);
}

// Of all that is measured of the models, wherever they are.
void expect_equal_models(const Unit& a, const Unit& b) {
  EXPECT_EQ(a.weights_hash, b.weights_hash);
  EXPECT_FALSE(a.weights_hash.empty());
  EXPECT_EQ(final_metrics(a), final_metrics(b));
}

std::string plain(const std::string& more) {
  return "seed: 5\ntopology: {kind: mesh, nodes: 1, device: cpu}\n"
         "workload: {kind: image_classifier, dataset: fashion_mnist, model: small_cnn, batch: 16, "
         "epochs: 2, train_limit: 200, test_limit: 100, dropout: 0.2, " +
         more + "}\n";
}

TEST(KnowledgeTransfer, WithoutWeightIsPlainTraining) {
  const std::string sgd = "optimizer: {kind: sgd, lr: 0.05, momentum: 0.9}";
  const Unit alone = run_all(experiment_of(plain(sgd)), training()).at(0);
  for (const char* mode : {"frozen", "mean_logit", "bidirectional", "mutual"}) {
    SCOPED_TRACE(mode);
    const Unit unit = unit_of({"workload.weight=0", "workload.validation=0", "workload.dropout=0.2",
                               std::string("workload.transfer=") + mode});
    EXPECT_EQ(unit.weights_hash, alone.weights_hash);
    EXPECT_NEAR(last_of(unit, "target_test_loss"), last_of(alone, "test_loss"), 1e-6);
    EXPECT_EQ(last_of(unit, "target_test_accuracy"), last_of(alone, "test_accuracy"));
  }
  const Unit taught = unit_of({"workload.validation=0", "workload.dropout=0.2"});
  EXPECT_NE(taught.weights_hash, alone.weights_hash);
}

TEST(KnowledgeTransfer, ByLogitsIsThatOnOneNode) {
  for (const char* mode : {"frozen", "mean_logit", "bidirectional", "mutual"}) {
    SCOPED_TRACE(mode);
    const std::string transfer = std::string("workload.transfer=") + mode;
    const std::string strategy = "strategy={kind: transfer, exchange: logits}";
    const Unit one = unit_of({transfer, strategy});
    EXPECT_EQ(bytes_of(one), 0);
    for (const char* nodes : {"2", "3"}) {
      const Unit spread = unit_of({transfer, strategy, std::string("topology.nodes=") + nodes});
      expect_equal_models(spread, one);
    }
  }
}

TEST(KnowledgeTransfer, ByCheckpointsIsThatOnOneNode) {
  for (const std::string sets : {"workload.transfer=frozen", "workload.transfer=bidirectional",
                                 "workload.transfer=codistillation"}) {
    SCOPED_TRACE(sets);
    const std::string every = sets.ends_with("frozen") ? "1" : "3";
    const std::string strategy =
        "strategy={kind: transfer, exchange: checkpoints, every: " + every + "}";
    const Unit one = unit_of({sets, strategy});
    expect_equal_models(unit_of({sets, strategy, "topology.nodes=3"}), one);
  }
}

// What members say does not depend on who computes it.
TEST(KnowledgeTransfer, FromFrozenMembersIsOneWhicheverWayItTravels) {
  const Unit logits = unit_of({"topology.nodes=3", "strategy={kind: transfer, exchange: logits}"});
  const Unit checkpoints =
      unit_of({"topology.nodes=3", "strategy={kind: transfer, exchange: checkpoints}"});
  expect_equal_models(checkpoints, logits);
}

// A mean of one is that one.
TEST(KnowledgeTransfer, FromTheMeanLogitOfOneMemberIsFrozen) {
  const std::string one = "workload.ensemble=[lenet]";
  expect_equal_models(unit_of({one, "workload.transfer=mean_logit"}), unit_of({one}));
}

// Once for each sample and member, over two epochs.
TEST(KnowledgeTransfer, SendsFrozenMembersLogitsOnce) {
  const std::string nodes = "topology.nodes=3";
  const std::string strategy = "strategy={kind: transfer, exchange: logits, precision: ";
  EXPECT_EQ(bytes_of(unit_of({nodes, strategy + "float32}"})), 2 * kTrain * kClasses * kFloat);
  EXPECT_EQ(bytes_of(unit_of({nodes, strategy + "float16}"})), 2 * kTrain * kClasses * 2);
  // 160 values a batch: a block of less than 256, with a float at its head.
  EXPECT_EQ(bytes_of(unit_of({nodes, strategy + "int8}"})), 2 * kSteps * (4 + 160));
}

// Each member's to the target, the target's to each member, in every batch; in every fifth of ten.
TEST(KnowledgeTransfer, SendsLogitsBothWaysWhereBothLearn) {
  const std::vector<std::string> sets{"topology.nodes=3", "workload.transfer=bidirectional"};
  const std::int64_t whole = 4 * 2 * kTrain * kClasses * kFloat;
  EXPECT_EQ(bytes_of(unit_of({sets[0], sets[1], "strategy={kind: transfer}"})), whole);
  EXPECT_EQ(bytes_of(unit_of({sets[0], sets[1], "strategy={kind: transfer, every: 5}"})),
            whole / 5);
}

TEST(KnowledgeTransfer, SendsCheckpointsWhenTheyAreDue) {
  const std::string strategy = "strategy={kind: transfer, exchange: checkpoints, every: ";
  EXPECT_EQ(bytes_of(unit_of({"topology.nodes=3", strategy + "1}"})),
            (kLogistic + kLenet) * kFloat);
  // Of 20 updates those at 0, 7 and 14: each member's to the target, the target's to both.
  EXPECT_EQ(
      bytes_of(unit_of({"topology.nodes=3", strategy + "7}", "workload.transfer=bidirectional"})),
      3 * (kLogistic + kLenet + 2 * kTarget) * kFloat);
}

// A ring of two sends each vector once from each node, 20 times; members are sent once.
TEST(KnowledgeTransfer, AddsGradientsOfSharesOfTheBatch) {
  const std::string gradients = "strategy={kind: transfer, exchange: gradients}";
  const Unit one = unit_of({gradients}), two = unit_of({gradients, "topology.nodes=2"});
  EXPECT_EQ(bytes_of(two), (20 * 2 * kTarget + kLogistic + kLenet) * kFloat);
  EXPECT_NE(two.weights_hash, one.weights_hash);
  for (const char* metric : {"target_train_loss", "target_validation_loss", "target_test_loss"})
    EXPECT_NEAR(last_of(two, metric), last_of(one, metric), 1e-4) << metric;
  EXPECT_EQ(last_of(two, "member_1_test_loss"), last_of(one, "member_1_test_loss"));
  const Unit both = unit_of({gradients, "topology.nodes=2", "workload.transfer=bidirectional"});
  EXPECT_EQ(bytes_of(both),
            (20 * 2 * (kTarget + kLogistic + kLenet) + kLogistic + kLenet) * kFloat);
}

// log(0.5 e^a + 0.5 e^b) lies between both members' losses, and below their mean (Jensen).
TEST(KnowledgeTransfer, RecordsWhatItSays) {
  const Unit unit = unit_of({"topology.nodes=3", "strategy.kind=transfer"});
  const auto final = final_metrics(unit);
  for (const std::string prefix : {"target_", "member_0_", "member_1_"}) {
    for (const std::string metric : {"train_loss", "train_accuracy", "validation_loss",
                                     "validation_accuracy", "test_loss", "test_accuracy"})
      EXPECT_TRUE(final.contains(prefix + metric)) << prefix << metric;
  }
  EXPECT_LT(final.at("ensemble_test_loss"),
            (final.at("member_0_test_loss") + final.at("member_1_test_loss")) / 2);
  EXPECT_NEAR(final.at("target_train_loss"),
              final.at("target_classification_loss") + final.at("target_transfer_loss"), 1e-9);
  EXPECT_EQ(curve(unit, "target_validation_accuracy").size(), 2u);
  EXPECT_EQ(curve(unit, "member_0_validation_accuracy").size(), 1u);
  EXPECT_EQ(curve(unit, "target_test_accuracy").size(), 1u);
}

TEST(KnowledgeTransfer, IsReTimedWithoutTraining) {
  const std::vector<std::string> strategies{
      "strategy={kind: transfer, exchange: logits, precision: int8}",
      "strategy={kind: transfer, exchange: checkpoints}",
      "strategy={kind: transfer, exchange: gradients}"};
  for (const std::string& strategy : strategies) {
    SCOPED_TRACE(strategy);
    const Experiment experiment =
        experiment_of(kTransfer + "sweep: {topology.bandwidth: [1Gbit/s, 10Mbit/s]}\n",
                      {strategy, "topology.nodes=2", "workload.transfer=bidirectional"});
    const auto shared = run_all(experiment, training());
    ASSERT_EQ(shared.size(), 2u);
    ASSERT_TRUE(shared[1].weights_of);
    EXPECT_GT(shared[1].time, shared[0].time);
    ExperimentOptions again = training();
    again.retrain = true;
    const auto trained = run_all(experiment, again);
    EXPECT_EQ(records_without_wall_time(shared), records_without_wall_time(trained));
    EXPECT_EQ(bytes_of(shared[1]), bytes_of(trained[1]));
  }
}

TEST(KnowledgeTransfer, ResumingGivesTheSameBits) {
  const std::vector<std::vector<std::string>> worlds = {
      {"topology.nodes=3", "strategy.kind=transfer", "workload.dropout=0.2"},
      {"topology={kind: star, nodes: 2, bandwidth: 10Mbit/s, latency: 5ms}",
       "strategy={kind: transfer, exchange: checkpoints, every: 7}",
       "workload.transfer=codistillation"},
      {"topology.nodes=2", "strategy={kind: transfer, exchange: gradients}",
       "workload.transfer=mutual"}};
  // After the members' epoch, and the target's first.
  for (const auto& sets : worlds) expect_the_same_from_all(experiment_of(kTransfer, sets), 2);
}

}  // namespace
}  // namespace understudy
