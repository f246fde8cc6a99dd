// What a scenario expects: which runs miss it, in a sentence and as JUnit XML.
#include "results/summary/expectation.hpp"

#include <cmath>
#include <limits>

#include "results/summary/escape.hpp"
#include "tests/summary/units.hpp"

namespace understudy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Expectations of two runs, and the accuracies that they came to; NaN leaves a run unfinished.
struct Case {
  Experiment experiment;
  Summary summary;

  Case(const std::string& expect, const std::vector<double>& accuracies)
      : experiment(experiment_of("name: trial\ntopology: {kind: cluster}\n"
                                 "workload: {kind: image_classifier, model: lenet}\n"
                                 "expect: " +
                                 expect + "\nsweep: {workload.batch: [32, 64]}\n")) {
    std::vector<Unit> units;
    for (std::size_t run = 0; run < accuracies.size(); ++run) {
      if (std::isnan(accuracies[run])) continue;
      units.push_back(trained_unit(experiment, {run, 0}, {.accuracy = accuracies[run]}));
      units.back().wall_s = 1.5;
    }
    summary = summarise(experiment, units);
  }
  std::vector<Miss> missed() const { return misses(experiment, summary); }
  std::string text() const { return sentence(missed()); }
  std::string xml() const { return junit(summary, missed()); }
};

TEST(Expectation, AreMetOrMissedRunByRun) {
  const Case c("{test_accuracy: \">= 0.75\", time_s: \"<= 2\"}", {0.75, 0.5});
  const auto missed = c.missed();
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_EQ(missed[0].run, 1u);
  EXPECT_EQ(missed[0].label, "batch 64");
  EXPECT_EQ(missed[0].metric, "test_accuracy");
  EXPECT_EQ(missed[0].actual, 0.5);
  EXPECT_EQ(missed[0].nearest, "");
}

TEST(Expectation, CompareTheMeanOfTheRepeats) {
  const Experiment experiment = experiment_of(
      "repeats: 2\nworkload: {kind: image_classifier}\nexpect: {test_accuracy: \"> 0.7\"}\n");
  const auto missed_with = [&](double second) {
    const std::vector<Unit> units{trained_unit(experiment, {0, 0}, {.accuracy = 0.6}),
                                  trained_unit(experiment, {0, 1}, {.accuracy = second})};
    return misses(experiment, summarise(experiment, units)).size();
  };
  EXPECT_EQ(missed_with(0.9), 0u);   // a mean of 0.75
  EXPECT_EQ(missed_with(0.75), 1u);  // 0.675
}

TEST(Expectation, UnfinishedRunsMissNothing) {
  EXPECT_TRUE(Case("{test_accuracy: \">= 0.75\"}", {kNaN, 0.9}).missed().empty());
  EXPECT_TRUE(Case("{test_accuracy: \">= 0.75\"}", {}).missed().empty());
}

TEST(Expectation, AMetricThatIsNotThereIsMissed) {
  const auto missed = Case("{tset_accuracy: \">= 0.1\"}", {0.9, kNaN}).missed();
  ASSERT_EQ(missed.size(), 1u);
  EXPECT_EQ(missed[0].actual, std::nullopt);
  EXPECT_EQ(missed[0].nearest, "test_accuracy");
}

TEST(Expectation, SentencesAboutOneMiss) {
  EXPECT_EQ(Case("{test_accuracy: \">= 0.75\"}", {0.8, 0.9}).text(), "");
  EXPECT_EQ(Case("{test_accuracy: \">= 0.75\"}", {0.8, 0.5}).text(),
            "the results are not as expected: test_accuracy (batch 64) is 0.5, where >= 0.75 is "
            "expected");
  EXPECT_EQ(Case("{tset_accuracy: \">= 0.1\"}", {0.8, kNaN}).text(),
            "the results are not as expected: there is no metric 'tset_accuracy' (batch 32); did "
            "you mean 'test_accuracy'?");
  EXPECT_EQ(Case("{qqqqqqqq: \">= 0.1\"}", {0.8, kNaN}).text(),
            "the results are not as expected: there is no metric 'qqqqqqqq' (batch 32)");
}

TEST(Expectation, ASentenceAboutManyNamesTheFirst) {
  EXPECT_EQ(Case("{test_accuracy: \"== 1\", time_s: \"< 1\"}", {0.5, 0.25}).text(),
            "4 expectations are missed, the first of them: test_accuracy (batch 32) is 0.5, where "
            "== 1 is expected");
}

// Two runs with two expectations each are four cases; the trained units' time is 1 s.
TEST(Expectation, JUnitHasACaseForEachRunAndExpectation) {
  EXPECT_EQ(Case("{test_accuracy: \"> 0.75\", time_s: \"<= 1\"}", {0.8, 0.5}).xml(),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1">
  <testsuite name="trial" tests="4" failures="1">
    <testcase classname="trial" name="batch 32: test_accuracy &gt; 0.75" time="1.500"/>
    <testcase classname="trial" name="batch 32: time_s &lt;= 1" time="1.500"/>
    <testcase classname="trial" name="batch 64: test_accuracy &gt; 0.75" time="1.500">
      <failure message="test_accuracy (batch 64) is 0.5, where &gt; 0.75 is expected"/>
    </testcase>
    <testcase classname="trial" name="batch 64: time_s &lt;= 1" time="1.500"/>
  </testsuite>
</testsuites>
)");
}

TEST(Expectation, JUnitLeavesOutUnfinishedRuns) {
  const std::string xml = Case("{test_accuracy: \"> 0.75\"}", {kNaN, 0.8}).xml();
  EXPECT_THAT(xml, testing::HasSubstr("tests=\"1\" failures=\"0\""));
  EXPECT_THAT(xml, testing::Not(testing::HasSubstr("batch 32")));
}

TEST(Expectation, JUnitEscapesWhatTheScenarioSays) {
  Experiment experiment = experiment_of(R"(
name: "a\"b<c>&d"
workload: {kind: image_classifier}
expect: {test_accuracy: ">= 1"}
sweep: {group: [{name: "<x>&\"y\"", seed: 1}, {name: z, seed: 2}]}
)");
  experiment.scenario.name += '\x01';  // which the reader of scenarios refuses
  const Summary summary =
      summarise(experiment, std::vector{trained_unit(experiment, {0, 0}, {.accuracy = 0.5})});
  const std::string xml = junit(summary, misses(experiment, summary));
  EXPECT_THAT(xml, testing::HasSubstr("<testsuite name=\"a&quot;b&lt;c&gt;&amp;d\" "));
  EXPECT_THAT(xml,
              testing::HasSubstr("name=\"&lt;x&gt;&amp;&quot;y&quot;: test_accuracy &gt;= 1\""));
  EXPECT_THAT(xml, testing::HasSubstr("(&lt;x&gt;&amp;&quot;y&quot;) is 0.5"));
}

TEST(Escape, LeavesWhatMarkupKnowsAndDropsTheRest) {
  EXPECT_EQ(escape_markup("plain 'text'\t\r\n"), "plain 'text'\t\r\n");
  EXPECT_EQ(escape_markup("<a href=\"x\">&amp;</a>"),
            "&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;");
  const std::string controls("a\0b\x1b[31m\x1f", 9);
  EXPECT_EQ(escape_markup(controls), "ab[31m");
  EXPECT_EQ(escape_markup("± 95 %, naïve, 網"), "± 95 %, naïve, 網");
}

}  // namespace
}  // namespace understudy
