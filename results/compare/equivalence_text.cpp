#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <set>

#include "results/compare/equivalence.hpp"
#include "results/report/text_table.hpp"
#include "results/summary/quantity.hpp"
#include "results/summary/summary_emulation.hpp"

namespace understudy {
namespace {

using Row = std::vector<std::string>;

std::string signed_percent(double error) { return fmt::format("{:+.1f} %", 100 * error); }
std::string percent(double size) { return fmt::format("{:.1f} %", 100 * size); }
std::string error_text(const Paired& pair) {
  const auto error = pair.error();
  return error ? signed_percent(*error) : "";
}

std::string counts(std::int64_t predicted, std::int64_t measured) {
  if (predicted == measured) return std::to_string(predicted);
  return fmt::format("{}, measured {}", predicted, measured);
}
std::string counts(const Paired& pair) {
  return counts(std::llround(pair.predicted), std::llround(pair.measured));
}

const char* word(Sameness sameness) {
  switch (sameness) {
    case Sameness::kSame:
      return "equal";
    case Sameness::kDifferent:
      return "DIFFER";
    case Sameness::kNothingToCompare:
      break;
  }
  return "none";
}

// What the two sides are called: a prediction and a measurement; or a network's links, which are what
// an emulated run has more than a real one.
struct Words {
  const char *first, *second, *difference;
};
bool is_of_links(const Equivalence& all) {
  return std::all_of(all.runs.begin(), all.runs.end(), [](const PairedRun& run) {
    return run.predicted_mode == Mode::kReal && run.measured_mode == Mode::kEmulated;
  });
}
Words words_for(const Equivalence& all) {
  if (is_of_links(all)) return {"without links", "with links", "links add"};
  return {"predicted", "measured", "error"};
}

// "ring, repeat 2": what precedes every row, and what tells where an error is.
std::string title(const PairedRun& run, const PairedRepeat& repeat) {
  if (run.wanted <= 1) return run.label;
  return fmt::format("{}{}repeat {}", run.label, run.label.empty() ? "" : ", ", repeat.repeat);
}

using AddRows = std::function<void(const PairedRun&, const PairedRepeat&, std::vector<Row>& rows)>;

// A table with a first column for the run where there is more than one; empty without rows.
std::string table_of(const Equivalence& all, Row head, const AddRows& add) {
  std::vector<Row> rows;
  bool titled = false;
  for (const PairedRun& run : all.runs) {
    for (const PairedRepeat& repeat : run.repeats) {
      std::vector<Row> mine;
      add(run, repeat, mine);
      titled = titled || !title(run, repeat).empty();
      for (Row& row : mine) {
        row.insert(row.begin(), title(run, repeat));
        rows.push_back(std::move(row));
      }
    }
  }
  if (rows.empty()) return {};
  head.insert(head.begin(), "run");
  rows.insert(rows.begin(), std::move(head));
  if (!titled)
    for (Row& row : rows) row.erase(row.begin());
  return "\n" + text_table(rows);
}

std::string times(const Equivalence& all) {
  const Words w = words_for(all);
  return table_of(all, {w.first, w.second, w.difference},
                  [](const PairedRun&, const PairedRepeat& r, std::vector<Row>& rows) {
                    rows.push_back({format_seconds(r.time_s.predicted),
                                    format_seconds(r.time_s.measured), error_text(r.time_s)});
                  });
}

std::string steps(const Equivalence& all) {
  const char* const median = is_of_links(all) ? "links add, median" : "median error";
  return table_of(all, {"steps, by", "count", median, "p90", "largest", "where"},
                  [](const PairedRun&, const PairedRepeat& r, std::vector<Row>& rows) {
                    if (!r.steps) return;
                    const PairedSteps& s = *r.steps;
                    rows.push_back({s.metric, std::to_string(s.count), percent(s.median),
                                    percent(s.p90), signed_percent(s.largest),
                                    fmt::format("step {} of node {}", s.step, s.node)});
                  });
}

std::string exchanges(const Equivalence& all) {
  const Words w = words_for(all);
  return table_of(all,
                  {"exchange", "calls", fmt::format("mean {}", w.first), w.second, w.difference},
                  [](const PairedRun&, const PairedRepeat& r, std::vector<Row>& rows) {
                    for (const PairedExchange& e : r.exchanges) {
                      rows.push_back({e.kind, counts(e.predicted_calls, e.measured_calls),
                                      format_seconds(e.mean_s.predicted),
                                      format_seconds(e.mean_s.measured), error_text(e.mean_s)});
                    }
                  });
}

std::string phases(const Equivalence& all) {
  const Words w = words_for(all);
  return table_of(all, {"computing", w.first, w.second, w.difference},
                  [](const PairedRun&, const PairedRepeat& r, std::vector<Row>& rows) {
                    for (const auto& [phase, pair] : r.phases_s) {
                      if (pair.predicted == 0 && pair.measured == 0) continue;
                      rows.push_back({phase, format_seconds(pair.predicted),
                                      format_seconds(pair.measured), error_text(pair)});
                    }
                  });
}

std::string samenesses(const Equivalence& all) {
  return table_of(all, {"weights", "records", "messages", "bytes"},
                  [](const PairedRun&, const PairedRepeat& r, std::vector<Row>& rows) {
                    std::string records = word(r.records);
                    if (r.records == Sameness::kDifferent)
                      records += fmt::format(" (first {})", r.first_difference);
                    rows.push_back({word(r.weights), records, counts(r.messages), counts(r.bytes)});
                  });
}

std::string emulation(const Equivalence& all) {
  return table_of(
      all,
      {"late p50", "p90", "p99", "largest", "overruns", "latest start", "transport", "dilation"},
      [](const PairedRun&, const PairedRepeat& r, std::vector<Row>& rows) {
        if (!r.emulation) return;
        const EmulationReport& e = *r.emulation;
        const auto late = [&](double q) {
          return format_seconds(to_seconds(e.lateness.quantile(q)));
        };
        rows.push_back({late(0.5), late(0.9), late(0.99),
                        format_seconds(to_seconds(e.lateness.largest())),
                        std::to_string(e.overruns), format_seconds(to_seconds(e.latest_start)),
                        name(e.transport), fmt::format("{:g}", e.dilation)});
      });
}

std::string modes(const Equivalence& all, Mode PairedRun::*mode) {
  std::set<std::string> names;
  for (const PairedRun& run : all.runs) names.insert(name(run.*mode));
  return fmt::format("{}", fmt::join(names, ", "));
}

const char* source(bool declares) {
  return declares ? "declared by a profile" : "timed on the machine";
}

// What a reader must know of the comparison itself.
std::vector<std::string> notes(const Equivalence& all) {
  std::vector<std::string> lines;
  for (const PairedRun& run : all.runs) {
    const std::string of = run.label.empty() ? "" : run.label + ": ";
    if (!run.difference.empty())
      lines.push_back(fmt::format("{}compared although {} differs", of, run.difference));
    if (!run.predicted_declares || !run.measured_declares)
      lines.push_back(fmt::format("{}computing is {} in {} and {} in {}", of,
                                  source(run.predicted_declares), all.predicted_path,
                                  source(run.measured_declares), all.measured_path));
    if (run.repeats.size() < run.wanted)
      lines.push_back(fmt::format("{}{} of {} repeats are finished on both sides", of,
                                  run.repeats.size(), run.wanted));
  }
  for (const auto& [labels, path] : {std::pair(&all.only_predicted, &all.predicted_path),
                                     std::pair(&all.only_measured, &all.measured_path)})
    if (!labels->empty())
      lines.push_back(fmt::format("only in {}: {}", *path, fmt::join(*labels, "; ")));
  return lines;
}

// The first repeat of which it holds, by name; empty where none.
std::string first_with(const Equivalence& all,
                       const std::function<bool(const PairedRepeat&)>& holds) {
  for (const PairedRun& run : all.runs) {
    for (const PairedRepeat& repeat : run.repeats) {
      if (!holds(repeat)) continue;
      const std::string where = title(run, repeat);
      return where.empty() ? "the run" : where;
    }
  }
  return {};
}

std::string sameness_sentence(const Equivalence& all) {
  const std::pair<const char*, std::function<bool(const PairedRepeat&)>> questions[] = {
      {"weights", [](const auto& r) { return r.weights == Sameness::kDifferent; }},
      {"records", [](const auto& r) { return r.records == Sameness::kDifferent; }},
      {"messages", [](const auto& r) { return r.messages.predicted != r.messages.measured; }},
      {"bytes", [](const auto& r) { return r.bytes.predicted != r.bytes.measured; }}};
  std::vector<std::string> same, different;
  for (const auto& [what, differs] : questions) {
    // Without a network to charge for them whole, messages are cut into pieces.
    if (is_of_links(all) && what == std::string("messages")) continue;
    const std::string where = first_with(all, differs);
    const bool trained =
        what != std::string("weights") || !first_with(all, [](const auto& r) {
                                             return r.weights != Sameness::kNothingToCompare;
                                           }).empty();
    if (!where.empty()) {
      different.push_back(fmt::format("{} (first in {})", what, where));
    } else if (trained) {
      same.push_back(what);
    }
  }
  if (different.empty()) return fmt::format("Equal are {}.", fmt::join(same, ", "));
  return fmt::format("What must be equal differs: {}.", fmt::join(different, ", "));
}

// "With the links of the network 310 ms in all, without 300 ms: 1.03 times as long; ring 1.05 times as
// long."
std::string cost_of_links(const Equivalence& all) {
  Paired whole;
  std::map<std::string, Paired> exchanges;  // in seconds, of all their calls
  for (const PairedRun& run : all.runs) {
    for (const PairedRepeat& r : run.repeats) {
      whole.predicted += r.time_s.predicted;
      whole.measured += r.time_s.measured;
      for (const PairedExchange& e : r.exchanges) {
        if (e.predicted_calls == 0 || e.measured_calls == 0) continue;
        exchanges[e.kind].predicted += e.mean_s.predicted;
        exchanges[e.kind].measured += e.mean_s.measured;
      }
    }
  }
  const auto times = [](const Paired& pair) {
    if (pair.predicted == 0) return std::string("longer");
    return fmt::format("{:.3g} times as long", pair.measured / pair.predicted);
  };
  std::string text =
      fmt::format("With the links of the network {} in all, without {}: {}",
                  format_seconds(whole.measured), format_seconds(whole.predicted), times(whole));
  for (const auto& [kind, pair] : exchanges)
    text += fmt::format("; {} {}", kind == "messages" ? "waiting for messages" : kind, times(pair));
  return text + ".";
}

}  // namespace

std::optional<LargestError> largest_error(const Equivalence& all) {
  std::optional<LargestError> largest;
  for (const PairedRun& run : all.runs) {
    for (const PairedRepeat& r : run.repeats) {
      const std::string of = title(run, r);
      const auto consider = [&](std::optional<double> error, const std::string& what) {
        if (!error || (largest && std::abs(*error) <= std::abs(largest->error))) return;
        largest = LargestError{*error, of.empty() ? what : fmt::format("{} ({})", what, of)};
      };
      consider(r.time_s.error(), "the whole time");
      consider(r.compute_s.error(), "computing");
      for (const PairedExchange& e : r.exchanges)
        consider(e.mean_s.error(), fmt::format("the mean {}", e.kind));
      if (r.steps)
        consider(r.steps->largest, fmt::format("step {} of node {}", r.steps->step, r.steps->node));
    }
  }
  return largest;
}

std::string verdict(const Equivalence& all) {
  std::string measured = modes(all, &PairedRun::measured_mode);
  const std::string predicted = modes(all, &PairedRun::predicted_mode);
  const bool same_mode = measured == predicted;
  if (is_of_links(all)) return cost_of_links(all) + " " + sameness_sentence(all);
  const auto largest = largest_error(all);
  const std::string closeness =
      largest && largest->error != 0
          ? fmt::format("is within {:.1f} % of {}: the largest error, {}, is that of {}.",
                        std::ceil(1000 * std::abs(largest->error)) / 10,
                        same_mode ? "the other" : predicted, signed_percent(largest->error),
                        largest->where)
          : fmt::format("takes the times of {}.", same_mode ? "the other" : predicted);
  measured.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(measured.front())));
  return fmt::format("{} {} {}", same_mode ? "One run" : measured, closeness,
                     sameness_sentence(all));
}

std::string to_text(const Equivalence& all) {
  const Words w = words_for(all);
  const std::size_t width = std::max(std::strlen(w.first), std::strlen(w.second));
  std::string text;
  const auto add = [&](const char* word, const std::string& path, Mode PairedRun::*mode) {
    text += fmt::format("{:{}}  {} ({})\n", word, width, path, modes(all, mode));
  };
  add(w.first, all.predicted_path, &PairedRun::predicted_mode);
  add(w.second, all.measured_path, &PairedRun::measured_mode);
  for (const auto& part : {times, exchanges, steps, phases, samenesses, emulation})
    text += part(all);
  const std::vector<std::string> lines = notes(all);
  if (!lines.empty()) text += "\n";
  for (const std::string& line : lines) text += line + "\n";
  return text + "\n" + verdict(all) + "\n";
}

}  // namespace understudy
