#include "results/experiment/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "results/experiment/check_units.hpp"
#include "results/experiment/estimate.hpp"
#include "results/experiment/trace_file.hpp"
#include "runtime/base/errors.hpp"
#include "sim/time/scheduler.hpp"
#include "sim/world/compute_pool.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Losing less than this to a crash is worth no write.
constexpr auto kCheckpointInterval = 10s;
constexpr auto kProgressInterval = 100ms;

// The units of an experiment and the threads that work them off. All members below the mutex are
// guarded by it.
class Crew {
 public:
  Crew(const Experiment& experiment, const RunDirectory& directory,
       const ExperimentOptions& options)
      : experiment_(experiment),
        directory_(directory),
        options_(options),
        pool_(needs_pool() ? std::make_unique<ComputePool>(options.jobs) : nullptr) {
    for (const PlannedUnit& unit : plan_units(experiment, options.retrain)) add(unit);
    take_finished();
    longest_first();
  }

  ExperimentResult work() {
    std::vector<std::jthread> threads;
    // What takes the wall's time would be disturbed by others.
    const int jobs = on_the_wall() ? 1 : options_.jobs;
    for (int i = 0; i < jobs; ++i) threads.emplace_back([this] { work_off(); });
    watch();
    threads.clear();
    if (error_) std::rethrow_exception(error_);
    ExperimentResult result{{}, interrupted_};
    for (auto& [key, unit] : finished_) result.units.push_back(std::move(unit));
    return result;
  }

 private:
  struct Pending {
    PlannedUnit plan;
    double samples = 0;  // to differentiate
    double samples_per_gradient = 0;
    std::atomic<std::int64_t> gradients{0};
    bool started = false;
  };

  // Threads' CPU time is measured on the pool's; boards have it emulate them side by side.
  bool needs_pool() const {
    return options_.jobs > 1 ||
           std::any_of(experiment_.runs.begin(), experiment_.runs.end(),
                       [](const auto& run) { return !declares_times(run.scenario); });
  }

  bool on_the_wall() const {
    return std::any_of(experiment_.runs.begin(), experiment_.runs.end(),
                       [](const auto& run) { return run.scenario.mode != Mode::kVirtual; });
  }

  void add(const PlannedUnit& plan) {
    auto pending = std::make_unique<Pending>();
    pending->plan = plan;
    if (!plan.weights_of) {
      const Work work = work_of(scenario(plan.key));
      pending->samples = work.samples();
      pending->samples_per_gradient = work.samples_per_gradient;
      all_samples_ += work.samples();
    }
    units_.push_back(std::move(pending));
  }
  const Scenario& scenario(UnitKey key) const { return experiment_.runs[key.run].scenario; }

  void take_finished() {
    std::vector<Unit> units = directory_.units();
    check_units(directory_, experiment_, units);
    for (Unit& unit : units) {
      if (options_.retrain && unit.weights_of) continue;  // its times only were computed
      for (auto& pending : units_) {
        if (pending->plan.key != unit.key) continue;
        pending->started = true;
        samples_done_ += pending->samples;
      }
      finished_.emplace(unit.key, std::move(unit));
    }
  }
  // So that no long one is left for the end, when the other threads have nothing more to do.
  void longest_first() {
    std::stable_sort(units_.begin(), units_.end(),
                     [](const auto& a, const auto& b) { return a->samples > b->samples; });
  }

  // The calling thread's part: looks after interrupts and progress until the others have ended.
  void watch() {
    std::unique_lock lock(mutex_);
    while (!stop_ && finished_.size() < units_.size()) {
      changed_.wait_for(lock, kProgressInterval);
      if (options_.interrupt != nullptr && *options_.interrupt) {
        interrupted_ = true;
        stop_ = true;
      }
      if (options_.on_progress) options_.on_progress(progress());
    }
    changed_.notify_all();
  }
  ProgressState progress() const {
    double done = samples_done_;
    for (const auto& unit : units_) {
      const double samples =
          static_cast<double>(unit->gradients.load()) * unit->samples_per_gradient;
      if (!finished_.contains(unit->plan.key)) done += std::min(samples, unit->samples);
    }
    const double of_units =
        static_cast<double>(finished_.size()) / static_cast<double>(units_.size());
    return {all_samples_ > 0 ? done / all_samples_ : of_units, finished_.size(), units_.size()};
  }

  void work_off() {
    try {
      while (Pending* unit = next()) finish(*unit, run(*unit));
    } catch (const Interrupted&) {
      // By the flag, or by another of a run's processes.
      const std::lock_guard lock(mutex_);
      interrupted_ = true;
      stop_ = true;
      changed_.notify_all();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_ = true;
      changed_.notify_all();
    }
  }

  // Waits for a unit that can start: one that trains, or one whose weights are there. nullptr when
  // there is none left.
  Pending* next() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      bool any_left = false;
      for (auto& unit : units_) {
        if (unit->started) continue;
        any_left = true;
        if (unit->plan.weights_of && !finished_.contains(*unit->plan.weights_of)) continue;
        unit->started = true;
        return unit.get();
      }
      if (!any_left) return nullptr;
      changed_.wait(lock);
    }
    return nullptr;
  }

  Unit run(Pending& unit) {
    const UnitKey key = unit.plan.key;
    UnitTask task;
    task.key = key;
    task.scenario = &scenario(key);
    task.interrupt = &stop_;
    task.launch = &options_.launch;
    if (unit.plan.weights_of) {
      const std::lock_guard lock(mutex_);
      task.weights = &finished_.at(*unit.plan.weights_of);  // a map's elements stay in place
    }
    if (task.weights != nullptr) return run_traced(task);
    task.make_learner = options_.make_learner;
    task.datasets = options_.datasets;
    task.pool = pool_.get();
    task.gradients = &unit.gradients;
    if (task.scenario->keep_weights != KeepWeights::kNone)
      task.weights_prefix = directory_.weights_prefix(key);
    const auto resume = directory_.checkpoint(key);
    if (resume) task.resume = &*resume;
    auto last = std::chrono::steady_clock::now();
    task.wants_snapshot = [&] {
      return stop_ || std::chrono::steady_clock::now() - last >= kCheckpointInterval;
    };
    task.on_safe_point = [&, key](const WorldSnapshot& world) {
      last = std::chrono::steady_clock::now();
      directory_.save_checkpoint(key, world);
    };
    return run_traced(task);
  }

  Unit run_traced(UnitTask& task) const {
    if (!options_.trace) return run_unit(task);
    TraceFile trace(directory_.traces(), task.key);
    return trace.follow(task);
  }

  void finish(Pending& pending, Unit unit) {
    directory_.save(unit);
    const std::lock_guard lock(mutex_);
    if (options_.on_finished) options_.on_finished(unit);
    samples_done_ += pending.samples;
    finished_.emplace(unit.key, std::move(unit));
    changed_.notify_all();
  }

  const Experiment& experiment_;
  const RunDirectory& directory_;
  const ExperimentOptions& options_;
  std::unique_ptr<ComputePool> pool_;
  double all_samples_ = 0;
  std::atomic<bool> stop_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Pending>> units_;
  std::map<UnitKey, Unit> finished_;
  double samples_done_ = 0;
  bool interrupted_ = false;
  std::exception_ptr error_;
};

// With --retrain: runs that should share weights must have come to the same ones.
void require_equal_weights(const Experiment& experiment, const std::vector<Unit>& units) {
  std::map<UnitKey, const Unit*> by_key;
  for (const Unit& unit : units) by_key[unit.key] = &unit;
  for (const PlannedUnit& plan : plan_units(experiment, false)) {
    if (!plan.weights_of) continue;
    const Unit& mine = *by_key.at(plan.key);
    const Unit& theirs = *by_key.at(*plan.weights_of);
    if (mine.weights_hash == theirs.weights_hash) continue;
    throw RunError(fmt::format(
        "run {} ended with weights {} where run {}, which differs only in timing, ended with {}",
        plan.key.run, mine.weights_hash, plan.weights_of->run, theirs.weights_hash));
  }
}

}  // namespace

std::vector<PlannedUnit> plan_units(const Experiment& experiment, bool retrain) {
  std::vector<std::size_t> donors = weight_groups(experiment.runs);
  if (retrain) std::iota(donors.begin(), donors.end(), std::size_t{0});
  std::vector<PlannedUnit> plan;
  for (std::size_t run = 0; run < experiment.runs.size(); ++run) {
    const auto repeats = static_cast<std::size_t>(experiment.runs[run].scenario.repeats);
    for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
      plan.push_back({{run, repeat}, std::nullopt});
      const auto of_donor = static_cast<std::size_t>(experiment.runs[donors[run]].scenario.repeats);
      if (donors[run] != run && repeat < of_donor)
        plan.back().weights_of = UnitKey{donors[run], repeat};
    }
  }
  return plan;
}

ExperimentResult run_experiment(const Experiment& experiment, const RunDirectory& directory,
                                const ExperimentOptions& options) {
  ExperimentResult result = Crew(experiment, directory, options).work();
  if (options.retrain && !result.interrupted) require_equal_weights(experiment, result.units);
  return result;
}

}  // namespace understudy
