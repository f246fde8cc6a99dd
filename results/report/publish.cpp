#include "results/report/publish.hpp"

#include <nlohmann/json.hpp>

#include "results/experiment/records.hpp"
#include "results/report/prediction_table.hpp"
#include "results/report/report.hpp"
#include "results/report/table.hpp"
#include "results/summary/answers.hpp"

namespace understudy {

Summary publish(const RunDirectory& directory, const Experiment& experiment,
                std::span<const Unit> units) {
  std::string metrics;
  for (const Unit& unit : units) metrics += metrics_jsonl(unit);
  directory.write("metrics.jsonl", metrics);
  directory.write("links.csv", links_csv(experiment, units));
  Summary summary = summarise(experiment, units);
  directory.write("summary.json", to_json(summary).dump(2) + "\n");
  directory.write("report.html", report_html(experiment, summary, units));
  return summary;
}

std::string results_text(const Experiment& experiment, const Summary& summary,
                         std::span<const Unit> units) {
  std::string text = table(summary);
  for (const std::string& notice : notices(units)) text += "\n" + notice + "\n";
  for (const std::string& answer : answers(experiment, summary, units))
    text += "\n" + answer + "\n";
  if (const ResultTable predictions = prediction_table(summary); !predictions.rows.empty())
    text += "\n" + to_text(predictions);
  return text;
}

}  // namespace understudy
