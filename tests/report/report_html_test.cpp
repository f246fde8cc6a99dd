// A report's page: what it says, that it needs nothing else, and that a scenario's text stays text.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "results/report/charts.hpp"
#include "results/report/page_assets.hpp"
#include "results/report/report.hpp"
#include "tests/summary/study.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

std::string page_of(const Experiment& experiment, const std::vector<Unit>& units) {
  return report_html(experiment, summarise(experiment, units), units);
}
std::string study_page() {
  const Experiment experiment = experiment_of(kStudy);
  return page_of(experiment, units_of(experiment, kAllRuns));
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// A failure shows what is looked for, not the whole page.
testing::AssertionResult has(const std::string& page, std::string_view text) {
  if (page.find(text) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no " << text;
}

// Between two texts, the first of which must be there once.
std::string between(const std::string& text, const std::string& from, const std::string& to) {
  EXPECT_EQ(count(text, from), 1u) << from;
  const std::size_t begin = text.find(from) + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}
Json data_of(const std::string& page) {
  return Json::parse(between(page, "<script type=\"application/json\" id=\"data\">", "</script>"));
}

// A name, a question, a group and a notice that would run a script if they could.
const std::string kAttack = "</script><img src=x onerror=alert(1)>\" onload='alert(2)' x=\"<!--";
const std::string kHostile = R"(
name: "</script><img src=x onerror=alert(1)>\" onload='alert(2)' x=\"<!--"
topology: {kind: cluster}
workload: {kind: image_classifier, model: lenet}
report: {question: "</script><img src=x onerror=alert(1)>\" onload='alert(2)' x=\"<!--"}
sweep:
  "</script><img src=x onerror=alert(1)>\" onload='alert(2)' x=\"<!--":
    - {name: "</script><img src=x onerror=alert(1)>\" onload='alert(2)' x=\"<!--", seed: 1}
    - {name: other, seed: 2}
  topology.machines: [1, 2]
)";
std::vector<Unit> hostile_units(const Experiment& experiment) {
  std::vector<Unit> units;
  for (std::size_t run = 0; run < experiment.runs.size(); ++run)
    units.push_back(trained_unit(experiment, {run, 0}, {}));
  units[0].notice = kAttack;
  return units;
}
std::string hostile_page() {
  Experiment experiment = experiment_of(kHostile);
  experiment.scenario.name += "\x1b\x07";  // which the reader of scenarios refuses
  experiment.scenario.report.question += std::string("\0\x08", 2);
  return page_of(experiment, hostile_units(experiment));
}

TEST(ReportHtml, HasQuestionAnswerTableChartsAndScenario) {
  const Experiment experiment =
      experiment_of(kStudy + "name: the study\nreport: {question: \"What is lost?\"}\n");
  const std::string page = page_of(experiment, units_of(experiment, kAllRuns));
  EXPECT_TRUE(has(page, "<title>the study</title>"));
  EXPECT_TRUE(has(page, "<h1>the study</h1>"));
  EXPECT_TRUE(has(page, "<p class=\"question\">What is lost?</p>"));
  EXPECT_TRUE(has(page, "<p class=\"answer\">Of the 7.0 ± 12.7 points lost from 1 to 4"));
  EXPECT_TRUE(has(page, "<td class=\"text\">as published</td>"));
  EXPECT_TRUE(has(page, "<td>90.0 ± 25.4</td>"));  // 88 and 92: 12.706 x 2
  EXPECT_TRUE(has(page, "± is half the 95 % interval over repeats."));
  EXPECT_TRUE(has(page, "<fieldset id=\"series\">"));
  EXPECT_TRUE(has(page, "model: lenet"));
}

TEST(ReportHtml, LeavesOutWhatThereIsNot) {
  const Experiment experiment = experiment_of("workload: {kind: quadratic}\n");
  const std::string page = page_of(experiment, {});
  for (const char* part : {"class=\"question\"", "class=\"answer\"", "class=\"notice\"", "<canvas",
                           "<h2>Charts", "<fieldset"})
    EXPECT_FALSE(has(page, part)) << part;
}

TEST(ReportHtml, SaysANoticeOnce) {
  const Experiment experiment = experiment_of(kStudy);
  std::vector<Unit> units = units_of(experiment, kAllRuns);
  for (Unit& unit : units) unit.notice = "another data set stands in";
  EXPECT_EQ(count(page_of(experiment, units), "<p class=\"notice\">another data set stands in</p>"),
            1u);
}

TEST(ReportHtml, ItsJsonIsTheChartsData) {
  const Experiment experiment = experiment_of(kStudy);
  const std::vector<Unit> units = units_of(experiment, kAllRuns);
  const std::string page = page_of(experiment, units);
  const Json data = data_of(page);
  EXPECT_EQ(data, Json::parse(charts(summarise(experiment, units), units).dump()));
  ASSERT_GT(data["charts"].size(), 0u);
  EXPECT_EQ(count(page, "<canvas"), data["charts"].size());
  for (std::size_t i = 0; i < data["charts"].size(); ++i)
    EXPECT_TRUE(has(page, "<canvas id=\"chart" + std::to_string(i) + "\""));
}

// Styles and scripts lie in the page; it names no other file, and forbids itself to ask for one.
TEST(ReportHtml, IsOneFile) {
  const std::string page = study_page();
  EXPECT_THAT(page, testing::StartsWith("<!doctype html>\n"));
  EXPECT_THAT(page, testing::EndsWith("</html>\n"));
  EXPECT_TRUE(has(page, page_style()));
  EXPECT_TRUE(has(page, page_charts()));
  EXPECT_TRUE(has(page, page_chart_library()));
  const std::regex outside(R"re([\s"'](src|srcset|href|action|poster)\s*=|\burl\(|@import)re");
  std::smatch found;
  EXPECT_FALSE(std::regex_search(page, found, outside)) << found.str();
  const std::size_t policy = page.find("<meta http-equiv=\"Content-Security-Policy\"");
  EXPECT_LT(policy, page.find("<script"));
  EXPECT_LT(policy, page.find("<style"));
  EXPECT_TRUE(has(page, "content=\"default-src 'none';"));
}

// The page has no element of the scenario's: as many scripts as any other, and no image.
TEST(ReportHtml, TextOfTheScenarioStaysText) {
  const std::string page = hostile_page();
  EXPECT_EQ(count(page, "<script"), count(study_page(), "<script"));
  EXPECT_EQ(count(page, "</script"), count(page, "<script"));
  EXPECT_EQ(count(page, "<img"), 0u);
  EXPECT_EQ(count(page, "<!--"), 0u);
  EXPECT_EQ(count(page, "\" onload"), count(page, "\\\" onload"));  // in JSON, as \"
  const std::string escaped =
      "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot; onload='alert(2)' "
      "x=&quot;&lt;!--";
  EXPECT_TRUE(has(page, "<title>" + escaped + "</title>"));
  EXPECT_TRUE(has(page, "<h1>" + escaped + "</h1>"));
  EXPECT_TRUE(has(page, "<p class=\"question\">" + escaped + "</p>"));
  EXPECT_TRUE(has(page, "<p class=\"notice\">" + escaped + "</p>"));
  EXPECT_TRUE(has(page, "<th class=\"text\">" + escaped + "</th>"));
  EXPECT_TRUE(has(page, "<td class=\"text\">" + escaped + "</td>"));
}

TEST(ReportHtml, TextInsideTheJsonComesBackAsItWas) {
  const Json data = data_of(hostile_page());
  EXPECT_EQ(data["series"], (Json{kAttack, "other"}));
  EXPECT_EQ(data["charts"][0]["lines"][0]["label"], kAttack);
}

TEST(ReportHtml, HoldsNoControlCharacters) {
  const std::string page = hostile_page();
  EXPECT_TRUE(std::none_of(page.begin(), page.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
  }));
}

}  // namespace
}  // namespace understudy
