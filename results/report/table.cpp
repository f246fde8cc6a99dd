#include "results/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "results/report/text_table.hpp"
#include "results/summary/columns.hpp"
#include "results/summary/quantity.hpp"
#include "results/summary/summary_emulation.hpp"

namespace understudy {
namespace {

struct Column {
  std::string head;
  std::function<std::string(const RunSummary&)> cell;
};

bool is_retimed(const RunSummary& run) {
  return std::any_of(run.repeats.begin(), run.repeats.end(),
                     [](const RepeatSummary& r) { return r.weights_of.has_value(); });
}

bool any(const Summary& summary, const std::function<bool(const RunSummary&)>& holds) {
  return std::any_of(summary.runs.begin(), summary.runs.end(), holds);
}

std::vector<Column> columns_of_runs(const Summary& summary) {
  std::vector<Overrides> overrides;
  for (const RunSummary& run : summary.runs) overrides.push_back(run.overrides);
  const std::vector<std::string> keys = telling_keys(overrides);
  std::vector<Column> columns;
  for (const std::string& key : keys) {
    columns.push_back(
        {heading(key, keys), [key](const RunSummary& r) { return value_of(r.overrides, key); }});
  }
  const bool gpus = !any(summary, [](const RunSummary& r) { return !r.on_gpus; });
  columns.push_back(
      {gpus ? "GPUs" : "nodes", [](const RunSummary& r) { return std::to_string(r.workers); }});
  if (any(summary, [](const RunSummary& r) { return r.machines > 1; })) {
    columns.push_back({"machines", [](const RunSummary& r) { return std::to_string(r.machines); }});
  }
  const std::size_t repeats = summary.runs.front().repeats.size();
  if (any(summary, [&](const RunSummary& r) { return r.repeats.size() != repeats; })) {
    columns.push_back(
        {"repeats", [](const RunSummary& r) { return std::to_string(r.repeats.size()); }});
  }
  return columns;
}

Column metric(const std::string& head, const std::string& name,
              std::string (*show)(const Estimate&)) {
  return {head, [name, show](const RunSummary& run) {
            const Estimate* e = run.find(name);
            return e == nullptr ? std::string() : show(*e);
          }};
}

Column time_column(const std::string& head, const std::string& name) {
  return {head, [name](const RunSummary& run) {
            const Estimate* e = run.find(name);
            if (e == nullptr) return std::string();
            return format_seconds(*e) + (is_retimed(run) ? " *" : "");
          }};
}

// Waiting for others in an epoch, and its share of all time.
std::string exposed(const RunSummary& run) {
  const Estimate* waited = run.find("exposed_communication_s");
  const Estimate* all = run.find("time_s");
  const Estimate* epoch = run.find("epoch_time_s");
  if (waited == nullptr || epoch == nullptr || !(all->mean > 0)) return {};
  const double share = waited->mean / all->mean;
  return fmt::format("{} ({:.0f} %)", format_seconds(share * epoch->mean), 100 * share);
}

std::string utilisation(const RunSummary& run) {
  const Estimate* mean = run.find("utilisation");
  if (mean == nullptr) return {};
  double least = 1, most = 0;
  for (int worker = 0; worker < run.workers; ++worker) {
    double sum = 0;
    for (const RepeatSummary& r : run.repeats)
      sum += r.utilisation.at(static_cast<std::size_t>(worker));
    const double of_worker = sum / static_cast<double>(run.repeats.size());
    least = std::min(least, of_worker);
    most = std::max(most, of_worker);
  }
  if (most - least <= 0.01) return fmt::format("{:.0f}", 100 * mean->mean);
  return fmt::format("{:.0f} ({:.0f}–{:.0f})", 100 * mean->mean, 100 * least, 100 * most);
}

std::string count_text(const Estimate& e) { return fmt::format("{:.0f}", e.mean); }
std::string size_text(const Estimate& e) { return fmt::format("{:.3g} MB", e.mean / 1e6); }

std::string member_metric(int member) { return fmt::format("member_{}_test_accuracy", member); }

// The target between its ensemble and the ensemble's best single member, by their means.
std::vector<Column> columns_of_transfer() {
  const auto best_member = [](const RunSummary& run) {
    const Estimate* best = nullptr;
    for (int m = 0; const Estimate* e = run.find(member_metric(m)); ++m) {
      if (best == nullptr || e->mean > best->mean) best = e;
    }
    return best == nullptr ? std::string() : format_percent(*best);
  };
  return {time_column("time", "time_s"),
          metric("updates", "steps", count_text),
          metric("target %", "target_test_accuracy", format_percent),
          metric("target loss", "target_test_loss", format_number),
          metric("ensemble %", "ensemble_test_accuracy", format_percent),
          {"best member %", best_member},
          metric("sent", "bytes_sent", size_text)};
}

std::vector<Column> columns_of(WorkloadKind kind) {
  switch (kind) {
    case WorkloadKind::kCollective:
      return {time_column("time", "collective_time_s"),
              metric("algorithm bandwidth", "algorithm_bandwidth", format_rate),
              metric("bus bandwidth", "bus_bandwidth", format_rate)};
    case WorkloadKind::kQuadratic:
      return {time_column("time", "time_s"), metric("updates", "steps", count_text),
              metric("x", "x", format_number)};
    case WorkloadKind::kLogisticRegression:
      return {time_column("round", "update_time_s"),
              metric("rounds", "steps", count_text),
              metric("accuracy %", "test_accuracy", format_percent),
              metric("log-loss", "test_log_loss", format_number),
              metric("AUC", "test_auc", format_number),
              metric("central: accuracy %", "baseline_accuracy", format_percent),
              metric("central: log-loss", "baseline_log_loss", format_number),
              metric("women survive %", "women_survive_accuracy", format_percent)};
    case WorkloadKind::kTraffic:
      return {};  // a row for each flow instead
    case WorkloadKind::kKnowledgeTransfer:
      return columns_of_transfer();
    case WorkloadKind::kClassifier:
      break;
  }
  return {
      time_column("epoch time", "epoch_time_s"),
      {"speed-up",
       [](const RunSummary& r) { return r.speed_up ? fmt::format("{:.2f}", *r.speed_up) : ""; }},
      {"exposed per epoch", exposed},
      {"utilisation %", utilisation},
      metric("accuracy %", "test_accuracy", format_percent),
      metric("updates", "steps", count_text)};
}

// "[61.2, 70.4]": what resampling seeds and clients leaves open.
Column interval(const std::string& head, const std::string& name) {
  return {head, [name](const RunSummary& run) {
            const auto found = run.over_seeds_and_clients.find(name);
            if (found == run.over_seeds_and_clients.end()) return std::string();
            return fmt::format("[{:.1f}, {:.1f}]", 100 * found->second.low,
                               100 * found->second.high);
          }};
}

// Of runs in rounds, federated or gossiping.
std::vector<Column> columns_of_mixtures() {
  return {metric("chosen mix %", "personal_test_accuracy_chosen_mean", format_percent),
          interval("chosen 95 %", "personal_test_accuracy_chosen_mean"),
          metric("half mix %", "personal_test_accuracy_half_mean", format_percent),
          metric("oracle mix %", "personal_test_accuracy_oracle_mean", format_percent)};
}

std::vector<Column> columns_of_rounds() {
  return {time_column("round", "update_time_s"),
          metric("rounds", "steps", count_text),
          metric("global %", "global_test_accuracy", format_percent),
          metric("personal %", "personal_test_accuracy_mean", format_percent),
          interval("personal 95 %", "personal_test_accuracy_mean"),
          metric("worst decile %", "personal_test_accuracy_worst_decile", format_percent),
          metric("sent", "bytes_sent", size_text)};
}

Column newcomers() { return metric("newcomers %", "newcomer_test_accuracy_mean", format_percent); }

bool has_newcomers(const RunSummary& run) {
  return run.find("newcomer_test_accuracy_mean") != nullptr;
}

bool has_rounds(const RunSummary& run) {
  return run.find("personal_test_accuracy_mean") != nullptr;
}

bool has_mixtures(const RunSummary& run) {
  return run.find("personal_test_accuracy_chosen_mean") != nullptr;
}

bool has_curve_reading(const RunSummary& run) { return run.one_worker_accuracy.has_value(); }

// What the one-worker curve says to the accuracies beside it.
Column curve_reading() {
  return {"one alone %", [](const RunSummary& run) {
            return has_curve_reading(run) ? format_percent(*run.one_worker_accuracy) : "";
          }};
}

// Those that every run has, then those of each kind of workload, empty for runs of another.
std::vector<Column> columns_of(const Summary& summary) {
  std::vector<Column> columns = columns_of_runs(summary);
  std::set<WorkloadKind> kinds;
  if (any(summary, has_rounds)) {
    for (const Column& column : columns_of_rounds()) columns.push_back(column);
  }
  if (any(summary, has_newcomers)) columns.push_back(newcomers());
  if (any(summary, has_mixtures)) {
    for (const Column& column : columns_of_mixtures()) columns.push_back(column);
  }
  for (const RunSummary& run : summary.runs) {
    if (has_rounds(run) || !kinds.insert(run.kind).second) continue;
    for (const Column& column : columns_of(run.kind)) {
      columns.push_back({column.head, [kind = run.kind, cell = column.cell](const RunSummary& r) {
                           return r.kind == kind ? cell(r) : std::string();
                         }});
    }
  }
  if (any(summary, has_curve_reading)) columns.push_back(curve_reading());
  return columns;
}

// Number, start, finish and rate in the mean of the repeats, or of those in which it was delivered.
std::vector<std::string> flow_cells(const RunSummary& run, std::size_t flow) {
  double start_s = 0, finish_s = 0, rate = 0;
  std::size_t delivered = 0;
  for (const RepeatSummary& r : run.repeats) {
    const FlowTimes& times = r.flows.at(flow);
    start_s += times.start_s;
    if (!times.delivered) continue;
    finish_s += times.finish_s;
    rate += times.rate;
    ++delivered;
  }
  const std::size_t repeats = run.repeats.size();
  const auto n = static_cast<double>(delivered);
  std::string finish = delivered == 0 ? "lost" : format_seconds(finish_s / n);
  if (delivered > 0 && delivered < repeats)
    finish += fmt::format(" ({} of {})", delivered, repeats);
  return {std::to_string(run.repeats.front().flows[flow].flow),
          format_seconds(start_s / static_cast<double>(repeats)), finish,
          delivered == 0 ? "" : format_rate(rate / n)};
}

void add_flows(const RunSummary& run, const std::vector<std::string>& row, ResultTable& out) {
  if (run.repeats.empty()) return;
  for (std::size_t f = 0; f < run.repeats.front().flows.size(); ++f) {
    std::vector<std::string> cells = row;
    cells.resize(out.head.size() - 4);
    for (std::string& cell : flow_cells(run, f)) cells.push_back(std::move(cell));
    out.rows.push_back(std::move(cells));
  }
}

// Where times come from.
std::vector<std::string> time_notes(const Summary& summary) {
  const auto has = [&](Mode mode, bool declared) {
    return any(summary, [&](const RunSummary& r) {
      return r.mode == mode && (r.declared_cost == declared || mode == Mode::kReal);
    });
  };
  std::vector<std::string> lines;
  if (has(Mode::kVirtual, true))
    lines.push_back("declared: from device profiles and a network model.");
  if (has(Mode::kVirtual, false))
    lines.push_back("measured: computing was timed on the machine that ran this.");
  const char* const on_wall = "measured on the wall's clock, divided by the dilation";
  if (has(Mode::kEmulated, true))
    lines.push_back(fmt::format("{}; computing takes what device profiles say.", on_wall));
  if (has(Mode::kEmulated, false))
    lines.push_back(fmt::format("{}; computing takes what it took on this machine.", on_wall));
  if (has(Mode::kReal, true))
    lines.push_back(
        "measured on the wall's clock of the machines that ran this; nothing is injected.");
  const char* first = lines.size() > 1 ? "Some times are " : "Times are ";
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i].insert(0, i == 0 ? first : "Others are ");
  return lines;
}

std::vector<std::string> notes(const Summary& summary) {
  std::vector<std::string> lines = time_notes(summary);
  if (const std::string said = emulation_sentence(summary.runs); !said.empty())
    lines.push_back(said);
  if (any(summary, [](const RunSummary& r) { return r.has_boards; })) {
    lines.push_back(
        "Boards take the time that their firmware and their line take; emulated ones cycle by "
        "cycle.");
  }
  if (any(summary, is_retimed)) {
    lines.push_back("* re-timed: the weights are another run's, only the times are computed anew.");
  }
  if (any(summary, has_curve_reading)) {
    lines.push_back("One alone: one worker's accuracy after as many updates, read off its curve.");
  }
  const bool intervals = any(summary, [](const RunSummary& r) { return r.repeats.size() > 1; });
  if (any(summary, [](const RunSummary& r) { return !r.over_seeds_and_clients.empty(); })) {
    lines.push_back(fmt::format(
        "Brackets hold the 95 % percentile bootstrap over seeds and clients, of {} resamples.",
        kResamples));
  }
  if (intervals) lines.push_back("± is half the 95 % interval over repeats.");
  return lines;
}

}  // namespace

ResultTable result_table(const Summary& summary) {
  if (summary.runs.empty()) return {};
  ResultTable out;
  const std::vector<Column> columns = columns_of(summary);
  for (const Column& column : columns) out.head.push_back(column.head);
  const auto is_traffic = [](const RunSummary& r) { return r.kind == WorkloadKind::kTraffic; };
  const bool flows = any(summary, is_traffic);
  if (flows) out.head.insert(out.head.end(), {"flow", "start", "finish", "rate"});
  for (const RunSummary& run : summary.runs) {
    std::vector<std::string> row;
    for (const Column& column : columns) row.push_back(column.cell(run));
    if (is_traffic(run)) {
      add_flows(run, row, out);
      continue;
    }
    row.resize(out.head.size());
    out.rows.push_back(std::move(row));
  }
  out.notes = notes(summary);
  return out;
}

std::string table(const Summary& summary) { return to_text(result_table(summary)); }

std::string to_text(const ResultTable& t) {
  std::vector<std::vector<std::string>> rows{t.head};
  rows.insert(rows.end(), t.rows.begin(), t.rows.end());
  std::string out = text_table(rows);
  for (const std::string& note : t.notes) out += note + "\n";
  return out;
}

}  // namespace understudy
