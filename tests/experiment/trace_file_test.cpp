// The event trace of small runs, against what their closed forms say.
#include "results/experiment/trace_file.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

#include "runtime/base/errors.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {
namespace {

using Json = nlohmann::json;

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in) << path;
  return text.str();
}

struct Traced {
  std::vector<Json> events;
  Json chrome;
};
Traced trace_of(const std::string& yaml) {
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  ExperimentOptions options;
  options.trace = true;
  run_experiment(experiment_of(yaml), directory, options);
  Traced traced;
  std::istringstream lines(contents(directory.traces() / "unit-0000-00.jsonl"));
  for (std::string line; std::getline(lines, line);) traced.events.push_back(Json::parse(line));
  traced.chrome = Json::parse(contents(directory.traces() / "unit-0000-00.trace.json"));
  return traced;
}

// A ring of two: twice, each sends half of 1 MB to the other, which takes 1 ms + 0.5 s at 8 Mbit/s,
// and waits all that time for what the other has sent at the same instant.
TEST(Trace, SaysWhoWaitedForWhom) {
  const Traced traced = trace_of(R"(
topology: {kind: path, nodes: 2, links: [{bandwidth: 8Mbit/s, latency: 1ms}]}
workload: {kind: collective, bytes: 1MB}
)");
  ASSERT_EQ(traced.events.size(), 4u);
  for (const Json& event : traced.events) {
    EXPECT_EQ(event["event"], "message");
    EXPECT_EQ(event["from"].get<int>() + event["to"].get<int>(), 1);
    EXPECT_EQ(event["bytes"], 500'000);
    const double start = event["tag"].get<int>() * 0.501;
    EXPECT_NEAR(event["sent_s"], start, 1e-9);
    EXPECT_NEAR(event["arrived_s"], start + 0.501, 1e-9);
    EXPECT_NEAR(event["received_s"], start + 0.501, 1e-9);
    EXPECT_NEAR(event["waited_s"], 0.501, 1e-9);
    EXPECT_EQ(event["delivered"], true);
    EXPECT_EQ(event["collective"], "ring");
    EXPECT_EQ(event["step"], 0);
  }
}

// Chrome's format: begins and ends in pairs, in microseconds.
TEST(Trace, OpensInChromesFormat) {
  const Traced traced = trace_of(R"(
topology: {kind: path, nodes: 2, links: [{bandwidth: 8Mbit/s, latency: 1ms}]}
workload: {kind: collective, bytes: 1MB}
)");
  std::map<std::pair<std::string, int>, std::vector<Json>> intervals;
  int processes = 0;
  for (const Json& event : traced.chrome["traceEvents"]) {
    if (event["name"] == "process_name") ++processes;
    if (event["ph"] == "b" || event["ph"] == "e")
      intervals[{event["cat"], event["id"]}].push_back(event);
  }
  EXPECT_EQ(processes, 2);
  EXPECT_EQ(intervals.size(), 8u);  // 4 messages, each waited for
  for (const auto& [id, pair] : intervals) {
    ASSERT_EQ(pair.size(), 2u);
    EXPECT_NEAR(pair[1]["ts"].get<double>() - pair[0]["ts"].get<double>(), 501'000, 1e-3);
    EXPECT_EQ(pair[0]["name"], pair[1]["name"]);
    EXPECT_EQ(pair[0]["args"]["collective"], "ring");
  }
}

// The parabola's gradient is a bucket of one slice; every update sums it up.
TEST(Trace, NamesStepsAndLayersOfTraining) {
  const Traced traced = trace_of(R"(
topology: {kind: path, nodes: 2, device: cpu}
workload: {kind: quadratic, a: [1, 3], b: [2, 0], updates: 3}
)");
  std::map<std::int64_t, int> messages_of_step;
  int computations = 0, broadcasts = 0;
  for (const Json& event : traced.events) {
    if (event["event"] == "compute") {
      ++computations;
      EXPECT_LE(event["begin_s"], event["end_s"]);
    } else if (event["collective"] == "broadcast") {
      ++broadcasts;
    } else {
      ++messages_of_step[event["step"]];
      EXPECT_EQ(event["layers"], "x");
      EXPECT_EQ(event["collective"], "ring");
    }
  }
  EXPECT_EQ(broadcasts, 1);
  EXPECT_EQ(messages_of_step, (std::map<std::int64_t, int>{{0, 4}, {1, 4}, {2, 4}}));
  EXPECT_GT(computations, 0);
}

TEST(Trace, IsTheSameEveryTime) {
  const std::string yaml = R"(
topology: {kind: ring, nodes: 5, bandwidth: 10Mbit/s, latency: 2ms}
workload: {kind: collective, bytes: 1MB}
)";
  EXPECT_EQ(trace_of(yaml).events, trace_of(yaml).events);
}

TEST(Trace, SaysWhereItEnds) {
  const TemporaryFolder folder;
  TraceFile trace(folder / "traces", {}, 3);
  for (int i = 0; i < 5; ++i) trace.write(ComputeEvent{});
  trace.finish();
  const std::string lines = contents(folder / "traces" / "unit-0000-00.jsonl");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4);
  EXPECT_TRUE(lines.ends_with("{\"event\":\"truncated\"}\n"));
}

// A run that fails leaves no half of a trace.
TEST(Trace, UnfinishedFilesGo) {
  const TemporaryFolder folder;
  { const TraceFile trace(folder / "traces", {}); }
  EXPECT_TRUE(std::filesystem::is_empty(folder / "traces"));
}

}  // namespace
}  // namespace understudy
