#include "results/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "results/experiment/provenance.hpp"
#include "results/report/charts.hpp"
#include "results/report/page_assets.hpp"
#include "results/report/prediction_table.hpp"
#include "results/report/table.hpp"
#include "results/summary/answers.hpp"
#include "results/summary/escape.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

std::string element(const std::string& name, const std::string& classes, const std::string& text) {
  return fmt::format("<{0} class=\"{1}\">{2}</{0}>\n", name, classes, escape_markup(text));
}

// Whether a column holds text in some row, and so is read from the left.
bool is_text(const ResultTable& table, std::size_t column) {
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
    return !row[column].empty() &&
           std::isalpha(static_cast<unsigned char>(row[column].front())) != 0;
  });
}

std::string table_html(const ResultTable& table) {
  const auto row_html = [&](const std::vector<std::string>& row, const char* cell) {
    std::string out = "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += fmt::format("<{0}{2}>{1}</{0}>", cell, escape_markup(row[i]),
                         is_text(table, i) ? " class=\"text\"" : "");
    }
    return out + "</tr>\n";
  };
  std::string out =
      "<div class=\"scroll\"><table>\n<thead>" + row_html(table.head, "th") + "</thead>\n<tbody>\n";
  for (const auto& row : table.rows) out += row_html(row, "td");
  out += "</tbody>\n</table></div>\n";
  for (const std::string& note : table.notes) out += element("div", "notes", note);
  return out;
}

std::string charts_html(const Json& data) {
  std::string out;
  if (data["series"].size() > 1)
    out += "<fieldset id=\"series\"><legend>Shown in the charts</legend></fieldset>\n";
  out += "<div class=\"charts\">\n";
  for (std::size_t i = 0; i < data["charts"].size(); ++i) {
    const Json& chart = data["charts"][i];
    const std::string title = chart["title"].get<std::string>();
    out += fmt::format(
        "<figure><figcaption>{}<small>{}</small></figcaption>"
        "<div class=\"canvas\"><canvas id=\"chart{}\" role=\"img\" "
        "aria-label=\"{}\"></canvas></div></figure>\n",
        escape_markup(title), escape_markup(chart.value("note", "")), i, escape_markup(title));
  }
  return out + "</div>\n";
}

// Inside a script element nothing may look like its end.
std::string script_json(const Json& data) {
  std::string out;
  for (const char c : data.dump()) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string footer_html(const Experiment& experiment) {
  const Scenario& scenario = experiment.scenario;
  return fmt::format(
      "<details><summary>The scenario</summary><pre>{}</pre></details>\n"
      "<footer>Made by Understudy {}. Seed {}, {} repeat{} of each run. run.json beside this page "
      "says on which machine and with which libraries; metrics.jsonl has every record.</footer>\n",
      escape_markup(write_yaml(scenario)), escape_markup(program_version()), scenario.seed,
      scenario.repeats, scenario.repeats == 1 ? "" : "s");
}

std::string head_html(const std::string& title) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "script-src 'unsafe-inline'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n"
      "<style>\n{}</style>\n</head>\n<body>\n",
      escape_markup(title), page_style());
}

std::string scripts_html(const Json& data) {
  return fmt::format(
      "<script type=\"application/json\" id=\"data\">{}</script>\n"
      "<script>{}</script>\n<script>\n{}</script>\n",
      script_json(data), page_chart_library(), page_charts());
}

}  // namespace

std::string report_html(const Experiment& experiment, const Summary& summary,
                        std::span<const Unit> units) {
  const Json data = charts(summary, units);
  std::string page = head_html(summary.name);
  page += fmt::format("<h1>{}</h1>\n", escape_markup(summary.name));
  if (!experiment.scenario.report.question.empty())
    page += element("p", "question", experiment.scenario.report.question);
  for (const std::string& answer : answers(experiment, summary, units))
    page += element("p", "answer", answer);
  for (const std::string& notice : notices(units)) page += element("p", "notice", notice);
  page += table_html(result_table(summary));
  if (const ResultTable predictions = prediction_table(summary); !predictions.rows.empty())
    page += "<h2>Closed form beside simulation</h2>\n" + table_html(predictions);
  if (!data["charts"].empty()) page += "<h2>Charts</h2>\n" + charts_html(data);
  page += footer_html(experiment) + scripts_html(data);
  return page + "</body>\n</html>\n";
}

}  // namespace understudy
