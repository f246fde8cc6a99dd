// Rounds: who is asked, when a round ends, what travels, and that nothing depends on threads.
#include <cmath>

#include "runtime/base/errors.hpp"
#include "sim/world/compute_pool.hpp"
#include "tests/federated/harness.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Client i's samples make its step take so many seconds; messages take no time to speak of.
Federation timed(std::vector<std::size_t> seconds, FederatedConfig config) {
  Federation f;
  for (std::size_t i = 0; i < seconds.size(); ++i)
    f.bowls.push_back({{1}, {static_cast<double>(i)}, {0}});
  f.samples = std::move(seconds);
  f.profiles.profiles["second"] = {.flops_per_s = 1e12};
  f.star.device = "second";
  f.star.bandwidth = Bandwidth{1e15};
  f.config = config;
  f.config.local_steps = 1;
  f.lr = 1;  // a step leads straight to b
  return f;
}

TEST(Rounds, TakeTheSlowestClientsTime) {
  const FederationEnd end = run(timed({1, 5, 2}, {.rounds = 3}));
  EXPECT_NEAR(to_seconds(end.world.time), 15, 1e-6);
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(3, 3, 3));
  EXPECT_NEAR(end.models[0][0], (0 * 1 + 1 * 5 + 2 * 2) / 8.0, 1e-12);
}

TEST(Rounds, AskTheCohortAlone) {
  const FederationEnd end = run(timed({1, 1, 1, 1, 1}, {.rounds = 4, .cohort = 2}));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(2, 2, 2, 2));
  std::int64_t answers = 0;
  for (std::size_t i = 0; i < 5; ++i) answers += end.world.nodes[i].messages;
  EXPECT_EQ(answers, 8);
  EXPECT_EQ(end.world.nodes[5].messages, 8);
  EXPECT_EQ(end.world.nodes[5].bytes_sent, 8 * static_cast<std::int64_t>(4 + sizeof(double)));
}

// Every round ends after 3 s with the two fast clients; the slow one answers to round 1 at 7 s, in
// round 3, where it is dropped, and goes on with what it was given last.
TEST(Rounds, EndAtTheirDeadlineWithoutTheLate) {
  const FederationEnd end = run(timed({1, 1, 7}, {.rounds = 4, .deadline = 3s}));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(end.all("late"), testing::ElementsAre(0, 0, 1, 0));
  for (const auto& model : end.models) EXPECT_NEAR(model[0], 0.5, 1e-12);
  EXPECT_NEAR(end.last("round_s"), 3, 1e-6);
}

// Its answer to round 1 added 2 to a model of 0, and counts 1/sqrt(1 + 2) in round 3: with weights by
// samples 1, 1 and 7/sqrt(3) the change is mean(-x, 1 - x, 2) at x = 0.5.
TEST(Rounds, TakeStaleAnswersAtADiscount) {
  const FederationEnd end =
      run(timed({1, 1, 7}, {.rounds = 3, .deadline = 3s, .late = LateAnswers::kStale}));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(2, 2, 3));
  const double weight = 7 / std::sqrt(3.0);
  EXPECT_NEAR(end.models[2][0], 0.5 + (-0.5 + 0.5 + weight * 2) / (2 + weight), 1e-12);
}

TEST(Rounds, WithOverSelectionEndWithTheFirstAnswers) {
  const FederationEnd end =
      run(timed({4, 1, 2, 9}, {.rounds = 1, .cohort = 2, .over_selection = 2}));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(2));
  EXPECT_NEAR(end.last("round_s"), 2, 1e-6);
  EXPECT_NEAR(end.models[0][0], (1 * 1 + 2 * 2) / 3.0, 1e-12);  // clients 1 and 2
}

TEST(Rounds, WithoutAnAnswerLeaveTheModel) {
  const FederationEnd end = run(timed({9}, {.rounds = 2, .deadline = 1s}));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(0, 0));
  EXPECT_EQ(end.models[1][0], 0);
}

TEST(Rounds, WithoutAnAnswerFailWhereTheyAreTo) {
  try {
    run(timed({9}, {.rounds = 2, .deadline = 1s, .empty_round = EmptyRound::kFail}));
    FAIL();
  } catch (const RunError& problem) {
    EXPECT_STREQ(problem.what(), "round 1 ended without an answer that counts");
  }
}

// A draw of the slow one of two clients is repeated until it falls on the fast one.
TEST(Rounds, WithoutAnAnswerAreRepeatedWhereTheyAreTo) {
  const FederationEnd end = run(timed(
      {9, 1}, {.rounds = 20, .cohort = 1, .deadline = 2s, .empty_round = EmptyRound::kRepeat}));
  for (const double answers : end.all("answers")) EXPECT_EQ(answers, 1);
  EXPECT_EQ(end.models.back()[0], 1);
}

// Client 1 overflows in its first step.
TEST(Rounds, LeaveOutClientsWhoseLossIsNoNumber) {
  Federation f = timed({1, 1}, {.rounds = 2});
  f.bowls[1].a = {1e200};
  f.bowls[1].b = {1e200};
  const FederationEnd end = run(f);
  EXPECT_THAT(end.all("excluded"), testing::ElementsAre(1, 1));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(1, 1));
  EXPECT_EQ(end.models[1][0], 0);
}

Federation of_many(FederatedKind kind) {
  Federation f;
  for (int i = 0; i < 12; ++i) f.bowls.push_back({{1.0 + i, 2}, {0.3 * i, 1.0 / (1 + i)}, {1, -1}});
  f.config = {.algorithm = kind, .rounds = 6, .cohort = 5, .local_steps = 3};
  f.lr = 0.05;
  return f;
}

TEST(Rounds, GiveTheSameBitsOnAnyNumberOfThreads) {
  for (const FederatedKind kind : {FederatedKind::kScaffold, FederatedKind::kSuperFedLm}) {
    Federation f = of_many(kind);
    const FederationEnd alone = run(f);
    ComputePool pool(3);
    f.pool = &pool;
    const FederationEnd together = run(f);
    EXPECT_EQ(alone.models, together.models);
    EXPECT_EQ(alone.kept, together.kept);
    EXPECT_EQ(alone.world.time, together.world.time);
  }
}

// A task that is there all along, and one that the server starts: nobody can tell.
TEST(Rounds, AreTheSameWhereClientsSleep) {
  const std::vector<FederatedConfig> configs{
      {.algorithm = FederatedKind::kDitto, .rounds = 6, .cohort = 2},
      {.rounds = 6, .deadline = 3s},
      {.rounds = 6, .deadline = 3s, .late = LateAnswers::kStale},
      {.rounds = 6, .cohort = 2, .over_selection = 2},
      {.rounds = 6, .cohort = 2, .aggregation = Aggregation::kBuffered, .buffer = 1}};
  for (std::size_t i = 0; i < configs.size(); ++i) {
    Federation f = timed({1, 2, 7, 3}, configs[i]);
    const FederationEnd asleep = run(f);
    f.asleep = false;
    const FederationEnd awake = run(f);
    EXPECT_EQ(asleep.models, awake.models) << i;
    EXPECT_EQ(asleep.kept, awake.kept) << i;
    for (const char* metric : {"train_loss", "answers", "late", "round_s", "traffic_bytes"})
      EXPECT_EQ(asleep.all(metric), awake.all(metric)) << i << metric;
  }
}

// Before a run its time is estimated from what nodes send, without the values in it.
TEST(Rounds, TakeAsLongWithoutTraining) {
  const std::vector<FederatedConfig> configs{
      {.rounds = 4, .cohort = 2},
      {.rounds = 9, .cohort = 2, .over_selection = 2},
      {.rounds = 5, .deadline = 3s},
      {.rounds = 20, .cohort = 1, .deadline = 2s, .empty_round = EmptyRound::kRepeat},
      {.rounds = 9, .cohort = 2, .aggregation = Aggregation::kBuffered, .buffer = 1},
      {.rounds = 5, .cohort = 3, .aggregation = Aggregation::kBuffered, .buffer = 2}};
  for (std::size_t i = 0; i < configs.size(); ++i) {
    Federation f = timed({1, 2, 7, 3}, configs[i]);
    const FederationEnd whole = run(f);
    f.dry = true;
    const FederationEnd dry = run(f);
    EXPECT_EQ(dry.world.time, whole.world.time) << i;
    for (const char* metric : {"round_s", "traffic_bytes"})
      EXPECT_EQ(dry.all(metric), whole.all(metric)) << i << metric;
  }
}

// Who is never asked stays without a record, and counts as one that has sent nothing.
TEST(Rounds, LeaveTheOthersAsleep) {
  const FederationEnd end = run(timed({1, 1, 1, 1, 1, 1}, {.rounds = 1, .cohort = 1}));
  int awake = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(end.world.samples[i].size(), static_cast<std::size_t>(end.world.nodes[i].messages));
    awake += end.world.samples[i].empty() ? 0 : 1;
  }
  EXPECT_EQ(awake, 1);
}

TEST(Rounds, ResumeWithTheSameBits) {
  for (const FederatedKind kind : {FederatedKind::kScaffold, FederatedKind::kApfl}) {
    Federation f = of_many(kind);
    std::vector<WorldSnapshot> snapshots;
    f.on_safe_point = [&](const WorldSnapshot& s) { snapshots.push_back(s); };
    const FederationEnd whole = run(f);
    ASSERT_EQ(snapshots.size(), 5u);  // after each round but the last
    f.on_safe_point = nullptr;
    f.resume = &snapshots[2];
    const FederationEnd resumed = run(f);
    ASSERT_EQ(resumed.models.size(), 3u);
    EXPECT_EQ(resumed.models.back(), whole.models.back());
    EXPECT_EQ(resumed.kept, whole.kept);
    EXPECT_EQ(resumed.world.time, whole.world.time);
    EXPECT_EQ(resumed.all("round_s"), whole.all("round_s"));
  }
}

TEST(Rounds, WithADeadlinePassNoSafePoint) {
  Federation f = of_many(FederatedKind::kFedAvg);
  f.config.deadline = 10s;
  int points = 0;
  f.on_safe_point = [&](const WorldSnapshot&) { ++points; };
  run(f);
  EXPECT_EQ(points, 0);
}

}  // namespace
}  // namespace understudy
