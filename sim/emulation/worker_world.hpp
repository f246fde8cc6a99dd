// One node of an emulated run in a process of its own: its event loop, transports and device, and its
// line to the coordinator. The computations run on a thread beside the loop, so signs of life never
// wait for them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "runtime/node/node.hpp"
#include "sim/device/profile.hpp"
#include "sim/emulation/control.hpp"
#include "sim/emulation/library_line.hpp"

namespace understudy {

struct WorkerParts {
  NodeInfo info;
  std::uint64_t seed = 0;
  DeviceProfile profile;
  CostKind cost = CostKind::kProfile;
  double factor = 1;      // measured: device time = thread CPU time x factor
  bool own_time = false;  // the device is real: computations take the time that they take
  bool pins = true;       // computes on a core of its own, where there are enough
  const std::atomic<bool>* interrupt = nullptr;  // asks the coordinator to stop the run
  // Of a node that takes part in a library's collectives; it listens where the node does.
  std::optional<LibraryLineOptions> library{};
  MakeCollectiveLibrary make_library{};
  // Ends the process with what run() would have thrown, where a library's call hangs that some lost
  // member has left.
  std::function<void(std::exception_ptr)> leave{};
};

struct WorkerProgram {
  std::function<void()> prepare;  // on the computing thread: loads model and data
  std::function<Task<>(Node&)> run;
  std::function<nlohmann::json()> result;   // for the coordinator's caller, once run has ended
  std::function<std::int64_t()> gradients;  // computed so far, on any thread; may be empty
};

// The coordinator, or the line to it, is gone: nobody is left to clean up after the run.
class CoordinatorLost : public Error {
 public:
  CoordinatorLost(const std::string& sentence, std::string folder)
      : Error(ExitCode::kPeerFailed, sentence), folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }  // of the run's sockets

 private:
  std::string folder_;
};

class WorkerWorld {
 public:
  WorkerWorld(const WorkerSettings& settings, const WorkerParts& parts);
  ~WorkerWorld();
  // Says hello, runs the program once when all are ready, and hands over what came of it. Throws what
  // the program throws, having told the coordinator, and what the coordinator ends the run with.
  void run(const WorkerProgram& program);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
