// Two runs side by side, of units with known differences.
#include "results/compare/equivalence.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/base/errors.hpp"
#include "tests/summary/units.hpp"

namespace understudy {
namespace {

const std::string kCollective = R"(
topology: {kind: ring, nodes: 2, bandwidth: 100Mbit/s, latency: 1ms}
workload: {kind: collective, bytes: 1kB, iterations: 3}
)";
const std::string kTraining = R"(
topology: {kind: mesh, nodes: 2, bandwidth: 1Gbit/s, latency: 1ms}
workload: {kind: quadratic, a: [3], b: [2], start: 5, updates: 2}
)";

FinishedRun finished(const std::string& path, const std::string& yaml) {
  return {path, experiment_of(yaml), {}};
}

// Iterations that end at these times, on rank 0; each node made one ring an iteration.
Unit iterations(const Experiment& experiment, const std::vector<double>& ends, double ring_s) {
  Unit unit = idle_unit(experiment, {0, 0});
  for (std::size_t i = 0; i < ends.size(); ++i)
    unit.samples[0].push_back(sample("collective_time_s", 1, static_cast<int>(i), ends[i]));
  unit.time = kStart + from_seconds(ends.back());
  for (NodeStatistics& node : unit.nodes) {
    node.exchanges["ring"] = {static_cast<std::int64_t>(ends.size()), from_seconds(ring_s)};
    node.bytes_sent = 100;
    node.messages = 10;
  }
  return unit;
}

// Predicted are 100, 100, 100 ms, measured 100, 120, 90: errors of 0, +20 and -10 %, whose sizes in
// order are 0, 10 and 20. The rings took 2 x 0.3 s of 6 calls, and 2 x 0.315: 5 % more. In all 0.31 s
// are 3.3 % more than 0.3.
Equivalence of_a_collective() {
  FinishedRun predicted = finished("virtual", kCollective);
  FinishedRun measured = finished("wall", kCollective + "mode: emulated\n");
  predicted.units = {iterations(predicted.experiment, {0.1, 0.2, 0.3}, 0.3)};
  measured.units = {iterations(measured.experiment, {0.1, 0.22, 0.31}, 0.315)};
  EmulationReport report{.dilation = 4, .latest_start = from_seconds(2e-4), .overruns = 3};
  report.lateness.add(from_seconds(1e-3));
  measured.units[0].emulation = report;
  return compare(std::move(predicted), std::move(measured));
}

TEST(Equivalence, OfTimesExchangesAndSteps) {
  const Equivalence all = of_a_collective();
  ASSERT_EQ(all.runs.size(), 1u);
  EXPECT_EQ(all.runs[0].predicted_mode, Mode::kVirtual);
  EXPECT_EQ(all.runs[0].measured_mode, Mode::kEmulated);
  ASSERT_EQ(all.runs[0].repeats.size(), 1u);
  const PairedRepeat& r = all.runs[0].repeats[0];
  EXPECT_NEAR(r.time_s.error().value(), 0.01 / 0.3, 1e-9);
  ASSERT_EQ(r.exchanges.size(), 1u);
  EXPECT_EQ(r.exchanges[0].kind, "ring");
  EXPECT_EQ(r.exchanges[0].predicted_calls, 6);
  EXPECT_EQ(r.exchanges[0].measured_calls, 6);
  EXPECT_NEAR(r.exchanges[0].mean_s.predicted, 0.1, 1e-12);
  EXPECT_NEAR(r.exchanges[0].mean_s.error().value(), 0.05, 1e-9);
  ASSERT_TRUE(r.steps);
  EXPECT_EQ(r.steps->metric, "collective_time_s");
  EXPECT_EQ(r.steps->count, 3u);
  EXPECT_NEAR(r.steps->median, 0.1, 1e-9);
  EXPECT_NEAR(r.steps->p90, 0.2, 1e-9);
  EXPECT_NEAR(r.steps->largest, 0.2, 1e-9);
  EXPECT_EQ(r.steps->step, 1);
  EXPECT_EQ(r.weights, Sameness::kNothingToCompare);
  EXPECT_EQ(r.records, Sameness::kSame);
  EXPECT_EQ(r.messages.predicted, 20);
  EXPECT_EQ(r.bytes.measured, 200);
}

TEST(Equivalence, TheVerdictNamesTheLargestError) {
  const Equivalence all = of_a_collective();
  EXPECT_EQ(
      verdict(all),
      "Emulated is within 20.0 % of virtual: the largest error, +20.0 %, is that of step 1 of "
      "node 0. Equal are records, messages, bytes.");
  const std::string text = to_text(all);
  for (const char* part :
       {"predicted  virtual (virtual)\nmeasured   wall (emulated)\n", "300 ms     310 ms    +3.3 %",
        "105 ms    +5.0 %", "collective_time_s  3      10.0 %", "1.00 ms"})
    EXPECT_THAT(text, testing::HasSubstr(part)) << text;
}

// Without links 300 ms and rings of 100 ms each, with them 310 and 105.
TEST(Equivalence, OfARealRunAndAnEmulatedOneIsWhatTheLinksCost) {
  FinishedRun emulated = finished("wall", kCollective + "mode: emulated\n");
  FinishedRun real = finished("bare", kCollective + "mode: real\n");
  emulated.units = {iterations(emulated.experiment, {0.1, 0.22, 0.31}, 0.315)};
  real.units = {iterations(real.experiment, {0.1, 0.2, 0.3}, 0.3)};
  const Equivalence all = compare(std::move(emulated), std::move(real));
  EXPECT_EQ(verdict(all),
            "With the links of the network 310 ms in all, without 300 ms: 1.03 times as long; ring "
            "1.05 times as long. Equal are records, bytes.");
  const std::string text = to_text(all);
  for (const char* part : {"without links  bare (real)\nwith links     wall (emulated)\n",
                           "links add", "300 ms         310 ms      +3.3 %"})
    EXPECT_THAT(text, testing::HasSubstr(part)) << text;
}

TEST(Equivalence, AsJson) {
  const auto json = nlohmann::json::parse(to_json(of_a_collective()).dump());
  EXPECT_EQ(json["predicted"], "virtual");
  const auto& repeat = json["runs"][0]["repeats"][0];
  EXPECT_EQ(repeat["weights"], "none");
  EXPECT_EQ(repeat["exchanges"][0]["kind"], "ring");
  EXPECT_EQ(repeat["emulation"]["dilation"], 4);
  EXPECT_EQ(repeat["emulation"]["overruns"], 3);
  EXPECT_NEAR(repeat["emulation"]["lateness_largest_s"].get<double>(), 1e-3, 1e-12);
  EXPECT_NEAR(json["largest_error"]["error"].get<double>(), 0.2, 1e-9);
}

TEST(Equivalence, TheVirtualSideIsTheOneThatPredicts) {
  FinishedRun wall = finished("wall", kCollective + "mode: emulated\n");
  FinishedRun predicted = finished("virtual", kCollective);
  wall.units = {iterations(wall.experiment, {0.2}, 0.2)};
  predicted.units = {iterations(predicted.experiment, {0.1}, 0.1)};
  const Equivalence all = compare(std::move(wall), std::move(predicted));
  EXPECT_EQ(all.predicted_path, "virtual");
  EXPECT_NEAR(all.runs[0].repeats[0].time_s.error().value(), 1, 1e-9);
}

// Bits of what is trained count, and times do not.
TEST(Equivalence, FindsTheFirstRecordThatDiffers) {
  const auto side = [](const std::string& path, const std::string& mode, double loss) {
    FinishedRun run = finished(path, kTraining + mode);
    Unit unit = trained_unit(run.experiment, {0, 0}, {.updates = 2, .weights_hash = "aa"});
    unit.samples[1] = {sample("train_loss", 0.5, 1, loss), sample("train_loss", loss, 2, 1),
                       sample("round_s", loss, 2, 1)};
    // What a machine was used for is its own affair.
    if (!mode.empty()) unit.samples[1].push_back(sample("cpu_utilization", loss, 2, 0.9));
    run.units = {unit};
    return run;
  };
  const double loss = 0.3;
  const auto same = compare(side("a", "", loss), side("b", "mode: emulated\n", loss));
  EXPECT_EQ(same.runs[0].repeats[0].records, Sameness::kSame);
  EXPECT_EQ(same.runs[0].repeats[0].weights, Sameness::kSame);
  EXPECT_THAT(verdict(same), testing::EndsWith("Equal are weights, records, messages, bytes."));
  FinishedRun other = side("b", "mode: emulated\n", std::nextafter(loss, 1));
  other.units[0].weights_hash = "bb";
  const auto different = compare(side("a", "", loss), std::move(other));
  const PairedRepeat& r = different.runs[0].repeats[0];
  EXPECT_EQ(r.records, Sameness::kDifferent);
  EXPECT_EQ(r.first_difference, "train_loss of node 1 at step 2");
  EXPECT_EQ(r.weights, Sameness::kDifferent);
  EXPECT_THAT(verdict(different),
              testing::EndsWith(
                  "What must be equal differs: weights (first in the run), records (first in the "
                  "run)."));
}

// 0.5 to 1.5 s and 0 to 2 s are predicted to be 1 and 2 s, and take 1.1 and 1.8.
TEST(Equivalence, FlowsAreTheStepsOfTraffic) {
  const std::string yaml = R"(
topology: {kind: path, nodes: 2}
workload: {kind: traffic, flows: [{from: 0, to: 1, start: 500ms}, {from: 0, to: 1}]}
)";
  FinishedRun predicted = finished("virtual", yaml);
  FinishedRun measured = finished("wall", yaml + "mode: emulated\n");
  for (auto& [run, first, second] :
       {std::tuple(&predicted, 1.5, 2.0), std::tuple(&measured, 1.6, 1.8)}) {
    Unit unit = idle_unit(run->experiment, {0, 0});
    unit.time = kStart + from_seconds(second);
    add_flow(unit, 1, {0, 0.5, first, 1});
    add_flow(unit, 1, {1, 0, second, 1});
    run->units = {unit};
  }
  const Equivalence all = compare(std::move(predicted), std::move(measured));
  ASSERT_TRUE(all.runs[0].repeats[0].steps);
  const PairedSteps& steps = *all.runs[0].repeats[0].steps;
  EXPECT_EQ(steps.count, 2u);
  EXPECT_NEAR(steps.median, 0.1, 1e-9);
  EXPECT_NEAR(std::abs(steps.largest), 0.1, 1e-9);
  EXPECT_EQ(steps.node, 1u);
}

TEST(Equivalence, SaysWhatComputingWasMeasured) {
  FinishedRun predicted = finished("virtual", kTraining);
  FinishedRun measured =
      finished("wall", kTraining + "mode: emulated\ndevices: {cost: measured}\n");
  predicted.units = {trained_unit(predicted.experiment, {0, 0}, {})};
  measured.units = {trained_unit(measured.experiment, {0, 0}, {})};
  for (NodeStatistics& node : predicted.units[0].nodes) set_busy(node, Phase::kForward, 0.2);
  for (NodeStatistics& node : measured.units[0].nodes) set_busy(node, Phase::kForward, 0.25);
  const Equivalence all = compare(std::move(predicted), std::move(measured));
  EXPECT_NEAR(all.runs[0].repeats[0].compute_s.error().value(), 0.25, 1e-9);
  EXPECT_EQ(largest_error(all)->where, "computing");
  EXPECT_THAT(to_text(all),
              testing::HasSubstr("computing is declared by a profile in virtual and timed on the "
                                 "machine in wall"));
}

TEST(Equivalence, ComparesWhatIsFinishedAndSaysSo) {
  FinishedRun predicted =
      finished("virtual", kCollective + "repeats: 2\nsweep: {strategy.collective: [ring, tree]}\n");
  FinishedRun measured = finished("wall", kCollective + "mode: emulated\nrepeats: 2\n");
  predicted.units = {iterations(predicted.experiment, {0.1}, 0.1)};
  measured.units = {iterations(measured.experiment, {0.1}, 0.1)};
  const std::string text = to_text(compare(std::move(predicted), std::move(measured)));
  EXPECT_THAT(text,
              testing::HasSubstr("collective ring: 1 of 2 repeats are finished on both sides"));
  EXPECT_THAT(text, testing::HasSubstr("only in virtual: collective tree\n"));
  EXPECT_THAT(text, testing::HasSubstr("Emulated takes the times of virtual."));
}

TEST(Equivalence, RefusesWhatDoesNotBelongTogether) {
  const auto side = [](const std::string& path, const std::string& more) {
    FinishedRun run = finished(path, kCollective);
    run.experiment = experiment_of(
        kCollective + more, {"topology.latency=" + std::string(more.empty() ? "1ms" : "2ms")});
    run.units = {iterations(run.experiment, {0.1}, 0.1)};
    return run;
  };
  try {
    compare(side("a", ""), side("b", "mode: emulated\n"));
    ADD_FAILURE() << "they were compared";
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(problem.what(),
                 "a and b do not belong together: topology.latency (1ms, 2ms) differs; --force "
                 "compares them nonetheless");
  }
  const Equivalence forced = compare(side("a", ""), side("b", "mode: emulated\n"), true);
  EXPECT_EQ(forced.runs[0].difference, "topology.latency (1ms, 2ms)");
  EXPECT_THAT(to_text(forced),
              testing::HasSubstr("compared although topology.latency (1ms, 2ms) differs"));
}

TEST(Equivalence, OfNothing) {
  EXPECT_THROW(compare(finished("a", kCollective), finished("b", kCollective + "mode: emulated\n")),
               ScenarioError);
}

}  // namespace
}  // namespace understudy
