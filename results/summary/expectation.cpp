#include "results/summary/expectation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "results/summary/escape.hpp"
#include "runtime/base/nearest.hpp"

namespace understudy {
namespace {

std::string nearest_metric(const RunSummary& run, const std::string& metric) {
  std::vector<std::string> names;
  for (const auto& [name, estimate] : run.statistics) names.push_back(name);
  return nearest_name(metric, names);
}

// "test_accuracy is 0.61, not >= 0.75"
std::string text(const Miss& miss) {
  const std::string where = miss.label.empty() ? "" : fmt::format(" ({})", miss.label);
  if (miss.actual) {
    return fmt::format("{}{} is {:.4g}, where {} is expected", miss.metric, where, *miss.actual,
                       format(miss.expected));
  }
  const std::string hint =
      miss.nearest.empty() ? "" : fmt::format("; did you mean '{}'?", miss.nearest);
  return fmt::format("there is no metric '{}'{}{}", miss.metric, where, hint);
}

std::string test_case(const Summary& summary, std::size_t run, const std::string& metric,
                      std::span<const Miss> misses) {
  const RunSummary& r = summary.runs[run];
  const std::string name = fmt::format("{}{}{} {}", r.label, r.label.empty() ? "" : ": ", metric,
                                       format(r.expect.at(metric)));
  double wall_s = 0;
  for (const RepeatSummary& repeat : r.repeats) wall_s += repeat.wall_s;
  std::string out = fmt::format(R"(    <testcase classname="{}" name="{}" time="{:.3f}")",
                                escape_markup(summary.name), escape_markup(name), wall_s);
  const auto miss = std::find_if(misses.begin(), misses.end(),
                                 [&](const Miss& m) { return m.run == run && m.metric == metric; });
  if (miss == misses.end()) return out + "/>\n";
  return out + fmt::format(">\n      <failure message=\"{}\"/>\n    </testcase>\n",
                           escape_markup(text(*miss)));
}

}  // namespace

std::vector<Miss> misses(const Experiment& experiment, const Summary& summary) {
  std::vector<Miss> out;
  for (std::size_t i = 0; i < summary.runs.size(); ++i) {
    const RunSummary& run = summary.runs[i];
    if (run.repeats.empty()) continue;
    for (const auto& [metric, expected] : experiment.runs[i].scenario.expect) {
      const Estimate* actual = run.find(metric);
      if (actual != nullptr && expected.holds(actual->mean)) continue;
      Miss miss{i, run.label, metric, expected, std::nullopt, ""};
      if (actual != nullptr) {
        miss.actual = actual->mean;
      } else {
        miss.nearest = nearest_metric(run, metric);
      }
      out.push_back(std::move(miss));
    }
  }
  return out;
}

std::string sentence(std::span<const Miss> misses) {
  if (misses.empty()) return {};
  const std::string first = text(misses.front());
  if (misses.size() == 1) return fmt::format("the results are not as expected: {}", first);
  return fmt::format("{} expectations are missed, the first of them: {}", misses.size(), first);
}

std::string junit(const Summary& summary, std::span<const Miss> misses) {
  std::string cases;
  std::size_t tests = 0;
  for (std::size_t i = 0; i < summary.runs.size(); ++i) {
    if (summary.runs[i].repeats.empty()) continue;
    for (const auto& [metric, expected] : summary.runs[i].expect) {
      cases += test_case(summary, i, metric, misses);
      ++tests;
    }
  }
  const std::string counts = fmt::format(R"(tests="{}" failures="{}")", tests, misses.size());
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n"
      "  <testsuite name=\"{1}\" {0}>\n{2}  </testsuite>\n</testsuites>\n",
      counts, escape_markup(summary.name), cases);
}

}  // namespace understudy
