// Which runs share weights.
#include "runtime/base/errors.hpp"
#include "tests/scenarios/examples.hpp"

namespace understudy {
namespace {

// The key of an eight-worker scenario with some things set otherwise.
std::string key_with(const std::vector<std::string>& sets) {
  Document document =
      parse_document("topology: {kind: cluster, machines: 2, devices_per_machine: 4}", "test.yaml");
  for (const std::string& set : sets) apply_set(document, set);
  const Scenario scenario = read_scenario(document);
  check(scenario, document);
  return training_key(scenario);
}

TEST(TrainingKey, TimingKeysDoNotCount) {
  for (const char* set :
       {"network.kind=queued", "topology.inter.latency=3ms", "topology.intra.bandwidth=1GB/s",
        "topology.device=h100", "topology={kind: ring, nodes: 8}",
        "topology={kind: star, nodes: 8}", "devices.cost=measured", "devices.factor=2",
        "strategy.bucket=1MiB", "strategy.overlap=false", "repeats=4", "name=x",
        "topology.server=true", "expect.test_accuracy='> 0.5'", "report.question=why",
        "keep_weights=none"}) {
    EXPECT_EQ(key_with({set}), key_with({})) << set;
  }
}

TEST(TrainingKey, TrainingKeysCount) {
  for (const char* set :
       {"seed=2",
        "topology.machines=3",
        "topology={kind: ring, nodes: 7}",
        "workload.batch=32",
        "workload.model=lenet",
        "workload.dataset=mnist",
        "workload.epochs=2",
        "workload.updates=10",
        "workload.train_limit=100",
        "workload.optimizer.lr=0.1",
        "workload.schedule.kind=cosine",
        "workload.lr_scaling=linear",
        "workload.batch_scope=global",
        "workload.sampler.shuffle=false",
        "workload.dropout=10%",
        "workload.kind=quadratic",
        "strategy.collective=tree",
        "workload.test_limit=10",
        "workload.model.weights=" UNDERSTUDY_SOURCE_DIR "/tests/golden/torchscript/after.pt",
        "workload.validation=10%",
        "workload.optimizer.clip_norm=1"}) {
    EXPECT_NE(key_with({set}), key_with({})) << set;
  }
}

TEST(TrainingKey, CollectiveIsATimingKeyWhereTheReductionIsOrdered) {
  const std::string ordered = "strategy.reduction=ordered";
  const std::string tree = key_with({ordered, "strategy.collective=tree"});
  for (const char* set : {"halving_doubling", "parameter_server", "hierarchical"}) {
    EXPECT_EQ(key_with({ordered, std::string("strategy.collective=") + set}), tree) << set;
    EXPECT_NE(key_with({std::string("strategy.collective=") + set}),
              key_with({"strategy.collective=tree"}))
        << set;
  }
  EXPECT_EQ(key_with({ordered, "strategy.collective=parameter_server", "strategy.server=dedicated",
                      "topology.server=true"}),
            tree);
}

TEST(TrainingKey, TheServersPlaceCountsInAParameterServer) {
  const std::string server = "strategy.collective=parameter_server";
  EXPECT_NE(key_with({server, "strategy.server=dedicated", "topology.server=true"}),
            key_with({server}));
}

TEST(TrainingKey, MachinesCountWhereTheCollectiveFollowsThem) {
  const std::string hierarchical = "strategy.collective=hierarchical";
  const std::vector<std::string> other = {"topology.machines=4", "topology.devices_per_machine=2"};
  EXPECT_EQ(key_with(other), key_with({}));
  EXPECT_NE(key_with({hierarchical, other[0], other[1]}), key_with({hierarchical}));
}

// Eight nodes in turn on four vertices of a file's graph, and two by two.
TEST(TrainingKey, MachinesCountWhereTheirNodesLieApart) {
  const std::string file = UNDERSTUDY_SOURCE_DIR "/topologies/zoo/Arpanet196912.graphml";
  const std::string graph = "topology={kind: graphml, file: " + file;
  const std::string in_turn = graph + ", place: {nodes: 8}}";
  const std::string in_pairs =
      graph +
      ", place: {ranks: explicit, vertices: [SRI, SRI, USCB, USCB, UCLA, UCLA, UTAH, UTAH]}}";
  EXPECT_EQ(key_with({in_turn}), key_with({in_pairs}));
  const std::string hierarchical = "strategy.collective=hierarchical";
  EXPECT_NE(key_with({in_turn, hierarchical}), key_with({in_pairs, hierarchical}));
  EXPECT_EQ(
      key_with({in_pairs, hierarchical}),
      key_with({"topology={kind: cluster, machines: 4, devices_per_machine: 2}", hierarchical}));
  EXPECT_THROW(key_with({in_turn, hierarchical, "strategy.reduction=ordered"}), ScenarioError);
}

TEST(TrainingKey, OneWorkerAddsNothingUp) {
  const std::string one = "topology={kind: cluster}";
  for (const char* set : {"strategy.collective=tree", "strategy.collective=hierarchical",
                          "workload.lr_scaling=linear", "workload.batch_scope=global"}) {
    EXPECT_EQ(key_with({one, set}), key_with({one})) << set;
  }
}

// Under gossip it matters who is whose neighbour, and nothing else of the topology.
TEST(TrainingKey, NeighboursCountUnderGossip) {
  const auto key = [](const std::string& topology) {
    return key_with({"strategy={kind: gossip}", "topology=" + topology});
  };
  EXPECT_NE(key("{kind: ring, nodes: 8}"), key("{kind: path, nodes: 8}"));
  EXPECT_EQ(key("{kind: ring, nodes: 8}"), key("{kind: ring, nodes: 8, bandwidth: 1Mbit/s}"));
  EXPECT_EQ(key("{kind: mesh, nodes: 8}"), key("{kind: star, nodes: 8}"));  // around a hub all meet
}

}  // namespace
}  // namespace understudy
