// Writing: what is written reads back as the same scenario, in the shortest text.
#include <nlohmann/json.hpp>

#include "scenarios/sweep.hpp"
#include "tests/scenarios/examples.hpp"

namespace understudy {
namespace {

TEST(Write, ReadsBackTheSame) {
  for (const std::string& yaml : kEveryField) {
    const Scenario scenario = scenario_of(yaml);
    const std::string text = write_yaml(scenario);
    const Scenario again = scenario_of(text);
    EXPECT_EQ(to_json(scenario), to_json(again)) << text;
    EXPECT_EQ(write_yaml(again), text);
  }
}

// Every leaf of the text was in the source or is a default: reading fills what writing shows.
TEST(Write, KeepsEveryValueThatWasGiven) {
  const auto json = to_json(scenario_of(kEveryField[0]));
  EXPECT_EQ(json["seed"], 18446744073709551615u);
  EXPECT_EQ(json["topology"]["inter"]["bandwidth"], "2.5Gbit/s");
  EXPECT_EQ(json["topology"]["inter"]["latency"], "201us");
  EXPECT_EQ(json["devices"]["profiles"]["mine"]["compute"], "29.8Tflop/s");
  EXPECT_EQ(json["devices"]["profiles"]["mine"]["copy"], "12.5GB/s");
  EXPECT_EQ(json["workload"]["epochs"], 2.5);
  EXPECT_EQ(json["workload"]["schedule"]["kind"], "warmup");
  EXPECT_FALSE(json["workload"].contains("updates"));
  EXPECT_EQ(json["strategy"]["bucket"], "1MiB");
  EXPECT_EQ(json["expect"]["test_accuracy"], ">= 0.75");
}

TEST(Write, AllOfTheDefaults) {
  const auto json = to_json(Scenario{});
  EXPECT_EQ(json["workload"]["optimizer"]["lr"], 0.01);
  EXPECT_EQ(json["workload"]["dropout"].dump(), "0");
  EXPECT_EQ(json["network"]["kind"], "fair_share");
  EXPECT_EQ(to_json(scenario_of(write_yaml(Scenario{.name = "x"}))),
            to_json(Scenario{.name = "x"}));
}

TEST(Write, TextsThatYamlWouldTakeForSomethingElse) {
  for (const std::string text :
       {"null",     "~",  "true", "1e3", "- a",  "a: b", "# no",       "{x",
        "'",        "\"", " ",    "*a",  "&a",   "!t",   "line\nline", "tab\there",
        "\xC3\xA9", "%x", "@y",   "`z",  "a\\b", "---"}) {
    Scenario scenario{.name = "x"};
    scenario.report.question = text;
    EXPECT_EQ(scenario_of(write_yaml(scenario)).report.question, text);
  }
}

// A run directory's scenario stands for the runs of the file that it was made from.
TEST(Write, SweepsExpandTheSame) {
  const std::string yaml =
      "sweep:\n"
      "  variant:\n"
      "    - {name: a, workload.epochs: null, workload.updates: 7}\n"
      "    - {name: \"null\", workload.batch: [1, 2]}\n"
      "  topology.device: [\"\", cpu]\n";
  const auto once = expand(parse_document(yaml, "test.yaml"));
  const std::string text = write_yaml(scenario_of(yaml));
  const auto again = expand(parse_document(text, "test.yaml"));
  ASSERT_EQ(once.size(), 6u);
  ASSERT_EQ(again.size(), once.size()) << text;
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(again[i].overrides, once[i].overrides) << text;
    EXPECT_EQ(to_json(again[i].scenario), to_json(once[i].scenario)) << text;
  }
}

TEST(Write, OneLineTextReadsBack) {
  for (const char* text : {"{kind: ring, nodes: 4}", "[1, 2.5, x]", "\"1\"", "\"null\"",
                           "\">= 0.5\"", "-3", "10Mbit/s"}) {
    const YamlValue value = parse_value(text, "test");
    EXPECT_EQ(to_text(value), text);
    EXPECT_TRUE(parse_value(to_text(value), "test") == value) << text;
  }
}

}  // namespace
}  // namespace understudy
