#include "sim/emulation/crew.hpp"

#include <fmt/format.h>

#include <thread>

namespace understudy {

Crew::Crew(Executor& wall, FileWatcher& watcher, ZmqHub& hub, const Topology& topology,
           const CoordinatorOptions& options, WorkerSettings common)
    : watcher_(watcher), topology_(topology), options_(options), common_(std::move(common)) {
  ProcessTransportOptions line = control_options(common_, Rank{common_.nodes});
  line.on_peer_failure = [](Rank, const std::string&) {};  // their processes tell
  line_ = make_process_transport(wall, watcher, &hub, std::move(line));
  common_.coordinator = line_->endpoint();
  endpoints_.assign(common_.nodes + 1, "");
}

void Crew::start() {
  for (std::uint32_t r = 0; r < common_.nodes; ++r)
    workers_.push_back(worker_for(Rank{r}, r == 0 ? 0 : workers_.front()->process->pid()));
}

std::unique_ptr<WorkerRecord> Crew::worker_for(Rank rank, pid_t group) const {
  WorkerSettings settings = common_;
  settings.rank = rank;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  settings.core = settings.nodes <= cores ? static_cast<int>(rank.value) : -1;
  ChildProcess::Options process;
  process.program = options_.program;
  process.arguments = options_.arguments;
  process.input = options_.input(settings);
  if (!options_.logs.empty()) process.log = options_.logs / fmt::format("rank-{}.log", rank.value);
  process.group = group;
  auto worker = std::make_unique<WorkerRecord>();
  worker->process = std::make_unique<ChildProcess>(watcher_, process);
  return worker;
}

void Crew::kill() { workers_.clear(); }

std::string Crew::name_of(Rank rank) const {
  return fmt::format("rank {} (machine {}, process {})", rank.value,
                     topology_.places()[rank.index()].machine,
                     workers_[rank.index()]->process->pid());
}

void Crew::meet(Rank rank, const nlohmann::json& hello) {
  WorkerRecord& worker = *workers_[rank.index()];
  worker.data = hello.at("data").get<std::string>();
  worker.control = hello.at("control").get<std::string>();
  endpoints_[rank.index()] = worker.control;
  line_->set_peers(endpoints_);
}

void Crew::lose(Rank rank) {
  WorkerRecord& worker = *workers_[rank.index()];
  worker.lost = true;
  line_->lose(rank);
  tell_all({ControlKind::kLost, {{"rank", rank.value}}, {}});
}

void Crew::tell(Rank rank, const ControlMessage& message) {
  if (can_be_told(rank)) line_->send(rank, kControlTag, pack(message));
}

void Crew::tell_all(const ControlMessage& message) {
  for (std::uint32_t r = 0; r < common_.nodes; ++r) tell(Rank{r}, message);
}

}  // namespace understudy
