// Experiments that train real models, and runs that go on from each of their safe points.
#pragma once

#include <vector>

#include "runtime/learners/torch/torch_learner.hpp"
#include "tests/experiment/support.hpp"

namespace understudy {

inline ExperimentOptions training(int jobs = 1) {
  ExperimentOptions options{.jobs = jobs};
  options.make_learner = [](const Model& model) { return make_torch_learner(model); };
  return options;
}

// The states at every safe point of a unit, and the unit.
struct Interruptible {
  Unit whole;
  std::vector<WorldSnapshot> safe_points;
};
inline Interruptible run_with_safe_points(UnitTask task) {
  Interruptible out;
  task.on_safe_point = [&](const WorldSnapshot& world) { out.safe_points.push_back(world); };
  out.whole = run_unit(task);
  return out;
}

inline void expect_the_same_from(const WorldSnapshot& safe_point, UnitTask task,
                                 const Unit& whole) {
  const TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  directory.save_checkpoint({0, 0}, safe_point);
  const auto checkpoint = directory.checkpoint({0, 0});
  ASSERT_TRUE(checkpoint);
  task.resume = &*checkpoint;
  const Unit resumed = run_unit(task);
  EXPECT_EQ(resumed.weights_hash, whole.weights_hash);
  EXPECT_EQ(resumed.time, whole.time);
  EXPECT_EQ(records_without_wall_time({resumed}), records_without_wall_time({whole}));
}

// From every safe point of the first run's first repeat, of which there are so many.
inline void expect_the_same_from_all(const Experiment& experiment, std::size_t safe_points) {
  DatasetCache datasets{DataPaths{}};
  UnitTask task;
  task.scenario = &experiment.runs[0].scenario;
  task.make_learner = training().make_learner;
  task.datasets = &datasets;
  const Interruptible run = run_with_safe_points(task);
  ASSERT_EQ(run.safe_points.size(), safe_points);
  for (const WorldSnapshot& safe_point : run.safe_points)
    expect_the_same_from(safe_point, task, run.whole);
}

}  // namespace understudy
