// Buffered asynchronous aggregation and clients that come and go, on parabolas: who answers when follows
// from how long each client trains.
#include <cmath>

#include "runtime/base/errors.hpp"
#include "runtime/federated/messages.hpp"
#include "tests/data/idx_files.hpp"
#include "tests/federated/harness.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Client i's step takes so many seconds and leads straight to minima[i]; messages take no time to
// speak of.
Federation timed(std::vector<std::size_t> seconds, const std::vector<double>& minima,
                 FederatedConfig config) {
  Federation f;
  for (const double b : minima) f.bowls.push_back({{1}, {b}, {0}});
  f.samples = std::move(seconds);
  f.profiles.profiles["second"] = {.flops_per_s = 1e12};
  f.star.device = "second";
  f.star.bandwidth = Bandwidth{1e15};
  f.config = config;
  f.config.local_steps = 1;
  f.lr = 1;
  return f;
}

// Client 0 answers at 2 s, 4 s and 6 s, each time from the model of before; client 1, from x = 0, at 5 s
// in round 3, two rounds late: x = 1, 1, 1 + 4/sqrt(3). Client 0's answer at 6 s is to round 3 and adds
// nothing.
TEST(Buffered, AggregatesWheneverTheBufferIsFull) {
  const FederationEnd end =
      run(timed({2, 5}, {1, 4}, {.rounds = 4, .aggregation = Aggregation::kBuffered, .buffer = 1}));
  ASSERT_EQ(end.models.size(), 4u);
  EXPECT_NEAR(end.models[0][0], 1, 1e-12);
  EXPECT_NEAR(end.models[1][0], 1, 1e-12);
  EXPECT_NEAR(end.models[2][0], 1 + 4 / std::sqrt(3.0), 1e-12);
  EXPECT_NEAR(end.models[3][0], 1 + 4 / std::sqrt(3.0), 1e-12);
  const std::vector<double> round_s = end.all("round_s"), expected{2, 2, 1, 1};
  for (std::size_t r = 0; r < 4; ++r) EXPECT_NEAR(round_s[r], expected[r], 1e-6);
  EXPECT_THAT(end.all("late"), testing::ElementsAre(0, 0, 1, 1));
}

// The mean is over the buffer, whatever the discounts: at 5 s client 1's answer, one round late, adds
// (0 + 4/sqrt(2)) / 2.
TEST(Buffered, DividesByTheBuffer) {
  Federation f = timed({2, 2, 5}, {0, 0, 4},
                       {.rounds = 2, .aggregation = Aggregation::kBuffered, .buffer = 2});
  const FederationEnd end = run(f);
  EXPECT_NEAR(end.models[0][0], 0, 1e-12);
  // Round 2 from 2 s: both quick clients answer at 4 s.
  EXPECT_NEAR(end.models[1][0], 0, 1e-12);
  f.samples = {2, 2, 3};
  const FederationEnd quicker = run(f);
  // Now the third answers at 3 s, and of the quick ones the first at 4 s. By samples 3 and 2.
  EXPECT_NEAR(quicker.models[1][0], 3 * 4 / std::sqrt(2.0) / 5, 1e-12);
}

TEST(Buffered, OfAllClientsAtOneSpeedIsFedAvg) {
  const std::vector<double> minima{1, 4, -2};
  Federation f = timed({1, 1, 1}, minima, {.rounds = 5});
  f.lr = 0.3;
  const FederationEnd averaged = run(f);
  f.config.aggregation = Aggregation::kBuffered;
  EXPECT_EQ(run(f).models, averaged.models);
}

// One of three at a time: the others wait for their turn.
TEST(Buffered, KeepsAsManyAtWorkAsTheCohort) {
  const FederationEnd end =
      run(timed({1, 1, 1}, {1, 1, 1},
                {.rounds = 6, .cohort = 1, .aggregation = Aggregation::kBuffered, .buffer = 1}));
  EXPECT_NEAR(to_seconds(end.world.time), 6, 1e-6);
  EXPECT_THAT(end.all("answers"), testing::Each(1));
}

// Both overflow: the round ends without an answer instead of waiting for ever.
TEST(Buffered, EndsWhereNobodyIsLeftToAnswer) {
  Federation f = timed({1, 1}, {1e200, 1e200},
                       {.rounds = 2, .aggregation = Aggregation::kBuffered, .buffer = 2});
  for (auto& bowl : f.bowls) bowl.a = {1e200};
  const FederationEnd end = run(f);
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(0, 0));
  EXPECT_THAT(end.all("excluded"), testing::ElementsAre(2, 2));
}

// A client at work for a second, meanwhile told that it is over, and then what was said before that.
TEST(Buffered, AClientEndsByAWordThatHasOvertakenOthers) {
  Federation f = timed({1}, {1}, {.rounds = 2, .aggregation = Aggregation::kBuffered});
  f.asleep = false;
  f.dry = true;
  f.serve = [](Node& node, const FederatedJob<double>&) -> Task<> {
    const auto say = [&node](int round, std::size_t values) {
      node.send(Rank{0}, kToClients, pack_message<GivenHead, double>(true, {round}, values, {}));
    };
    say(1, 1);
    co_await node.sleep_until(kStart + 500ms);
    say(3, 0);
    say(2, 1);
  };
  EXPECT_NEAR(to_seconds(run(f).world.time), 1, 1e-6);
}

TEST(Buffered, RefusesABufferBeyondTheClients) {
  try {
    cohort_sizes({.aggregation = Aggregation::kBuffered, .buffer = 5}, 3);
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(problem.what(),
                 "strategy.buffer: 5 answers to one model are more than the 3 clients there are");
  }
}

AvailabilityConfig trace(const TemporaryFolder& folder, const std::string& text,
                         std::optional<Duration> period = {}) {
  std::ofstream(folder / "trace.csv") << text;
  return TraceAvailability{{(folder / "trace.csv").string()}, period};
}

// Whoever is asked directly and whoever keeps the books agree at every time, and the next arrival is the
// first time at which somebody new is there.
TEST(Available, AreKnownWithoutAskingEverybody) {
  const TemporaryFolder folder;
  const std::string text = "client,on_s,off_s\n0,0,3\n0,5,6\n1,2,4\n1,4,9\n2,7,10\n4,0,1\n4,9,10\n";
  const std::vector<std::vector<std::pair<int, int>>> on{
      {{0, 3}, {5, 6}}, {{2, 9}}, {{7, 10}}, {}, {{0, 1}, {9, 10}}};
  const auto expected = [&](std::size_t client, int half_s) {
    for (const auto& [from, to] : on[client % on.size()])
      if (half_s % 20 >= 2 * from && half_s % 20 < 2 * to) return true;
    return false;
  };
  constexpr std::size_t kClients = 12;  // take those of the file in turn
  for (const int step : {1, 3, 7, 45}) {
    const auto made = make_availability(trace(folder, text, 10s), kClients, 1);
    ClockedAvailability& there = *made->by_the_clock();
    for (int half_s = 0; half_s < 200; half_s += step) {
      const TimePoint now = kStart + half_s * Duration{500ms};
      std::vector<std::uint32_t> present;
      for (std::uint32_t c = 0; c < kClients; ++c) {
        if (expected(c, half_s)) present.push_back(c);
      }
      EXPECT_THAT(there.present(now), testing::UnorderedElementsAreArray(present)) << half_s;
      int later = half_s + 1;
      const auto comes = [&](std::size_t c) { return !expected(c, half_s) && expected(c, later); };
      const auto somebody_comes = [&] {
        for (std::size_t c = 0; c < kClients; ++c)
          if (comes(c)) return true;
        return false;
      };
      while (!somebody_comes()) ++later;
      EXPECT_EQ(there.next_arrival(now), kStart + later * Duration{500ms}) << half_s;
    }
  }
}

// Client 0 is there until 3 s, client 1 from 2 s on. Rounds of a second each.
TEST(Available, AreAskedAsTheTraceSays) {
  const TemporaryFolder folder;
  FederatedConfig config{.rounds = 4};
  config.availability = trace(folder, "client,on_s,off_s\n0,0,3\n1,2,100\n");
  const FederationEnd end = run(timed({1, 1}, {2, 6}, config));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(1, 1, 2, 1));
  const std::vector<double> expected{2, 2, 4, 6};
  for (std::size_t r = 0; r < 4; ++r) EXPECT_NEAR(end.models[r][0], expected[r], 1e-9);
}

// Of each 10 s it is there for the first: a round begins every 10 s.
TEST(Available, AreWaitedForWhereNobodyIsThere) {
  const TemporaryFolder folder;
  FederatedConfig config{.rounds = 3};
  config.availability = trace(folder, "client,on_s,off_s\n0,0,1\n", 10s);
  const FederationEnd end = run(timed({2}, {1}, config));
  EXPECT_NEAR(to_seconds(end.world.time), 22, 1e-6);
}

TEST(Available, EndTheRunWhereNobodyWillEverBe) {
  const TemporaryFolder folder;
  FederatedConfig config{.rounds = 3};
  config.availability = trace(folder, "client,on_s,off_s\n0,0,1\n");
  EXPECT_THROW(run(timed({2}, {1}, config)), RunError);
}

TEST(Available, FillABufferInTurns) {
  const TemporaryFolder folder;
  FederatedConfig config{.rounds = 3, .aggregation = Aggregation::kBuffered, .buffer = 1};
  config.availability = trace(folder, "client,on_s,off_s\n0,0,1.5\n1,1.5,100\n");
  const FederationEnd end = run(timed({1, 1}, {1, 3}, config));
  // Client 0 from 0 s and from 1 s, then client 1.
  EXPECT_NEAR(end.models[1][0], 1, 1e-12);
  EXPECT_NEAR(end.models[2][0], 3, 1e-12);
}

// Of those there each equally often: 2 of 6, of whom half are there.
TEST(Bernoulli, DrawsEveryClientEquallyOften) {
  const auto drawn = make_availability(BernoulliAvailability{0.5}, 6, 3);
  Cohorts cohorts(3, 6, 2, drawn.get());
  std::vector<int> times(6);
  int all = 0;
  for (int draw = 1; draw <= 9000; ++draw) {
    for (const std::uint32_t client : cohorts.of(draw)) {
      ASSERT_TRUE(drawn->is_there(client, draw, kStart));
      ++times[client], ++all;
    }
  }
  // At most 2 in a draw, so that the deviation is below that of independent draws.
  const double each = all / 6.0;
  for (const int count : times) EXPECT_NEAR(count, each, 5 * std::sqrt(each));
}

TEST(Bernoulli, DrawsCohortsOfThoseWhoAreThere) {
  FederatedConfig config{.rounds = 30, .cohort = 3};
  config.availability = BernoulliAvailability{0.5};
  const auto drawn = make_availability(config.availability, 4, 3);
  const FederationEnd end = run(timed({1, 1, 1, 1}, {1, 1, 1, 1}, config));
  const std::vector<double> answers = end.all("answers");
  for (int round = 1; round <= 30; ++round) {
    double there = 0;
    for (std::size_t i = 0; i < 4; ++i) there += drawn->is_there(i, round, kStart) ? 1 : 0;
    EXPECT_EQ(answers[static_cast<std::size_t>(round - 1)], std::min(3.0, there));
  }
}

// Two of five from round 4 on: a round of all has 3 answers before, and 5 then.
TEST(Newcomers, JoinInTheirRound) {
  FederatedConfig config{.rounds = 6};
  config.availability = NewcomerAvailability{.share = 0.4, .from_round = 4};
  const FederationEnd end = run(timed({1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}, config));
  EXPECT_THAT(end.all("answers"), testing::ElementsAre(3, 3, 3, 5, 5, 5));
}

TEST(Newcomers, AreSomeOfThemAndNotAll) {
  const auto first = [](double share, std::size_t clients) {
    return first_newcomer(NewcomerAvailability{.share = share}, clients);
  };
  EXPECT_EQ(first(0.2, 50), 40u);
  EXPECT_EQ(first(0.001, 50), 49u);
  EXPECT_EQ(first(1, 50), 1u);
  EXPECT_EQ(first(0.5, 1), 1u);  // none
  EXPECT_EQ(first_newcomer(AlwaysAvailable{}, 50), 50u);
}

// There with probability p = on / (on + off) at any time, and a time t after it was there with
// p + (1 - p) exp(-(1/on + 1/off) t).
TEST(Markov, IsThereAsLongAsItSays) {
  constexpr std::size_t kClients = 20000;
  const auto chain = make_availability(MarkovAvailability{2s, 6s}, kClients, 1);
  std::vector<bool> at_first(kClients);
  double first = 0, again = 0;
  for (std::size_t i = 0; i < kClients; ++i) {
    at_first[i] = chain->is_there(i, 0, kStart + 50s);
    first += at_first[i] ? 1 : 0;
  }
  for (std::size_t i = 0; i < kClients; ++i)
    again += at_first[i] && chain->is_there(i, 0, kStart + 51s) ? 1 : 0;
  const double p = 0.25, stays = p + (1 - p) * std::exp(-(1.0 / 2 + 1.0 / 6));
  EXPECT_NEAR(first / kClients, p, 5 * std::sqrt(p * (1 - p) / kClients));
  EXPECT_NEAR(again / first, stays, 5 * std::sqrt(stays * (1 - stays) / first));
}

TEST(Trace, RefusesWhatIsNone) {
  const auto problem = [](const std::string& text) -> std::string {
    try {
      parse_presence(text, "t.csv");
      return "";
    } catch (const DataError& e) {
      return e.what();
    }
  };
  EXPECT_EQ(problem("client,on,off\n0,0,1\n"), "t.csv:1: the header is not client,on_s,off_s");
  EXPECT_EQ(problem("client,on_s,off_s\n0,2,1\n"), "t.csv:2:3: it ends no later than it begins");
  EXPECT_EQ(problem("client,on_s,off_s\n0,0,2\n0,1,3\n"),
            "t.csv: two stretches of client 0 overlap");
  EXPECT_NE(problem("client,on_s,off_s\n-1,0,2\n"), "");
  EXPECT_NE(problem("client,on_s,off_s\n0.5,0,2\n"), "");
  EXPECT_NE(problem("client,on_s,off_s\n0,0,nan\n"), "");
  EXPECT_EQ(problem("client,on_s,off_s\n1,0,2\n1,2,3\n"), "");
}

}  // namespace
}  // namespace understudy
