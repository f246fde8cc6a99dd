// The event trace of one repeat of one run, twice: as lines of JSON for programs, and in the Chrome
// trace format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.
//
//   traces/unit-RRRR-rr.jsonl       {"event": "message", "from", "to", "stream", "tag", "bytes",
//                                    "sent_s", "arrived_s", "received_s", "waited_s", "delivered",
//                                    "collective", "layers", "step", "round", "epoch"}
//                                   {"event": "compute", "node", "phase", "begin_s", "end_s"}
//   traces/unit-RRRR-rr.trace.json  a process for each node: what it computes, its messages under
//                                   way, and its waits for others
#pragma once

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "results/experiment/unit_runner.hpp"
#include "sim/world/event_trace.hpp"

namespace understudy {

class TraceFile {
 public:
  static constexpr std::size_t kMostEvents = 1'000'000;

  // Makes the folder. After `most` events the trace says that it ends there. Throws RunError where a
  // file can't be written.
  TraceFile(const std::filesystem::path& folder, UnitKey key, std::size_t most = kMostEvents);
  ~TraceFile();  // without finish() the unfinished files go

  // Runs the unit with its events written here.
  Unit follow(UnitTask& task);

  void write(const TraceEvent& event);
  // Closes both files and gives them their names.
  void finish();

 private:
  void write_message(const MessageEvent& event);
  void write_compute(const ComputeEvent& event);
  void chrome(const std::string& object);
  void introduce(Rank rank);

  std::filesystem::path lines_path_, chrome_path_;
  std::ofstream lines_, chrome_;
  std::set<Rank> introduced_;
  std::size_t most_;
  std::size_t events_ = 0;
  std::size_t ids_ = 0;
  bool first_ = true;
  bool finished_ = false;
};

}  // namespace understudy
