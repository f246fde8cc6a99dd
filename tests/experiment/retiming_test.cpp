// Times computed anew from finished units equal those of a run under the new network.
#include "results/experiment/retiming.hpp"

#include "runtime/base/errors.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

const std::string kTwoMachines = R"(
repeats: 2
topology: {kind: cluster, machines: 2, inter: {bandwidth: 1Gbit/s, latency: 100us}}
network: {kind: queued}
workload: {kind: quadratic, a: [1, 3], b: [2, 0], start: 1, updates: 5, optimizer: {kind: sgd, lr: 0.1}}
)";

TEST(Retiming, EqualsARunUnderTheNewNetwork) {
  const std::vector<std::string> wan{"topology.inter={bandwidth: 10Mbit/s, latency: 40ms}"};
  const Experiment trained = experiment_of(kTwoMachines);
  const Experiment wanted = experiment_of(kTwoMachines, wan);
  const auto retimed = retime(wanted, trained, run_all(trained));
  const auto run = run_all(wanted);
  ASSERT_EQ(retimed.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(retimed[i].time, run[i].time);
    EXPECT_EQ(retimed[i].weights_hash, run[i].weights_hash);
    EXPECT_EQ(retimed[i].weights_of, (UnitKey{0, i}));
  }
  EXPECT_EQ(records_without_wall_time(retimed), records_without_wall_time(run));
}

// Four machines end with other weights than two.
TEST(Retiming, RefusesWhatWouldChangeTheWeights) {
  const Experiment trained = experiment_of(kTwoMachines);
  const Experiment wanted =
      experiment_of(kTwoMachines, {"topology.machines=4", "workload.a=[1]", "workload.b=[0]"});
  EXPECT_THROW(retime(wanted, trained, run_all(trained)), ScenarioError);
}

TEST(Retiming, RefusesMeasuredTimes) {
  const Experiment trained = experiment_of(kTwoMachines, {"devices.cost=measured"});
  EXPECT_THROW(retime(trained, trained, run_all(trained)), ScenarioError);
}

}  // namespace
}  // namespace understudy
