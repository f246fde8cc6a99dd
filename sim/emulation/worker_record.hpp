// What a coordinator knows of one worker.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/emulation/emulation_report.hpp"
#include "sim/emulation/worker_process.hpp"

namespace understudy {

struct WorkerRecord {
  std::unique_ptr<WorkerProcess> process;
  std::string data, control;  // endpoints, once it has said hello
  bool ready = false;
  bool lost = false;  // and the run goes on without it
  TimePoint heard = kStart;
  std::optional<TimePoint> ended_at;  // unexpectedly
  std::optional<TimePoint> arrived;   // at a safe point, and not gone on: the time on its clock
  std::optional<std::int64_t> passed;
  std::optional<std::string> state;  // as pack_node() has it
  std::optional<nlohmann::json> finished;
  // From its heartbeats.
  std::int64_t gradients = 0;
  int stuck_beats = 0;       // in a row in which it could not go on by itself
  std::int64_t surplus = 0;  // messages sent less messages received
  std::int64_t told = 0;     // what it has been told that is more than a sign of life
  std::vector<std::string> waits_for;

  void note(const nlohmann::json& beat);
  // " after step 12, in a ring"; empty where it has told nothing.
  std::string last_seen() const;
  void add_to(EmulationReport& report, std::vector<nlohmann::json>& results) const;

 private:
  nlohmann::json activity_;
  std::int64_t traffic_ = -1;
};

}  // namespace understudy
