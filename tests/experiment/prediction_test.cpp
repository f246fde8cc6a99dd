// Where simulated times differ from the closed form, in cases that can be worked out by hand.
#include "results/experiment/prediction.hpp"

#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

Prediction prediction_of(const std::string& yaml) {
  const auto prediction = predict(experiment_of(yaml).runs.front().scenario);
  EXPECT_TRUE(prediction.has_value());
  return prediction.value_or(Prediction{});
}

std::string eight_hosts(const std::string& collective, const std::string& network) {
  return "topology: {kind: cluster, machines: 8, inter: {bandwidth: 1Gbit/s, latency: 1ms}}\n"
         "network: {kind: " +
         network +
         "}\n"
         "workload: {kind: collective, bytes: 100MB}\n"
         "strategy: {kind: allreduce, collective: " +
         collective + "}\n";
}

TEST(Prediction, ARingsClosedFormHolds) {
  const Prediction p = prediction_of(eight_hosts("ring", "fair_share"));
  EXPECT_NEAR(p.closed_form_s, 1.414, 1e-9);
  EXPECT_NEAR(p.stragglers_s, 0, 1e-9);
  EXPECT_NEAR(p.contention_s, 0, 1e-9);
}

// The eight messages of a server's link are in the closed form, so nothing is left to explain.
TEST(Prediction, AServersSharedLinkIsCounted) {
  const Prediction p = prediction_of(eight_hosts("parameter_server", "fair_share"));
  EXPECT_NEAR(p.closed_form_s, 11.202, 1e-9);
  EXPECT_NEAR(p.stragglers_s, 0, 1e-9);
  EXPECT_NEAR(p.contention_s, 0, 1e-9);
}

// Down the tree, ports carry 3, then 2, then 1 messages at once: 3 S/B more than one at a time.
TEST(Prediction, ATreesPortsAreShared) {
  const Prediction p = prediction_of(eight_hosts("tree", "fair_share"));
  EXPECT_NEAR(p.closed_form_s, 4.806, 1e-9);
  EXPECT_NEAR(p.stragglers_s, 0, 1e-9);
  EXPECT_NEAR(p.contention_s, 2.4, 1e-9);
}

// Every message crosses two links, each of which it is sent over anew: S/(nB) more a step.
TEST(Prediction, StoreAndForwardIsContention) {
  const Prediction p = prediction_of(eight_hosts("ring", "queued"));
  EXPECT_NEAR(p.stragglers_s, 0, 1e-9);
  EXPECT_NEAR(p.contention_s, 14 * 0.1, 1e-9);
}

// Node 2 hangs on a link of half the rate. The closed form takes 2 s for each of four messages;
// with their routes to themselves two pairs of them are each over after 2 s.
TEST(Prediction, LinksThatAreFasterThanTheBottleneckShowAsStragglers) {
  const Prediction p = prediction_of(R"(
topology: {kind: path, nodes: 3, links: [{bandwidth: 8Mbit/s}, {bandwidth: 4Mbit/s}]}
workload: {kind: collective, bytes: 1MB}
strategy: {kind: allreduce, collective: tree}
)");
  EXPECT_NEAR(p.closed_form_s, 8, 1e-9);
  EXPECT_NEAR(p.stragglers_s, -4, 1e-9);
  EXPECT_NEAR(p.contention_s, 0, 1e-9);
}

// Buckets that overlap with backward; the ring's chunks are not all of a size.
TEST(Prediction, AnUpdateOfTraining) {
  for (const std::string overlap : {"true", "false"}) {
    const Prediction p = prediction_of(R"(
topology: {kind: cluster, machines: 4, device: rtx3090, inter: {bandwidth: 1Gbit/s, latency: 200us}}
workload: {kind: image_classifier, model: cnn, batch: 64}
strategy: {kind: allreduce, collective: ring, bucket: 1MiB, overlap: )" +
                                       overlap + "}\n");
    EXPECT_GT(p.closed_form_s, 0);
    EXPECT_NEAR(p.stragglers_s / p.closed_form_s, 0, 0.01) << overlap;
    EXPECT_NEAR(p.contention_s / p.closed_form_s, 0, 0.01) << overlap;
  }
}

TEST(Prediction, NoneWithoutAnExchange) {
  EXPECT_FALSE(predict(experiment_of(R"(
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1, bytes: 1MB}]}
)")
                           .runs.front()
                           .scenario));
  EXPECT_FALSE(predict(experiment_of(R"(
topology: {kind: cluster, machines: 1}
workload: {kind: collective, bytes: 1MB}
)")
                           .runs.front()
                           .scenario));
}

}  // namespace
}  // namespace understudy
