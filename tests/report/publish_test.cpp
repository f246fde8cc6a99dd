// The files of a run directory that are made from its units, and what the terminal shows.
#include "results/report/publish.hpp"

#include <nlohmann/json.hpp>

#include "results/report/report.hpp"
#include "results/report/table.hpp"
#include "tests/summary/study.hpp"

namespace understudy {
namespace {

TEST(Publish, WritesRecordsSummaryAndPage) {
  const Experiment experiment = experiment_of(kStudy);
  const std::vector<Unit> units = units_of(experiment, kAllRuns);
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  const Summary summary = publish(directory, experiment, units);
  EXPECT_EQ(directory.read("metrics.jsonl"), [&] {
    std::string lines;
    for (const Unit& unit : units) lines += metrics_jsonl(unit);
    return lines;
  }());
  EXPECT_EQ(directory.read("links.csv"), links_csv(experiment, units));
  EXPECT_EQ(nlohmann::json::parse(directory.read("summary.json")),
            nlohmann::json::parse(to_json(summarise(experiment, units)).dump()));
  EXPECT_EQ(directory.read("report.html"), report_html(experiment, summary, units));
}

TEST(Publish, TheTerminalShowsTableNoticesAndAnswer) {
  const Experiment experiment = experiment_of(kStudy);
  std::vector<Unit> units = units_of(experiment, kAllRuns);
  for (Unit& unit : units) unit.notice = "another data set stands in";
  const Summary summary = summarise(experiment, units);
  const std::string text = results_text(experiment, summary, units);
  EXPECT_THAT(text,
              testing::StartsWith(table(summary) + "\nanother data set stands in\n\nOf the "));
  EXPECT_THAT(text, testing::EndsWith(".\n"));
}

}  // namespace
}  // namespace understudy
