#include "sim/emulation/coordinator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "runtime/base/log.hpp"
#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "sim/emulation/crew.hpp"
#include "sim/emulation/fabric.hpp"
#include "sim/emulation/kernel_network.hpp"
#include "sim/emulation/wall_loop.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Duration kTick = 50ms;
constexpr Duration kBeat = 200ms;
constexpr Duration kSave = 10s;       // between checkpoints
constexpr Duration kSaveAtEnd = 10s;  // that an interrupt may take
constexpr Duration kEnding = 2s;      // that workers have to end by themselves
constexpr Duration kExplained = 1s;   // in which the end of a process shows
constexpr Duration kReach = 1ms;      // of a message to all: when a clock starts
constexpr int kStuckBeats = 5;        // in a row, before nothing can go on

class Coordinator {
 public:
  Coordinator(const Topology& topology, const CoordinatorOptions& options)
      : options_(options),
        size_(static_cast<std::uint32_t>(topology.places().size())),
        security_(security_of(options)),
        loop_(security_, origin_),
        clock_(wall_, options.emulation.dilation),
        fabric_(wall_, clock_, topology,
                make_network(options.network, options.faults, topology, options.seed),
                [this](const Fabric::Arrival& arrival) { decide(arrival); }) {
    topology.require_connected();
    loop_.keep_exact();
    wall_.set_source(&fabric_);
    if (options.rendezvous == nullptr) make_folder();
    if (options.emulation.links == LinkShaper::kKernel)
      kernel_network_.emplace(topology, conditions_of(options.network).impairments);
    crew_ =
        std::make_unique<Crew>(wall_, loop_.real_time, loop_.hub, topology, options,
                               common_settings(), kernel_network_ ? &*kernel_network_ : nullptr);
  }

  EmulatedRun run() {
    crew_->start();
    std::exception_ptr failure;
    try {
      const auto main = spawn(wall_, live());
      wall_.run();
    } catch (...) {
      failure = std::current_exception();
    }
    wall_.set_source(nullptr);
    crew_->kill();
    if (failure) std::rethrow_exception(failure);
    if (error_) std::rethrow_exception(error_);
    return std::move(result_);
  }

 private:
  void make_folder() {
    folder_.emplace();
    for (const char* part : {"/control", "/data"})
      std::filesystem::create_directory(folder_->path() + part);
  }

  static Security security_of(const CoordinatorOptions& options) {
    if (options.rendezvous != nullptr) return options.rendezvous->security();
    const EmulationConfig& e = options.emulation;
    if (e.links == LinkShaper::kKernel) return {Security::Kind::kCurve, {}, make_run_keys()};
    return uses_tcp(e.transport) ? with_new_secret() : Security{};
  }

  WorkerSettings common_settings() {
    WorkerSettings s;
    s.nodes = size_;
    std::random_device device;
    s.run_id = (std::uint64_t{device()} << 32) | device();
    s.transport = options_.emulation.transport;
    s.kernel_links = kernel_network_.has_value();
    s.bind = "127.0.0.1";
    if (folder_) s.folder = folder_->path();
    s.security = security_;
    s.origin_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(origin_.time_since_epoch()).count();
    s.dilation = options_.emulation.dilation;
    s.timeout = options_.emulation.timeout;
    s.parent = getpid();
    if (options_.rendezvous == nullptr) return s;
    s.real = true;
    s.bind = options_.rendezvous->address();
    const bool on_one_host = options_.rendezvous->near(Rank{0}).size() + 1 == size_;
    if (!on_one_host && s.transport != TransportKind::kTcp) s.transport = TransportKind::kByMachine;
    return s;
  }

  // Goes on until all have finished and gone, or the run has failed and nobody is left.
  Task<> live() {
    auto hearing = spawn(wall_, listen());
    auto looking = spawn(wall_, look_after());
    co_await done_;
    const ControlMessage stop{ControlKind::kStop, {{"code", code_}, {"sentence", sentence_}}, {}};
    const ControlMessage end{ControlKind::kEnd, {}, {}};
    for (std::uint32_t r = 0; r < size_; ++r)
      if (!(*crew_)[Rank{r}].process->has_ended()) crew_->tell(Rank{r}, error_ ? stop : end);
    auto telling = spawn(wall_, crew_->line().drain());
    const TimePoint latest = wall_.now() + kEnding;
    const auto is_left = [&](const WorkerRecord& w) {
      return w.process->has_ended() || (!w.process->ends_with_run() && telling.done());
    };
    while (wall_.now() < latest && !crew_->all(is_left))
      co_await SleepUntil(wall_, wall_.now() + 5ms);
    for (auto* service : {&hearing, &looking, &telling}) {
      service->cancel();
      co_await service->ended();
    }
  }

  Task<> listen() {
    for (;;) {
      auto message = co_await Receive(crew_->line(), wall_, std::nullopt, kControlTag);
      if (!message || message->from.value >= size_) continue;  // none: somebody was lost
      WorkerRecord& worker = (*crew_)[message->from];
      if (worker.lost) continue;
      worker.heard = wall_.now();
      try {
        hear(message->from, worker, unpack_control(message->payload));
      } catch (const nlohmann::json::exception&) {
        fail(ExitCode::kPeerFailed,
             crew_->name_of(message->from) + " said what this version does not know");
      }
    }
  }

  void hear(Rank rank, WorkerRecord& worker, const ControlMessage& message) {
    switch (message.kind) {
      case ControlKind::kHello:
        crew_->meet(rank, message.body);
        if (crew_->all([](auto& w) { return !w.control.empty(); })) welcome();
        return;
      case ControlKind::kReady:
        worker.ready = true;
        if (crew_->all([](auto& w) { return w.ready; })) start_clock();
        return;
      case ControlKind::kAnnounce:
        for (const Announcement& a : announcements_in(message.blob)) {
          if (a.to >= size_) throw TransportError(crew_->name_of(rank) + " sends to nobody");
          fabric_.set_out(a.number, rank, Rank{static_cast<std::uint32_t>(a.to)}, Bytes{a.bytes},
                          TimePoint(Duration(a.sent)));
        }
        return;
      case ControlKind::kHeartbeat:
        worker.note(message.body);
        return;
      case ControlKind::kHolds:
        worker.passed = message.body.at("passed").get<std::int64_t>();
        return set_target();
      case ControlKind::kArrival:
        worker.arrived = TimePoint(Duration(message.body.at("time").get<std::int64_t>()));
        return open_if_all_stand();
      case ControlKind::kState:
        worker.state = message.blob;
        return save_if_all_have_told();
      case ControlKind::kPeerGone:
        return accuse(message.body);
      case ControlKind::kTell:
        return pass_on(rank, message);
      case ControlKind::kFinished:
        worker.finished = message.body;
        worker.state = message.blob;
        return finish_if_all_have();
      case ControlKind::kFailed:
        return fail(static_cast<ExitCode>(message.body.at("code").get<int>()),
                    message.body.at("sentence").get<std::string>());
      case ControlKind::kAskedToStop:
        asked_to_stop_ = true;
        return;
      default:
        return;
    }
  }

  void pass_on(Rank from, const ControlMessage& message) {
    const Rank to{message.body.at("to").get<std::uint32_t>()};
    if (to.value >= size_) throw TransportError(crew_->name_of(from) + " tells nobody");
    crew_->tell(to, {ControlKind::kTold, {{"from", from.value}}, message.blob});
  }

  // Beginning.

  void welcome() {
    std::vector<std::string> data;
    for (const auto& worker : *crew_) data.push_back(worker->data);
    crew_->tell_all({ControlKind::kWelcome, {{"endpoints", data}}, {}});
  }

  void start_clock() {
    const WorldSnapshot* from = options_.resume;
    const TimePoint scenario = from != nullptr ? from->time : kStart;
    const Json when = set_clock(scenario);
    for (std::uint32_t r = 0; r < size_; ++r) {
      std::string blob;
      if (from != nullptr) {
        WorldSnapshot node;
        node.time = from->time;
        node.samples.push_back(from->samples[r]);
        node.nodes.push_back(from->nodes[r]);
        blob = pack_node(node, from->states[r]);
      }
      crew_->tell(Rank{r}, {ControlKind::kSetOff, when, std::move(blob)});
    }
    running_ = true;
    saved_ = wall_.now();
  }

  // Everybody's clock, this one too.
  Json set_clock(TimePoint scenario) {
    const TimePoint wall = loop_.real_time.read() + kReach;
    clock_.set(scenario, wall);
    return {{"scenario", scenario.time_since_epoch().count()},
            {"wall", wall.time_since_epoch().count()}};
  }

  void decide(const Fabric::Arrival& arrival) {
    if (!arrival.delivered && lost_message_.empty()) {
      lost_message_ =
          fmt::format("a message from rank {} to rank {} was lost by the network at {:.6g} s",
                      arrival.from.value, arrival.to.value, to_seconds(arrival.when));
    }
    const DeliveryNotice notice{arrival.number, arrival.when.time_since_epoch().count(),
                                arrival.delivered ? 1u : 0u};
    crew_->tell(arrival.to,
                {ControlKind::kDelivery, {}, to_blob(std::vector<DeliveryNotice>{notice})});
  }

  // Safe points.

  // Opens it once all stand at it and nothing is under way; `look_after` asks again.
  void open_if_all_stand() {
    if (collecting_ || fabric_.under_way() > 0) return;
    if (!crew_->all([](auto& w) { return w.arrived.has_value(); })) return;
    if (!interrupted_at_ && !is_to_save()) return open();
    collecting_ = true;
    crew_->tell_all({ControlKind::kCollect, {}, {}});
  }

  void save_if_all_have_told() {
    if (!collecting_ || !crew_->all([](auto& w) { return w.state.has_value(); })) return;
    collecting_ = false;
    saved_ = wall_.now();
    if (can_save()) options_.on_safe_point(gather());
    for (auto& worker : *crew_) worker->state.reset();
    if (interrupted_at_) return interrupt();
    open();
  }

  void open() {
    TimePoint latest = fabric_.decided_until();
    for (auto& worker : *crew_) latest = std::max(latest, worker->arrived.value_or(latest));
    for (auto& worker : *crew_) {
      worker->arrived.reset();
      worker->passed.reset();
    }
    holding_ = false;
    crew_->tell_all({ControlKind::kOpen, set_clock(latest), {}});
  }

  // Who is lost could not go on from there.
  bool can_save() const { return options_.on_safe_point && result_.report.lost.empty(); }
  bool is_to_save() const { return can_save() && wall_.now() - saved_ > kSave; }

  // Asks all to stop at one point, soon.
  void hold() {
    if (holding_ || collecting_) return;
    holding_ = true;
    crew_->tell_all({ControlKind::kHold, {}, {}});
  }
  void set_target() {
    if (!holding_ || !crew_->all([](auto& w) { return w.passed.has_value(); })) return;
    std::int64_t furthest = 0;
    for (auto& worker : *crew_) furthest = std::max(furthest, worker->passed.value_or(0));
    crew_->tell_all({ControlKind::kTarget, {{"point", furthest + 1}}, {}});
  }

  WorldSnapshot gather() {
    WorldSnapshot whole;
    for (auto& worker : *crew_) {
      if (worker->lost) {
        whole.samples.emplace_back();
        whole.nodes.emplace_back();
        whole.states.emplace_back();
        continue;
      }
      auto [node, state] = unpack_node(*worker->state);
      whole.time = std::max(whole.time, node.time);
      whole.samples.push_back(std::move(node.samples.at(0)));
      whole.nodes.push_back(node.nodes.at(0));
      whole.states.push_back(std::move(state));
    }
    const auto links = fabric_.link_statistics();
    whole.links.assign(links.begin(), links.end());
    if (kernel_network_) whole.links = kernel_network_->statistics();
    if (options_.resume != nullptr)
      for (std::size_t l = 0; l < whole.links.size(); ++l)
        whole.links[l] += options_.resume->links[l];
    return whole;
  }

  // Endings.

  void finish_if_all_have() {
    if (done_.is_set() || !crew_->all([](auto& w) { return w.finished.has_value(); })) return;
    result_.end = gather();
    result_.end.states.clear();
    EmulationReport& report = result_.report;
    report.transport = options_.emulation.transport;
    report.dilation = options_.emulation.dilation;
    if (kernel_network_) report.kernel_links = kernel_network_->lacks();
    report.latest_start = fabric_.latest_start();
    report.turned_away = loop_.hub.turned_away();
    for (auto& worker : *crew_) worker->add_to(report, result_.results);
    done_.set();
  }

  // Goes on without it where that is asked for and can be, or ends the run.
  void lose(Rank rank, const std::string& sentence) {
    (*crew_)[rank].process->kill();  // or the end would wait for one that is silent
    const auto& needed = options_.needed;
    const bool can_be_spared = std::find(needed.begin(), needed.end(), rank) == needed.end();
    if (options_.emulation.on_loss != OnLoss::kContinue || !running_ || !can_be_spared)
      return fail(ExitCode::kPeerFailed, sentence);
    spdlog::warn("{}; the run goes on without it", sentence);
    result_.report.lost.push_back({rank, clock_.now(), sentence});
    fabric_.lose(rank);
    crew_->lose(rank);
    // What the others were waiting for it with.
    if (collecting_) return save_if_all_have_told();
    set_target();
    open_if_all_stand();
    finish_if_all_have();
  }

  template <class Problem = Error>
  void fail(const Problem& problem) {
    if (error_ || done_.is_set()) return;
    code_ = static_cast<int>(problem.exit_code());
    sentence_ = problem.what();
    error_ = std::make_exception_ptr(problem);
    done_.set();
  }
  void fail(ExitCode code, const std::string& sentence) { fail(Error(code, sentence)); }
  void interrupt() { fail(Interrupted()); }

  // Looking after the workers.

  Task<> look_after() {
    for (TimePoint beat = kStart;;) {
      co_await SleepUntil(wall_, wall_.now() + kTick);
      if (done_.is_set()) continue;
      if (wall_.now() >= beat) {
        beat = wall_.now() + kBeat;
        crew_->tell_all({ControlKind::kBeat, {}, {}});
      }
      for (std::uint32_t r = 0; r < size_; ++r) look_at(Rank{r}, (*crew_)[Rank{r}]);
      if (running_) look_at_all();
      if (asked_to_stop_ || (options_.interrupt != nullptr && *options_.interrupt))
        look_at_interrupt();
    }
  }

  void look_at(Rank rank, WorkerRecord& worker) {
    if (worker.finished || worker.lost) return;
    if (worker.process->has_ended()) return look_at_ended(rank, worker);
    const Duration silence = wall_.now() - worker.heard;
    const bool patient = options_.emulation.on_loss == OnLoss::kWait;
    if (patient || silence <= options_.emulation.timeout) return look_at_start(rank, worker);
    const Duration bearable = crew_->patience(worker, running_);
    if (silence > bearable) {
      return lose(rank, fmt::format("{} has not answered for {}{}", crew_->name_of(rank),
                                    format(bearable), worker.last_seen()));
    }
    look_at_start(rank, worker);
  }

  void look_at_start(Rank rank, const WorkerRecord& worker) {
    if (!worker.ready && wall_.now() - kStart > Duration(options_.loading)) {
      lose(rank, fmt::format("{} was not ready within {} s", crew_->name_of(rank),
                             options_.loading.count()));
    }
  }

  // What it said before is heard first.
  void look_at_ended(Rank rank, WorkerRecord& worker) {
    if (!worker.ended_at) worker.ended_at = wall_.now();
    if (wall_.now() - *worker.ended_at < 2 * kTick) return;
    const std::string said = worker.process->last_line();
    lose(rank, fmt::format("{} {}{}{}", crew_->name_of(rank), worker.process->how_it_ended(),
                           worker.last_seen(), said.empty() ? "" : ": " + said));
  }

  void look_at_all() {
    std::int64_t gradients = 0, surplus = 0;
    for (auto& worker : *crew_) {
      gradients += worker->gradients;
      surplus += worker->surplus;
    }
    if (options_.on_gradients) options_.on_gradients(gradients);
    look_at_accusation();
    open_if_all_stand();
    if (is_to_save()) hold();
    const bool on_the_way = options_.rendezvous != nullptr ? surplus != 0 : fabric_.under_way() > 0;
    const bool stuck = !on_the_way && !collecting_ && crew_->all([](auto& w) {
      return w.finished || w.stuck_beats >= kStuckBeats;
    }) && !crew_->all([](auto& w) { return w.arrived.has_value(); });
    if (stuck) report_deadlock();
  }

  void look_at_accusation() {
    if (!accusation_ || wall_.now() - accusation_->at < kExplained) return;
    const Accusation accusation = *std::exchange(accusation_, std::nullopt);
    const WorkerRecord& worker = (*crew_)[accusation.of];
    if (worker.lost) return;
    lose(accusation.of, fmt::format("{} can't be reached{}: {}", crew_->name_of(accusation.of),
                                    worker.last_seen(), accusation.sentence));
  }

  void report_deadlock() {
    std::string sentence = "nothing can go on: ";
    if (!lost_message_.empty()) sentence = lost_message_ + ", and nothing can go on without it: ";
    fail(lost_message_.empty() ? ExitCode::kFailed : ExitCode::kPeerFailed,
         sentence + crew_->waits());
  }

  // Saves where all can stop together, if that comes soon.
  void look_at_interrupt() {
    if (!interrupted_at_) {
      interrupted_at_ = wall_.now();
      if (!running_ || !can_save()) return interrupt();
      hold();
    }
    if (wall_.now() - *interrupted_at_ > kSaveAtEnd) interrupt();
  }

  // A node that another can't reach. Where its process has ended, look_at() knows more of it.
  void accuse(const Json& told) {
    const Rank rank{told.at("rank").get<std::uint32_t>()};
    if (rank.value >= size_ || (*crew_)[rank].lost || accusation_) return;
    accusation_ = Accusation{rank, told.at("sentence").get<std::string>(), wall_.now()};
  }

  const CoordinatorOptions& options_;
  std::uint32_t size_;
  Security security_;
  std::optional<PrivateFolder> folder_;  // of the sockets; those of a real run have no files
  std::chrono::steady_clock::time_point origin_ = std::chrono::steady_clock::now();
  WallLoop loop_;
  Scheduler& wall_ = loop_.wall;
  EmulatedClock clock_;
  Fabric fabric_;
  std::optional<KernelNetwork> kernel_network_;  // in the fabric's place
  std::unique_ptr<Crew> crew_;
  bool running_ = false, holding_ = false, collecting_ = false, asked_to_stop_ = false;
  TimePoint saved_ = kStart;
  std::optional<TimePoint> interrupted_at_;
  struct Accusation {
    Rank of;
    std::string sentence;
    TimePoint at;
  };
  std::optional<Accusation> accusation_;
  std::string lost_message_;
  Event done_;
  int code_ = 0;
  std::string sentence_;
  std::exception_ptr error_;
  EmulatedRun result_;
};

}  // namespace

EmulatedRun run_emulated(const Topology& topology, const CoordinatorOptions& options) {
  if (options.rendezvous != nullptr) options.rendezvous->gather();
  return Coordinator(topology, options).run();
}

}  // namespace understudy
