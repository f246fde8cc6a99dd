// Experiments from text, run into a folder of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "results/experiment/experiment.hpp"
#include "results/experiment/records.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {

inline Experiment experiment_of(const std::string& yaml,
                                const std::vector<std::string>& sets = {}) {
  const TemporaryFolder folder;
  write_file(folder / "test.yaml", yaml);
  return load_experiment((folder / "test.yaml").string(), sets);
}

// On the system's data sets, unless the options have others.
inline std::vector<Unit> run_all(const Experiment& experiment, ExperimentOptions options = {}) {
  const TemporaryFolder folder;
  DatasetCache datasets{DataPaths{}};
  if (options.datasets == nullptr) options.datasets = &datasets;
  const RunDirectory directory = RunDirectory::create(folder / "run");
  return run_experiment(experiment, directory, options).units;
}

// metrics.jsonl of all units, as it is but for wall_s.
inline std::string records_without_wall_time(const std::vector<Unit>& units) {
  std::string lines;
  for (const Unit& unit : units) lines += metrics_jsonl(unit);
  return std::regex_replace(lines, std::regex("\"wall_s\":[^,]*,"), "");
}

}  // namespace understudy
