// Which runs belong together, and what sets others apart.
#include "results/compare/pairing.hpp"

#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
using Runs = std::vector<std::size_t>;

const std::string kRing = R"(
topology: {kind: ring, nodes: 4, bandwidth: 100Mbit/s, latency: 1ms}
workload: {kind: collective, bytes: 1kB}
)";

TEST(Pairing, ModeEmulationDevicesAndNamesDoNotCount) {
  const Experiment first = experiment_of(kRing + "name: a\nrepeats: 2\n");
  const Experiment second = experiment_of(
      kRing + "name: b\nmode: emulated\nemulation: {dilation: 3}\ndevices: {cost: measured}\n");
  const Pairing pairing = pair_runs(first, second);
  EXPECT_EQ(pairing.pairs, (Pairs{{0, 0}}));
  EXPECT_EQ(first_difference(first.scenario, second.scenario), "");
}

TEST(Pairing, RunsOfSweepsFindEachOtherInAnyOrder) {
  const Experiment first =
      experiment_of(kRing + "sweep: {strategy.collective: [ring, tree, halving_doubling]}\n");
  const Experiment second = experiment_of(
      kRing + "mode: emulated\nsweep: {strategy.collective: [parameter_server, tree, ring]}\n");
  const Pairing pairing = pair_runs(first, second);
  EXPECT_EQ(pairing.pairs, (Pairs{{0, 2}, {1, 1}}));
  EXPECT_EQ(pairing.only_first, Runs{2});
  EXPECT_EQ(pairing.only_second, Runs{0});
}

TEST(Pairing, ASweepOverModesIsComparedWithItself) {
  const Experiment both = experiment_of(
      kRing + "sweep: {strategy.collective: [ring, tree], mode: [virtual, emulated]}\n");
  const Pairing pairing = pair_runs(both, both);
  EXPECT_EQ(pairing.pairs, (Pairs{{0, 1}, {2, 3}}));
  EXPECT_TRUE(pairing.only_first.empty());
  EXPECT_TRUE(pairing.only_second.empty());
}

// Of two partners the one whose computing costs the same.
TEST(Pairing, EqualDevicesComeFirst) {
  const Experiment first = experiment_of(kRing + "devices: {cost: measured}\n");
  const Experiment second =
      experiment_of(kRing + "mode: emulated\nsweep: {devices.cost: [profile, measured]}\n");
  const Pairing pairing = pair_runs(first, second);
  EXPECT_EQ(pairing.pairs, (Pairs{{0, 1}}));
  EXPECT_EQ(pairing.only_second, Runs{0});
}

TEST(Pairing, NamesTheFirstKeyThatDiffers) {
  const Scenario ring = experiment_of(kRing).scenario;
  const auto with = [&](const std::string& set) { return experiment_of(kRing, {set}).scenario; };
  EXPECT_EQ(first_difference(ring, with("topology.bandwidth=1Gbit/s")),
            "topology.bandwidth (100Mbit/s, 1Gbit/s)");
  EXPECT_EQ(first_difference(ring, with("seed=9")), "seed (1, 9)");
  EXPECT_EQ(first_difference(ring, with("workload.bytes=2kB")), "workload.bytes (1kB, 2kB)");
  const Scenario star = experiment_of(R"(
topology: {kind: star, nodes: 4}
workload: {kind: collective, bytes: 1kB}
)")
                            .scenario;
  EXPECT_EQ(first_difference(ring, star), "topology.kind (ring, star)");
}

}  // namespace
}  // namespace understudy
