#include "sim/emulation/crew.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/emulation/network_namespace.hpp"

namespace understudy {

Crew::Crew(Executor& wall, FileWatcher& watcher, ZmqHub& hub, const Topology& topology,
           const CoordinatorOptions& options, WorkerSettings common, const KernelNetwork* places)
    : watcher_(watcher),
      topology_(topology),
      options_(options),
      common_(std::move(common)),
      places_(places) {
  ProcessTransportOptions line = control_options(common_, Rank{common_.nodes});
  line.on_peer_failure = [](Rank, const std::string&) {};  // their processes tell
  line_ = make_process_transport(wall, watcher, &hub, std::move(line));
  common_.coordinator = line_->endpoint();
  endpoints_.assign(common_.nodes + 1, "");
}

void Crew::start() {
  for (std::uint32_t r = 0; r < common_.nodes; ++r)
    workers_.push_back(std::make_unique<WorkerRecord>());
  options_.rendezvous == nullptr ? start_all() : join_all();
}

void Crew::start_all() {
  pid_t group = 0;
  for (std::uint32_t r = 0; r < common_.nodes; ++r) {
    auto process = start_process(Rank{r}, group);
    if (r == 0) group = process->pid();
    workers_[r]->process = std::move(process);
  }
}

void Crew::join_all() {
  RendezvousHost& rendezvous = *options_.rendezvous;
  std::vector<std::string> settings(common_.nodes);
  for (std::uint32_t r = 1; r < common_.nodes; ++r) {
    const Participant& guest = rendezvous.guest(Rank{r});
    workers_[r]->process =
        std::make_unique<JoinedProcess>(guest.host, guest.process, rendezvous.is_nearby(Rank{r}));
    settings[r] = options_.input(settings_for(Rank{r}));
  }
  workers_[0]->process = start_process(Rank{0}, 0);
  rendezvous.hand_out(settings);
}

WorkerSettings Crew::settings_for(Rank rank) const {
  WorkerSettings settings = common_;
  settings.rank = rank;
  if (places_ != nullptr) settings.bind = places_->address(rank);
  settings.near = near(rank);
  settings.seat = rank.value;
  settings.seats = settings.nodes;
  if (!common_.real) return settings;
  const auto before = [rank](Rank other) { return other < rank; };
  settings.seat =
      static_cast<std::uint32_t>(std::count_if(settings.near.begin(), settings.near.end(), before));
  settings.seats = static_cast<std::uint32_t>(settings.near.size()) + 1;
  settings.parent = rank.value == 0 ? common_.parent : 0;
  return settings;
}

std::vector<Rank> Crew::near(Rank rank) const {
  if (common_.real) return options_.rendezvous->near(rank);
  std::vector<Rank> near;
  const auto places = topology_.places();
  for (std::uint32_t r = 0; r < common_.nodes; ++r)
    if (Rank{r} != rank && places[r].machine == places[rank.index()].machine)
      near.push_back(Rank{r});
  return near;
}

std::unique_ptr<ChildProcess> Crew::start_process(Rank rank, pid_t group) const {
  ChildProcess::Options process;
  process.program = options_.program;
  process.arguments = options_.arguments;
  process.input = options_.input(settings_for(rank));
  if (!options_.logs.empty()) process.log = options_.logs / fmt::format("rank-{}.log", rank.value);
  process.group = group;
  const auto there = places_ != nullptr ? places_->enter(rank) : nullptr;
  return std::make_unique<ChildProcess>(watcher_, process);
}

void Crew::kill() { workers_.clear(); }

std::string Crew::name_of(Rank rank) const {
  return fmt::format("rank {} (machine {}, {})", rank.value,
                     topology_.places()[rank.index()].machine,
                     workers_[rank.index()]->process->name());
}

Duration Crew::patience(const WorkerRecord& worker, bool running) const {
  if (running || worker.process->is_stopped()) return patience_of(common_, WorkerPhase::kRunning);
  // A launched one has started before.
  const bool has_started = !worker.control.empty() || !worker.process->ends_with_run();
  return patience_of(common_, has_started ? WorkerPhase::kLoading : WorkerPhase::kStarting);
}

std::string Crew::waits() const {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> waits;
  for (std::uint32_t r = 0; r < common_.nodes && waits.size() < kMost; ++r) {
    const WorkerRecord& worker = *workers_[r];
    if (!worker.lost && !worker.waits_for.empty())
      waits.push_back(fmt::format("rank {} waits for {}", r, worker.waits_for.front()));
  }
  return fmt::format("{}", fmt::join(waits, ", "));
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
  if (!can_be_told(rank)) return;
  if (message.kind != ControlKind::kBeat) ++workers_[rank.index()]->told;
  line_->send(rank, kControlTag, pack(message));
}

void Crew::tell_all(const ControlMessage& message) {
  for (std::uint32_t r = 0; r < common_.nodes; ++r) tell(Rank{r}, message);
}

}  // namespace understudy
