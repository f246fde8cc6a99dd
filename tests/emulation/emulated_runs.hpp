// Runs a scenario's first repeat in this process, as coordinator or in virtual time.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "results/experiment/emulated_unit.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {

inline Scenario scenario_of(const std::string& yaml) {
  const Document document = parse_document(yaml, "test");
  Scenario scenario = read_scenario(document);
  check(scenario, document);
  return scenario;
}

// Sockets go to a folder of the test's, which must be empty afterwards.
class EmulatedRuns : public testing::Test {
 protected:
  static std::unique_ptr<Learner> no_learner(const Model&) { return nullptr; }
  void SetUp() override {
    sockets_ = std::filesystem::temp_directory_path() / ("ust-" + std::to_string(getpid()));
    std::filesystem::create_directory(sockets_);
    setenv("XDG_RUNTIME_DIR", sockets_.c_str(), 1);
  }
  void TearDown() override {
    EXPECT_TRUE(std::filesystem::is_empty(sockets_));
    EXPECT_TRUE(children().empty());
    std::filesystem::remove_all(sockets_);
  }
  static std::vector<pid_t> children(const std::string& of = "self") {
    std::vector<pid_t> found;
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + of + "/task", gone)) {
      std::ifstream file(task.path() / "children");
      for (pid_t pid; file >> pid;) found.push_back(pid);
    }
    return found;
  }
  Unit run(const Scenario& scenario) {
    UnitTask task;
    task.scenario = &scenario;
    task.launch = &launch_;
    task.make_learner = no_learner;
    return run_unit(task);
  }
  std::filesystem::path sockets_;
  Launch launch_{.programs = UNDERSTUDY_PROGRAMS, .data_dir = "", .logs = {}};
};

}  // namespace understudy
