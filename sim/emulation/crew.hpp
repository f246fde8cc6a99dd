// The workers of an emulated run as their coordinator has them: their processes, and the line to them.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "sim/emulation/child_process.hpp"
#include "sim/emulation/control.hpp"
#include "sim/emulation/coordinator.hpp"
#include "sim/emulation/kernel_network.hpp"
#include "sim/emulation/worker_record.hpp"

namespace understudy {

class Crew {
 public:
  // All must outlive the crew. `common` is what all workers are told alike; `places`: where their
  // processes are started, if not where this one is.
  Crew(Executor& wall, FileWatcher& watcher, ZmqHub& hub, const Topology& topology,
       const CoordinatorOptions& options, WorkerSettings common, const KernelNetwork* places);

  void start();  // throws RunError where a process can't be started
  void kill();   // who is left, and waits for that

  std::uint32_t size() const { return common_.nodes; }
  // How long this one's silence is borne.
  Duration patience(const WorkerRecord& worker, bool running) const;
  WorkerRecord& operator[](Rank rank) { return *workers_[rank.index()]; }
  auto begin() { return workers_.begin(); }
  auto end() { return workers_.end(); }
  // Of those that are not lost.
  template <class Holds>
  bool all(const Holds& holds) const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [&](const auto& worker) { return worker->lost || holds(*worker); });
  }

  // "rank 2 (machine 1, process 4711)", "rank 2 (machine 1, process 4711 on node7)".
  std::string name_of(Rank rank) const;
  // "rank 0 waits for a message from rank 4, rank 1 waits ...", of the first few.
  std::string waits() const;
  // It has said hello.
  void meet(Rank rank, const nlohmann::json& hello);
  // From now on it is lost, and the others know.
  void lose(Rank rank);

  ProcessTransport& line() { return *line_; }
  bool can_be_told(Rank rank) const {
    const WorkerRecord& worker = *workers_[rank.index()];
    return !worker.control.empty() && !worker.lost;
  }
  void tell(Rank rank, const ControlMessage& message);
  void tell_all(const ControlMessage& message);  // that can be told

 private:
  WorkerSettings settings_for(Rank rank) const;
  std::vector<Rank> near(Rank rank) const;
  std::unique_ptr<ChildProcess> start_process(Rank rank, pid_t group) const;
  void start_all();
  void join_all();  // those that somebody else has started

  FileWatcher& watcher_;
  const Topology& topology_;
  const CoordinatorOptions& options_;
  WorkerSettings common_;
  const KernelNetwork* places_;
  std::unique_ptr<ProcessTransport> line_;
  std::vector<std::string> endpoints_;
  std::vector<std::unique_ptr<WorkerRecord>> workers_;  // by rank
};

}  // namespace understudy
