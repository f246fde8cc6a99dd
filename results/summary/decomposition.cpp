#include "results/summary/decomposition.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "results/summary/curve.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

constexpr const char* kAccuracy = "test_accuracy";
constexpr int kPreferredWorkers = 4;

const ImageClassifierConfig* classifier(const Scenario& scenario) {
  return std::get_if<ImageClassifierConfig>(&scenario.workload);
}

// The workload and seed as text, without what the causes of a loss vary where asked.
std::string settings(const Scenario& scenario, const std::vector<const char*>& without) {
  nlohmann::ordered_json workload = to_json(scenario)["workload"];
  workload.erase("evaluate_every");
  for (const char* key : without) workload.erase(key);
  return workload.dump() + std::to_string(scenario.seed);
}

std::map<std::size_t, double> accuracies(const RunSummary& run) {
  std::map<std::size_t, double> by_repeat;
  for (const RepeatSummary& r : run.repeats) {
    const auto found = r.final.find(kAccuracy);
    if (found != r.final.end()) by_repeat[r.repeat] = found->second;
  }
  return by_repeat;
}

using Candidate = std::optional<std::size_t>;  // a run, if there is one

// The runs that take part.
struct Cast {
  std::size_t one = 0, many = 0;  // as published; `many` on the most machines
  Candidate closest, equal_updates, scaled_rate, split_batch;

  std::vector<std::size_t> all() const {
    std::vector<std::size_t> runs{one, many};
    for (const Candidate& run : {closest, equal_updates, scaled_rate, split_batch}) {
      if (run) runs.push_back(*run);
    }
    return runs;
  }
};

class Casting {
 public:
  Casting(const Experiment& experiment, const Summary& summary)
      : experiment_(experiment), summary_(summary) {}

  std::optional<Cast> cast() const {
    // A length in epochs comes first: W workers then make fewer updates.
    for (const bool by_updates : {false, true}) {
      for (std::size_t i = 0; i < summary_.runs.size(); ++i) {
        if (!finished(i) || run(i).workers != 1 || varies(i)) continue;
        if (config(i).updates.has_value() != by_updates) continue;
        if (const auto found = around(i)) return found;
      }
    }
    return std::nullopt;
  }

 private:
  const RunSummary& run(std::size_t i) const { return summary_.runs[i]; }
  const Scenario& scenario(std::size_t i) const { return experiment_.runs[i].scenario; }
  const ImageClassifierConfig& config(std::size_t i) const { return *classifier(scenario(i)); }
  bool finished(std::size_t i) const {
    return classifier(scenario(i)) != nullptr && !accuracies(run(i)).empty();
  }
  std::int64_t updates(std::size_t i) const { return run(i).repeats.front().steps; }
  bool varies(std::size_t i) const {
    return config(i).batch_scope != BatchScope::kPerNode ||
           config(i).lr_scaling != LrScaling::kNone;
  }
  bool alike(std::size_t a, std::size_t b, const std::vector<const char*>& but) const {
    return settings(scenario(a), but) == settings(scenario(b), but);
  }

  std::optional<Cast> around(std::size_t one) const {
    std::vector<std::size_t> published;
    for (std::size_t i = 0; i < summary_.runs.size(); ++i) {
      if (finished(i) && run(i).workers > 1 && alike(i, one, {})) published.push_back(i);
    }
    if (published.empty()) return std::nullopt;
    const int workers = pick_workers(published);
    std::erase_if(published, [&](std::size_t i) { return run(i).workers != workers; });
    // The same training on other networks: from the closest, on the fewest machines, to the furthest.
    const auto fewer_machines = [&](std::size_t a, std::size_t b) {
      return run(a).machines < run(b).machines;
    };
    const auto [closest, furthest] =
        std::minmax_element(published.begin(), published.end(), fewer_machines);
    Cast cast{one, *furthest};
    if (closest != furthest) cast.closest = *closest;
    find_variants(cast);
    return cast;
  }

  int pick_workers(const std::vector<std::size_t>& published) const {
    int most = 0;
    for (const std::size_t i : published) {
      if (run(i).workers == kPreferredWorkers) return kPreferredWorkers;
      most = std::max(most, run(i).workers);
    }
    return most;
  }

  void find_variants(Cast& cast) const {
    for (std::size_t i = 0; i < summary_.runs.size(); ++i) {
      if (!finished(i) || run(i).workers != run(cast.many).workers) continue;
      const bool same_length = alike(i, cast.one, {"batch_scope", "lr_scaling"});
      const bool per_node = config(i).batch_scope == BatchScope::kPerNode;
      const bool unscaled = config(i).lr_scaling == LrScaling::kNone;
      if (per_node && unscaled && updates(i) == updates(cast.one) &&
          alike(i, cast.one, {"epochs", "updates"}))
        prefer(cast.equal_updates, i, cast.many);
      if (same_length && per_node && !unscaled) prefer(cast.scaled_rate, i, cast.many);
      if (same_length && !per_node && unscaled) prefer(cast.split_batch, i, cast.many);
    }
  }

  // The first, unless a later one is on the machines of the run that it is compared with.
  void prefer(Candidate& candidate, std::size_t i, std::size_t many) const {
    const auto fits = [&](std::size_t r) { return run(r).machines == run(many).machines; };
    if (!candidate || (fits(i) && !fits(*candidate))) candidate = i;
  }

  const Experiment& experiment_;
  const Summary& summary_;
};

// The repeats that all of these runs have, and what they say about differences.
class Pairing {
 public:
  Pairing(const Summary& summary, const std::vector<std::size_t>& runs) : summary_(summary) {
    for (const auto& [repeat, value] : accuracies(summary.runs[runs.front()]))
      repeats_.insert(repeat);
    for (const std::size_t i : runs) {
      accuracies_[i] = accuracies(summary.runs[i]);
      std::erase_if(repeats_, [&](std::size_t r) { return !accuracies_[i].contains(r); });
    }
  }

  const std::set<std::size_t>& repeats() const { return repeats_; }
  Estimate accuracy(std::size_t run) const {
    return over([&](std::size_t r) { return accuracies_.at(run).at(r); });
  }
  Estimate difference(std::size_t a, std::size_t b) const {
    return over([&](std::size_t r) { return accuracies_.at(a).at(r) - accuracies_.at(b).at(r); });
  }
  bool same_weights(std::size_t a, std::size_t b) const {
    return std::all_of(repeats_.begin(), repeats_.end(), [&](std::size_t r) {
      return !hash(a, r).empty() && hash(a, r) == hash(b, r);
    });
  }
  bool trained(std::size_t run) const {
    return std::all_of(repeats_.begin(), repeats_.end(),
                       [&](std::size_t r) { return !repeat_of(run, r).weights_of.has_value(); });
  }

 private:
  template <class Value>
  Estimate over(const Value& value) const {
    std::vector<double> values;
    for (const std::size_t repeat : repeats_) values.push_back(value(repeat));
    return estimate(values);
  }
  const RepeatSummary& repeat_of(std::size_t run, std::size_t repeat) const {
    const auto& all = summary_.runs[run].repeats;
    return *std::find_if(all.begin(), all.end(),
                         [&](const RepeatSummary& r) { return r.repeat == repeat; });
  }
  const std::string& hash(std::size_t run, std::size_t repeat) const {
    return repeat_of(run, repeat).weights_hash;
  }

  const Summary& summary_;
  std::set<std::size_t> repeats_;
  std::map<std::size_t, std::map<std::size_t, double>> accuracies_;
};

void add_parts(const Cast& cast, const Pairing& pairs, Decomposition& out) {
  // As published without a network, where there is such a run: what the network does comes last.
  const std::size_t published = cast.closest.value_or(cast.many);
  if (cast.equal_updates) out.batch = pairs.difference(cast.one, *cast.equal_updates);
  if (cast.scaled_rate) out.learning_rate = pairs.difference(*cast.scaled_rate, published);
  if (cast.equal_updates && cast.scaled_rate) {
    out.updates_lost = pairs.difference(*cast.equal_updates, *cast.scaled_rate);
  } else if (cast.equal_updates) {
    out.updates_and_rate = pairs.difference(*cast.equal_updates, published);
  } else if (cast.scaled_rate) {
    out.batch_and_updates = pairs.difference(cast.one, *cast.scaled_rate);
  }
  if (cast.split_batch) out.split_batch = pairs.difference(cast.one, *cast.split_batch);
  if (!cast.closest) return;
  out.communication = pairs.difference(*cast.closest, cast.many);
  out.same_weights = pairs.same_weights(*cast.closest, cast.many);
  out.weights_compared = pairs.trained(*cast.closest) && pairs.trained(cast.many);
}

}  // namespace

std::optional<Decomposition> decompose(const Experiment& experiment, const Summary& summary,
                                       std::span<const Unit> units) {
  const std::optional<Cast> cast = Casting(experiment, summary).cast();
  if (!cast) return std::nullopt;
  const Pairing pairs(summary, cast->all());
  if (pairs.repeats().empty()) return std::nullopt;
  const RunSummary& many = summary.runs[cast->many];
  Decomposition out;
  out.workers = many.workers;
  out.on_gpus = many.on_gpus;
  out.updates = many.repeats.front().steps;
  out.one = pairs.accuracy(cast->one);
  out.many = pairs.accuracy(cast->many);
  out.loss = pairs.difference(cast->one, cast->many);
  add_parts(*cast, pairs, out);
  out.curve =
      read_off(units, cast->one, kAccuracy, static_cast<double>(out.updates), &pairs.repeats());
  return out;
}

}  // namespace understudy
