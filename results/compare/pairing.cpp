#include "results/compare/pairing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

Json what_counts(const Scenario& scenario) {
  Json json = to_json(scenario);
  for (const char* key :
       {"name", "mode", "repeats", "devices", "emulation", "expect", "report", "sweep"})
    json.erase(key);
  return json;
}

bool same_devices(const Scenario& a, const Scenario& b) {
  return to_json(a)["devices"] == to_json(b)["devices"];
}

// One side's runs with what they are compared by, once for all pairs.
struct Candidates {
  explicit Candidates(const Experiment& e) : experiment(e), taken(e.runs.size()) {
    for (const ExpandedRun& run : e.runs) keys.push_back(what_counts(run.scenario).dump());
  }
  const Scenario& scenario(std::size_t run) const { return experiment.runs[run].scenario; }

  const Experiment& experiment;
  std::vector<std::string> keys;
  std::vector<bool> taken;
};

// A sweep over modes has its prediction itself.
bool is_predicted_beside(const Candidates& side, std::size_t run) {
  if (side.scenario(run).mode == Mode::kVirtual) return false;
  for (std::size_t other = 0; other < side.keys.size(); ++other)
    if (side.keys[other] == side.keys[run] && side.scenario(other).mode == Mode::kVirtual)
      return true;
  return false;
}

std::optional<std::size_t> partner(const Candidates& first, std::size_t run,
                                   const Candidates& second) {
  std::optional<std::size_t> best;
  int best_score = -1;
  for (std::size_t other = 0; other < second.keys.size(); ++other) {
    if (second.taken[other] || second.keys[other] != first.keys[run]) continue;
    const Scenario &a = first.scenario(run), &b = second.scenario(other);
    const int score = (same_devices(a, b) ? 2 : 0) + (a.mode != b.mode ? 1 : 0);
    if (score <= best_score) continue;
    best = other;
    best_score = score;
  }
  return best;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string difference(const Json& a, const Json& b, const std::string& path) {
  if (a == b) return {};
  if (!a.is_object() || !b.is_object())
    return fmt::format("{} ({}, {})", path, text_of(a), text_of(b));
  const std::string prefix = path.empty() ? "" : path + ".";
  for (const auto& [key, value] : a.items()) {
    const Json other = b.contains(key) ? b.at(key) : Json("not set");
    if (std::string found = difference(value, other, prefix + key); !found.empty()) return found;
  }
  for (const auto& [key, value] : b.items())
    if (!a.contains(key)) return difference("not set", value, prefix + key);
  return {};
}

}  // namespace

Pairing pair_runs(const Experiment& first, const Experiment& second) {
  Candidates left(first), right(second);
  Pairing out;
  for (std::size_t run = 0; run < first.runs.size(); ++run) {
    if (is_predicted_beside(left, run)) continue;
    const auto found = partner(left, run, right);
    if (!found) {
      out.only_first.push_back(run);
      continue;
    }
    right.taken[*found] = true;
    out.pairs.emplace_back(run, *found);
  }
  for (std::size_t run = 0; run < second.runs.size(); ++run) {
    const bool known =
        std::find(left.keys.begin(), left.keys.end(), right.keys[run]) != left.keys.end();
    if (!right.taken[run] && !(known && right.scenario(run).mode == Mode::kVirtual))
      out.only_second.push_back(run);
  }
  return out;
}

std::string first_difference(const Scenario& first, const Scenario& second) {
  return difference(what_counts(first), what_counts(second), "");
}

}  // namespace understudy
