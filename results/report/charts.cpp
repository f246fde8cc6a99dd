#include "results/report/charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "results/summary/curve.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kPercent = 100;

Json point(double x, const Estimate& y, double factor = 1) {
  const double half = y.half_width * factor;
  return Json::array({x, y.mean * factor, std::isfinite(half) ? Json(half) : Json(nullptr)});
}

Json axis(const std::string& title, bool is_log = false) {
  return {{"title", title}, {"log", is_log}};
}

// Each distinct value once, in the order of first appearance.
template <class Value>
std::vector<Value> distinct(const Summary& summary, Value RunSummary::*member) {
  std::vector<Value> values;
  for (const RunSummary& run : summary.runs) {
    if (std::find(values.begin(), values.end(), run.*member) == values.end())
      values.push_back(run.*member);
  }
  return values;
}

template <class Value>
std::size_t index_of(const std::vector<Value>& values, const Value& value) {
  return static_cast<std::size_t>(std::find(values.begin(), values.end(), value) - values.begin());
}

class Charts {
 public:
  Charts(const Summary& summary, std::span<const Unit> units)
      : summary_(summary),
        units_(units),
        series_(distinct(summary, &RunSummary::series)),
        sizes_(distinct(summary, &RunSummary::workers)) {
    std::sort(sizes_.begin(), sizes_.end());
  }

  Json all() {
    const bool gpus = std::all_of(summary_.runs.begin(), summary_.runs.end(),
                                  [](const RunSummary& r) { return r.on_gpus; });
    const std::string sizes = gpus ? "GPUs" : "nodes";
    against_size("Accuracy against " + sizes, sizes, {"test_accuracy", "accuracy (%)", kPercent});
    against_size("Time against " + sizes, sizes, {"epoch_time_s", "time of an epoch (s)", 1, true});
    against_size("Collective time against " + sizes, sizes,
                 {"collective_time_s", "time (s)", 1, true});
    against_size("Bus bandwidth against " + sizes, sizes,
                 {"bus_bandwidth", "bus bandwidth (GB/s)", 1e-9});
    accuracy_curves("Accuracy against epochs", "epochs", &Curve::epoch);
    accuracy_curves("Accuracy against seconds", "seconds on the scenario's clock", &Curve::time_s);
    const Metric target{"target_validation_accuracy", "target's accuracy (%)", kPercent};
    curves("Target's accuracy against epochs", target, "epochs", &Curve::epoch);
    curves("Target's accuracy against seconds", target, "seconds on the scenario's clock",
           &Curve::time_s);
    accuracy_against_bytes();
    curves("x against updates", {"x", "x", 1}, "updates", &Curve::step);
    time_by_phase();
    utilisation();
    flows();
    return {{"series", series_}, {"shown", shown()}, {"charts", charts_}};
  }

 private:
  struct Metric {
    std::string name, axis;
    double factor = 1;
    bool is_log = false;
  };
  // A metric of one run as training goes on: means over the repeats, at the steps that all have.
  struct Curve {
    std::vector<double> step, epoch, time_s;
    std::vector<Estimate> value;
  };

  // Series that start visible: those of the first variant, or a few.
  std::vector<std::string> shown() const {
    std::vector<std::string> names;
    const auto& first = summary_.runs.front().overrides;
    for (const RunSummary& run : summary_.runs) {
      const bool alike = first.empty() || !first.front().is_label || run.overrides.empty() ||
                         run.overrides.front() == first.front();
      if (alike && std::find(names.begin(), names.end(), run.series) == names.end())
        names.push_back(run.series);
    }
    if (names.size() > 8) names.resize(8);
    return names;
  }

  void add(Json chart, Json lines) {
    if (lines.empty()) return;
    chart["lines"] = std::move(lines);
    charts_.push_back(std::move(chart));
  }

  // A line for each series with more than one size.
  void against_size(const std::string& title, const std::string& x, const Metric& metric) {
    if (sizes_.size() < 2) return;
    Json lines = Json::array();
    for (std::size_t s = 0; s < series_.size(); ++s) {
      Json points = Json::array();
      for (const int size : sizes_) {
        for (const RunSummary& run : summary_.runs) {
          const Estimate* e = run.find(metric.name);
          if (run.series == series_[s] && run.workers == size && e != nullptr)
            points.push_back(point(size, *e, metric.factor));
        }
      }
      if (points.empty()) continue;
      lines.push_back({{"label", series_[s].empty() ? metric.axis : series_[s]},
                       {"series", series_[s]},
                       {"colour", s},
                       {"dash", s},
                       {"points", std::move(points)}});
    }
    Json chart{{"kind", "lines"},
               {"title", title},
               {"by_series", true},
               {"x", axis(x, true)},
               {"y", axis(metric.axis, metric.is_log)}};
    chart["x"]["ticks"] = sizes_;
    add(std::move(chart), std::move(lines));
  }

  Curve curve_of(std::size_t run, const std::string& metric) const {
    std::map<int, std::vector<CurvePoint>> by_step;
    std::size_t repeats = 0;
    double per_epoch = 0;
    for (const Unit& unit : units_) {
      if (unit.key.run != run) continue;
      ++repeats;
      per_epoch = static_cast<double>(unit.updates_per_epoch);
      for (const CurvePoint& p : curve(unit, metric)) by_step[p.step].push_back(p);
    }
    Curve out;
    for (const auto& [step, points] : by_step) {
      if (points.size() != repeats) continue;
      std::vector<double> values, times;
      for (const CurvePoint& p : points) {
        values.push_back(p.value);
        times.push_back(p.time_s);
      }
      out.step.push_back(step);
      out.epoch.push_back(per_epoch > 0 ? step / per_epoch : 0);
      out.time_s.push_back(estimate(times).mean);
      out.value.push_back(estimate(values));
    }
    return out;
  }

  void accuracy_curves(const std::string& title, const std::string& x,
                       std::vector<double> Curve::*along) {
    curves(title, {"test_accuracy", "accuracy (%)", kPercent}, x, along);
  }

  // A line for each run, coloured by its size, dashed by its series.
  void curves(const std::string& title, const Metric& metric, const std::string& x,
              std::vector<double> Curve::*along) {
    Json lines = Json::array();
    for (std::size_t i = 0; i < summary_.runs.size(); ++i) {
      const RunSummary& run = summary_.runs[i];
      const Curve c = curve_of(i, metric.name);
      if (c.step.empty()) continue;
      Json points = Json::array();
      for (std::size_t p = 0; p < c.step.size(); ++p)
        points.push_back(point((c.*along)[p], c.value[p], metric.factor));
      lines.push_back(line_of(run, std::move(points)));
    }
    add({{"kind", "lines"},
         {"title", title},
         {"by_series", true},
         {"x", axis(x)},
         {"y", axis(metric.axis)}},
        std::move(lines));
  }

  // Where a target was taught over a network: a point for each run.
  void accuracy_against_bytes() {
    Json lines = Json::array();
    for (const RunSummary& run : summary_.runs) {
      const Estimate* accuracy = run.find("target_test_accuracy");
      const Estimate* sent = run.find("bytes_sent");
      if (accuracy == nullptr || sent == nullptr || sent->mean == 0) continue;
      lines.push_back(line_of(run, Json::array({point(sent->mean / 1e6, *accuracy, kPercent)})));
    }
    add({{"kind", "lines"},
         {"title", "Target's accuracy against bytes"},
         {"by_series", true},
         {"note", "on the test set; the interval over repeats"},
         {"x", axis("MB sent", true)},
         {"y", axis("accuracy (%)")}},
        std::move(lines));
  }

  std::string label_of(const RunSummary& run) const {
    std::string label = run.series;
    if (sizes_.size() > 1)
      label += fmt::format("{}{} {}", label.empty() ? "" : ", ", run.workers,
                           run.on_gpus ? "GPU" : "node") +
               (run.workers == 1 ? "" : "s");
    return label.empty() ? summary_.name : label;
  }

  Json line_of(const RunSummary& run, Json points) const {
    return {{"label", label_of(run)},
            {"series", run.series},
            {"colour", index_of(sizes_, run.workers)},
            {"dash", index_of(series_, run.series)},
            {"points", std::move(points)}};
  }

  // What a worker of each visible run spends its time on.
  void time_by_phase() {
    const std::vector<std::string> visible = shown();
    std::vector<const RunSummary*> runs;
    for (const RunSummary& run : summary_.runs) {
      const bool trains = run.find("epoch_time_s") != nullptr && !run.repeats.empty();
      if (trains && std::find(visible.begin(), visible.end(), run.series) != visible.end())
        runs.push_back(&run);
    }
    Json lines = Json::array();
    const auto add_part = [&](const std::string& part, const auto& seconds) {
      Json points = Json::array();
      double sum = 0;
      for (const RunSummary* run : runs) {
        std::vector<double> values;
        for (const RepeatSummary& r : run->repeats) values.push_back(seconds(r));
        points.push_back(Json::array({estimate(values).mean, label_of(*run)}));
        sum += estimate(values).mean;
      }
      if (sum > 0)
        lines.push_back(
            {{"label", part}, {"series", part}, {"colour", lines.size()}, {"points", points}});
    };
    for (int i = 0; i < kPhases; ++i) {
      if (static_cast<Phase>(i) == Phase::kReduce) continue;  // runs beside the rest
      const char* phase = name(static_cast<Phase>(i));
      add_part(phase, [phase](const RepeatSummary& r) { return r.phases_s.at(phase); });
    }
    add_part("waiting for others",
             [](const RepeatSummary& r) { return r.exposed_communication_s; });
    Json chart{{"kind", "stack"},
               {"title", "Where the time goes"},
               {"by_series", false},
               {"note", "mean over the workers"},
               {"x", axis("seconds on the scenario's clock")},
               {"y", axis("")}};
    chart["y"]["labels"] = Json::array();
    for (const RunSummary* run : runs) chart["y"]["labels"].push_back(label_of(*run));
    add(std::move(chart), std::move(lines));
  }

  // Of the largest run of each series, by rank: is some node used less than the others?
  void utilisation() {
    const int most = sizes_.back();
    Json lines = Json::array();
    for (const RunSummary& run : summary_.runs) {
      if (run.workers != most || most < 2 || run.find("epoch_time_s") == nullptr) continue;
      Json points = Json::array();
      for (int rank = 0; rank < most; ++rank) {
        std::vector<double> values;
        for (const RepeatSummary& r : run.repeats)
          values.push_back(r.utilisation.at(static_cast<std::size_t>(rank)));
        points.push_back(point(rank, estimate(values), kPercent));
      }
      Json line = line_of(run, std::move(points));
      line["colour"] = index_of(series_, run.series);
      lines.push_back(std::move(line));
    }
    Json chart{{"kind", "bars"},
               {"title", "Utilisation by rank"},
               {"by_series", true},
               {"note", "share of the time spent computing, without sums of the all-reduce"},
               {"x", axis("rank")},
               {"y", axis("utilisation (%)")}};
    chart["x"]["labels"] = Json::array();
    for (int rank = 0; rank < most; ++rank) chart["x"]["labels"].push_back(std::to_string(rank));
    add(std::move(chart), std::move(lines));
  }

  // Flows of a traffic workload from start to finish, of the first repeat.
  void flows() {
    Json lines = Json::array();
    std::set<int> numbers;
    for (std::size_t i = 0; i < summary_.runs.size(); ++i) {
      const RunSummary& run = summary_.runs[i];
      if (run.repeats.empty() || run.repeats.front().flows.empty()) continue;
      Json points = Json::array();
      for (const FlowTimes& flow : run.repeats.front().flows) {
        if (!flow.delivered) continue;
        numbers.insert(flow.flow);
        points.push_back(Json::array({flow.start_s, flow.finish_s, std::to_string(flow.flow)}));
      }
      Json line = line_of(run, std::move(points));
      line["colour"] = i;
      lines.push_back(std::move(line));
    }
    Json chart{{"kind", "spans"},
               {"title", "Flows"},
               {"by_series", false},
               {"x", axis("seconds on the scenario's clock")},
               {"y", axis("flow")}};
    chart["y"]["labels"] = Json::array();
    for (const int number : numbers) chart["y"]["labels"].push_back(std::to_string(number));
    add(std::move(chart), std::move(lines));
  }

  const Summary& summary_;
  std::span<const Unit> units_;
  std::vector<std::string> series_;
  std::vector<int> sizes_;
  Json charts_ = Json::array();
};

}  // namespace

Json charts(const Summary& summary, std::span<const Unit> units) {
  if (summary.runs.empty())
    return {{"series", Json::array()}, {"shown", Json::array()}, {"charts", Json::array()}};
  return Charts(summary, units).all();
}

}  // namespace understudy
