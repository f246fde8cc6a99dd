// Rounds around a server: whose weights count, when a round ends, what a node that fails changes.
#include "runtime/workloads/averaging.hpp"

#include <map>

#include "runtime/base/errors.hpp"
#include "sim/world/virtual_world.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

TEST(WeightedMean, WeighsBySamples) {
  const TrainedShard a{{1, 10}, 3}, b{{5, 20}, 1};
  EXPECT_THAT(weighted_mean({&a, &b}),
              testing::ElementsAre(2, 12.5f));  // (3 + 5) / 4, (30 + 20) / 4
  EXPECT_THAT(weighted_mean({&a}), testing::ElementsAre(1, 10));
}

// Adds its number to every weight, after some time; or fails.
class Adder final : public ShardTrainer {
 public:
  struct Options {
    float number = 1;
    std::size_t samples = 1;
    Duration time{0};
    int slow_round = 0;  // takes `time` in this call only; 0: in all
    int fails_in = 0;    // the call that fails; 0: none
  };
  explicit Adder(const Options& options) : options_(options) {}
  Task<std::optional<TrainedShard>> train(Node& node, std::vector<float> weights,
                                          ShardTraining) override {
    ++calls_;
    if (options_.slow_round == 0 || options_.slow_round == calls_)
      co_await node.sleep_until(node.now() + options_.time);
    if (options_.fails_in == calls_) co_return std::nullopt;
    for (float& w : weights) w += options_.number;
    TrainedShard trained{std::move(weights), options_.samples};
    co_return std::optional<TrainedShard>(std::move(trained));
  }
  int calls() const { return calls_; }

 private:
  Options options_;
  int calls_ = 0;
};

struct Outcome {
  std::vector<float> weights;  // the first one, by round
  std::vector<std::size_t> answers;
  std::vector<TimePoint> ends;
  TimePoint end;
};

// A star without latency whose hub serves.
Outcome run(std::vector<std::unique_ptr<Adder>>& adders, AveragingJob job) {
  const auto nodes = static_cast<int>(adders.size());
  Topology topology = make_topology(StarConfig{.nodes = nodes});
  WorldOptions options;
  options.network = IdealConfig{};
  VirtualWorld world(topology, std::move(options));
  std::vector<Rank> workers;
  for (std::size_t i = 0; i < adders.size(); ++i) workers.push_back(Rank{i});
  job.workers = workers;
  job.server = Rank{adders.size()};
  job.weights = 2;
  Outcome out;
  world.run([&](Node& node) -> Task<> {
    if (node.rank() != job.server)
      return work_rounds(node, job, *adders[node.rank().index()], ShardTraining{});
    return serve_rounds(node, job, [&](const RoundEnd& end) -> Task<> {
      out.weights.push_back(end.weights[0]);
      out.answers.push_back(end.answers);
      out.ends.push_back(node.now());
      co_return;
    });
  });
  out.end = world.snapshot().time;
  return out;
}
std::vector<std::unique_ptr<Adder>> adders(const std::vector<Adder::Options>& options) {
  std::vector<std::unique_ptr<Adder>> out;
  for (const auto& o : options) out.push_back(std::make_unique<Adder>(o));
  return out;
}

TEST(Averaging, EveryRoundAddsTheMean) {
  auto all = adders({{.number = 1, .samples = 1}, {.number = 4, .samples = 2}});
  const Outcome out = run(all, {.rounds = 3, .quorum = 2});
  EXPECT_THAT(out.weights, testing::ElementsAre(3, 6, 9));  // (1 + 8) / 3
  EXPECT_THAT(out.answers, testing::ElementsAre(2, 2, 2));
}

TEST(Averaging, ANodeThatFailsSitsTheRoundOut) {
  auto all = adders({{.number = 1}, {.number = 5, .fails_in = 2}});
  const Outcome out = run(all, {.rounds = 3, .quorum = 1});
  EXPECT_THAT(out.weights, testing::ElementsAre(3, 4, 7));
  EXPECT_THAT(out.answers, testing::ElementsAre(2, 1, 2));
}

TEST(Averaging, WithoutItsQuorumARoundFails) {
  auto all = adders({{.number = 1}, {.number = 5, .fails_in = 2}});
  try {
    run(all, {.rounds = 3, .quorum = 2});
    FAIL();
  } catch (const RunError& problem) {
    EXPECT_STREQ(problem.what(),
                 "round 2 ended with the weights of 1 of 2 nodes, fewer than the quorum of 2");
  }
}

// The second takes 25 s for its first round: it misses rounds 1 and 2, whose deadline is 10 s, finds
// rounds 2 and 3 waiting at 25 s, skips 2, and is in time for 3, which ends at once.
TEST(Averaging, ADeadlineEndsARoundAndALateAnswerNeverCounts) {
  auto all = adders({{.number = 1}, {.number = 5, .time = 25s, .slow_round = 1}});
  const Outcome out = run(all, {.rounds = 4, .deadline = 10s, .quorum = 1});
  EXPECT_THAT(out.answers, testing::ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(out.weights, testing::ElementsAre(1, 2, 5, 8));
  EXPECT_NEAR(to_seconds(out.ends[0]), 10, 1e-3);
  EXPECT_NEAR(to_seconds(out.ends[1]), 20, 1e-3);
  EXPECT_NEAR(to_seconds(out.ends[2]), 25, 1e-3);
  EXPECT_EQ(all[1]->calls(), 3);
}

// What a survivor ends with is what it ends with alone.
TEST(Averaging, TheOthersAreARunOfTheirOwn) {
  auto with_silent =
      adders({{.number = 1, .samples = 3}, {.number = 7, .time = 1h}, {.number = 2, .samples = 5}});
  auto survivors = adders({{.number = 1, .samples = 3}, {.number = 2, .samples = 5}});
  const Outcome out = run(with_silent, {.rounds = 5, .deadline = 1s, .quorum = 2});
  EXPECT_EQ(out.weights, run(survivors, {.rounds = 5, .quorum = 2}).weights);
}

}  // namespace
}  // namespace understudy
