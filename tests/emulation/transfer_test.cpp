// Members of an ensemble in processes of their own: the models, and the records, of virtual time.
#include <gtest/gtest.h>

#include "results/summary/curve.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "tests/emulation/emulated_runs.hpp"

namespace understudy {
namespace {

class TransferProcesses : public EmulatedRuns {
 protected:
  void expect_the_models_of_virtual_time(const std::string& transfer, const std::string& strategy) {
    const std::string yaml =
        "topology: {kind: mesh, nodes: 3, bandwidth: 1Gbit/s, latency: 1ms, device: cpu}\n"
        "workload: {kind: knowledge_transfer, target: small_cnn, ensemble: [logistic, lenet], "
        "batch: 16, epochs: 2, train_limit: 96, test_limit: 50, transfer: " +
        transfer + "}\nstrategy: {kind: transfer, " + strategy + "}\n";
    const Scenario there = scenario_of(yaml), here = scenario_of(yaml + "mode: emulated\n");
    DatasetCache datasets{DataPaths{}};
    UnitTask task;
    task.launch = &launch_;
    task.datasets = &datasets;
    task.make_learner = [](const Model& model) { return make_torch_learner(model); };
    task.scenario = &there;
    const Unit expected = run_unit(task);
    task.scenario = &here;
    const Unit actual = run_unit(task);
    EXPECT_FALSE(actual.weights_hash.empty());
    EXPECT_EQ(actual.weights_hash, expected.weights_hash);
    EXPECT_EQ(final_metrics(actual), final_metrics(expected));
    for (std::size_t node = 0; node < 3; ++node)
      EXPECT_EQ(actual.nodes[node].bytes_sent, expected.nodes[node].bytes_sent);
  }
};

TEST_F(TransferProcesses, LearnFromLogits) {
  expect_the_models_of_virtual_time("bidirectional", "exchange: logits");
}

TEST_F(TransferProcesses, LearnFromCheckpoints) {
  expect_the_models_of_virtual_time("codistillation", "exchange: checkpoints, every: 3");
}

}  // namespace
}  // namespace understudy
