#include "sim/emulation/coordinator.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "runtime/transport/zmq_hub.hpp"
#include "sim/emulation/fabric.hpp"
#include "sim/emulation/worker_record.hpp"

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
constexpr Duration kWatched = 60us;
constexpr int kStuckBeats = 5;  // in a row, before nothing can go on

class Coordinator {
 public:
  Coordinator(const Topology& topology, const CoordinatorOptions& options)
      : topology_(topology),
        options_(options),
        size_(static_cast<std::uint32_t>(topology.places().size())),
        security_(options.emulation.transport == TransportKind::kTcp ? with_new_secret()
                                                                     : Security{}),
        hub_(real_time_, security_),
        clock_(wall_, options.emulation.dilation),
        fabric_(wall_, clock_, topology,
                make_network(options.network, options.faults, topology, options.seed),
                [this](const Fabric::Arrival& arrival) { decide(arrival); }) {
    topology.require_connected();
    origin_ = std::chrono::steady_clock::now();
    real_time_.start_at(origin_);
    real_time_.watch_last(kWatched);
    prctl(PR_SET_TIMERSLACK, 1);
    wall_.hold_to(&real_time_);
    wall_.set_source(&fabric_);
    for (const char* part : {"/control", "/data"})
      std::filesystem::create_directory(folder_.path() + part);
  }
  ~Coordinator() { prctl(PR_SET_TIMERSLACK, 0); }

  EmulatedRun run() {
    const WorkerSettings settings = common_settings();
    ProcessTransportOptions line = control_options(settings, Rank{size_});
    line.on_peer_failure = [](Rank, const std::string&) {};  // their processes tell
    control_ = make_process_transport(wall_, real_time_, &hub_, std::move(line));
    endpoints_.assign(size_ + 1, "");
    for (std::uint32_t r = 0; r < size_; ++r) start(Rank{r}, settings);
    std::exception_ptr failure;
    try {
      const auto main = spawn(wall_, live());
      wall_.run();
    } catch (...) {
      failure = std::current_exception();
    }
    wall_.set_source(nullptr);
    workers_.clear();  // kills who is left
    if (failure) std::rethrow_exception(failure);
    if (error_) std::rethrow_exception(error_);
    return std::move(result_);
  }

 private:
  WorkerSettings common_settings() {
    WorkerSettings s;
    s.nodes = size_;
    std::random_device device;
    s.run_id = (std::uint64_t{device()} << 32) | device();
    s.transport = options_.emulation.transport;
    s.bind = "127.0.0.1";
    s.folder = folder_.path();
    s.security = security_;
    s.origin_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(origin_.time_since_epoch()).count();
    s.dilation = options_.emulation.dilation;
    s.timeout = options_.emulation.timeout;
    return s;
  }

  void start(Rank rank, WorkerSettings settings) {
    settings.coordinator = control_->endpoint();
    settings.rank = rank;
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    settings.core = size_ <= cores ? static_cast<int>(rank.value) : -1;
    auto worker = std::make_unique<WorkerRecord>();
    worker->process = std::make_unique<ChildProcess>(
        real_time_,
        ChildProcess::Options{.program = options_.program,
                              .arguments = options_.arguments,
                              .input = options_.input(settings),
                              .log = options_.logs.empty()
                                         ? options_.logs
                                         : options_.logs / fmt::format("rank-{}.log", rank.value),
                              .group = workers_.empty() ? 0 : workers_.front()->process->pid()});
    workers_.push_back(std::move(worker));
  }

  // Goes on until all have finished and gone, or the run has failed and nobody is left.
  Task<> live() {
    auto hearing = spawn(wall_, listen());
    auto looking = spawn(wall_, look_after());
    co_await done_;
    for (std::uint32_t r = 0; r < size_; ++r) {
      if (workers_[r]->control.empty() || workers_[r]->process->has_ended()) continue;
      if (error_) {
        tell(Rank{r}, {ControlKind::kStop, {{"code", code_}, {"sentence", sentence_}}, {}});
      } else {
        tell(Rank{r}, {ControlKind::kEnd, {}, {}});
      }
    }
    const TimePoint latest = wall_.now() + kEnding;
    while (wall_.now() < latest && !all([](auto& w) { return w.process->has_ended(); }))
      co_await SleepUntil(wall_, wall_.now() + 5ms);
    hearing.cancel();
    looking.cancel();
    co_await hearing.ended();
    co_await looking.ended();
  }

  Task<> listen() {
    for (;;) {
      auto message = co_await Receive(*control_, wall_, std::nullopt, kControlTag);
      if (message->from.value >= size_) continue;
      WorkerRecord& worker = *workers_[message->from.index()];
      worker.heard = wall_.now();
      try {
        hear(message->from, worker, unpack_control(message->payload));
      } catch (const nlohmann::json::exception&) {
        fail(ExitCode::kPeerFailed,
             fmt::format("{} said what this version does not know", name_of(message->from)));
      }
    }
  }

  void hear(Rank rank, WorkerRecord& worker, const ControlMessage& message) {
    switch (message.kind) {
      case ControlKind::kHello:
        worker.data = message.body.at("data").get<std::string>();
        worker.control = message.body.at("control").get<std::string>();
        endpoints_[rank.index()] = worker.control;
        control_->set_peers(endpoints_);
        if (all([](auto& w) { return !w.control.empty(); })) welcome();
        return;
      case ControlKind::kReady:
        worker.ready = true;
        if (all([](auto& w) { return w.ready; })) start_clock();
        return;
      case ControlKind::kAnnounce:
        for (const Announcement& a : announcements_in(message.blob)) {
          if (a.to >= size_) throw TransportError(name_of(rank) + " sends to nobody");
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
        return accuse(message.body.at("sentence").get<std::string>());
      case ControlKind::kFinished:
        worker.finished = message.body;
        worker.state = message.blob;
        if (all([](auto& w) { return w.finished.has_value(); })) finish();
        return;
      case ControlKind::kFailed:
        return fail(static_cast<ExitCode>(message.body.at("code").get<int>()),
                    message.body.at("sentence").get<std::string>());
      default:
        return;
    }
  }

  // Beginning.

  void welcome() {
    std::vector<std::string> data;
    for (const auto& worker : workers_) data.push_back(worker->data);
    tell_all({ControlKind::kWelcome, {{"endpoints", data}}, {}});
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
      tell(Rank{r}, {ControlKind::kStart, when, std::move(blob)});
    }
    running_ = true;
    saved_ = wall_.now();
  }

  // Everybody's clock, this one too.
  Json set_clock(TimePoint scenario) {
    const TimePoint wall = real_time_.read() + kReach;
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
    tell(arrival.to, {ControlKind::kDelivery, {}, to_blob(std::vector<DeliveryNotice>{notice})});
  }

  // Safe points.

  // Opens it once all stand at it and nothing is under way; `look_after` asks again.
  void open_if_all_stand() {
    if (collecting_ || fabric_.under_way() > 0) return;
    if (!all([](auto& w) { return w.arrived.has_value(); })) return;
    const bool due = interrupted_at_ || (options_.on_safe_point && wall_.now() - saved_ > kSave);
    if (!due) return open();
    collecting_ = true;
    tell_all({ControlKind::kCollect, {}, {}});
  }

  void save_if_all_have_told() {
    if (!collecting_ || !all([](auto& w) { return w.state.has_value(); })) return;
    collecting_ = false;
    saved_ = wall_.now();
    if (options_.on_safe_point) options_.on_safe_point(gather());
    for (auto& worker : workers_) worker->state.reset();
    if (interrupted_at_) return interrupt();
    open();
  }

  void open() {
    TimePoint latest = fabric_.decided_until();
    for (auto& worker : workers_) latest = std::max(latest, *worker->arrived);
    for (auto& worker : workers_) {
      worker->arrived.reset();
      worker->passed.reset();
    }
    holding_ = false;
    tell_all({ControlKind::kOpen, set_clock(latest), {}});
  }

  // Asks all to stop at one point, soon.
  void hold() {
    if (holding_ || collecting_) return;
    holding_ = true;
    tell_all({ControlKind::kHold, {}, {}});
  }
  void set_target() {
    if (!holding_ || !all([](auto& w) { return w.passed.has_value(); })) return;
    std::int64_t furthest = 0;
    for (auto& worker : workers_) furthest = std::max(furthest, *worker->passed);
    tell_all({ControlKind::kTarget, {{"point", furthest + 1}}, {}});
  }

  WorldSnapshot gather() {
    WorldSnapshot whole;
    for (auto& worker : workers_) {
      auto [node, state] = unpack_node(*worker->state);
      whole.time = std::max(whole.time, node.time);
      whole.samples.push_back(std::move(node.samples.at(0)));
      whole.nodes.push_back(node.nodes.at(0));
      whole.states.push_back(std::move(state));
    }
    const auto links = fabric_.link_statistics();
    whole.links.assign(links.begin(), links.end());
    if (options_.resume != nullptr)
      for (std::size_t l = 0; l < whole.links.size(); ++l)
        whole.links[l] += options_.resume->links[l];
    return whole;
  }

  // Endings.

  void finish() {
    result_.end = gather();
    result_.end.states.clear();
    EmulationReport& report = result_.report;
    report.transport = options_.emulation.transport;
    report.dilation = options_.emulation.dilation;
    report.latest_start = fabric_.latest_start();
    report.turned_away = hub_.turned_away();
    for (auto& worker : workers_) worker->add_to(report, result_.results);
    done_.set();
  }

  void fail(ExitCode code, const std::string& sentence) {
    if (error_ || done_.is_set()) return;
    code_ = static_cast<int>(code);
    sentence_ = sentence;
    error_ = std::make_exception_ptr(Error(code, sentence));
    done_.set();
  }
  void interrupt() {
    if (error_ || done_.is_set()) return;
    code_ = static_cast<int>(ExitCode::kInterrupted);
    sentence_ = "interrupted";
    error_ = std::make_exception_ptr(Interrupted());
    done_.set();
  }

  // Looking after the workers.

  Task<> look_after() {
    for (TimePoint beat = kStart;;) {
      co_await SleepUntil(wall_, wall_.now() + kTick);
      if (done_.is_set()) continue;
      if (wall_.now() >= beat) {
        beat = wall_.now() + kBeat;
        for (std::uint32_t r = 0; r < size_; ++r)
          if (!workers_[r]->control.empty()) tell(Rank{r}, {ControlKind::kBeat, {}, {}});
      }
      for (std::uint32_t r = 0; r < size_; ++r) look_at(Rank{r}, *workers_[r]);
      if (running_) look_at_all();
      if (options_.interrupt != nullptr && *options_.interrupt) look_at_interrupt();
    }
  }

  void look_at(Rank rank, WorkerRecord& worker) {
    if (worker.finished) return;
    if (worker.process->has_ended()) {
      // What it said before is heard first.
      if (!worker.ended_at) worker.ended_at = wall_.now();
      if (wall_.now() - *worker.ended_at < 2 * kTick) return;
      const std::string said = worker.process->last_line();
      return fail(ExitCode::kPeerFailed,
                  fmt::format("{} {}{}{}", name_of(rank), worker.process->how_it_ended(),
                              worker.last_seen(), said.empty() ? "" : ": " + said));
    }
    if (!worker.ready && wall_.now() - kStart > Duration(options_.rendezvous)) {
      return fail(ExitCode::kPeerFailed, fmt::format("{} was not ready within {} s", name_of(rank),
                                                     options_.rendezvous.count()));
    }
    if (worker.control.empty()) return;
    const Duration silence = wall_.now() - worker.heard;
    if (options_.emulation.on_loss == OnLoss::kStop && silence > options_.emulation.timeout) {
      worker.process->kill();  // or the run's end would wait for it
      fail(ExitCode::kPeerFailed,
           fmt::format("{} has not answered for {}{}", name_of(rank),
                       format(options_.emulation.timeout), worker.last_seen()));
    }
  }

  void look_at_all() {
    std::int64_t gradients = 0;
    for (auto& worker : workers_) gradients += worker->gradients;
    if (options_.on_gradients) options_.on_gradients(gradients);
    if (accusation_ && wall_.now() - accusation_->at > kExplained)
      return fail(ExitCode::kPeerFailed, accusation_->sentence);
    open_if_all_stand();
    if (options_.on_safe_point && wall_.now() - saved_ > kSave) hold();
    const bool stuck = fabric_.under_way() == 0 && !collecting_ &&
                       all([](auto& w) { return w.finished || w.stuck_beats >= kStuckBeats; }) &&
                       !all([](auto& w) { return w.arrived.has_value(); });
    if (stuck) report_deadlock();
  }

  void report_deadlock() {
    std::string sentence = "nothing can go on: ";
    if (!lost_message_.empty()) sentence = lost_message_ + ", and nothing can go on without it: ";
    std::vector<std::string> waits;
    for (std::uint32_t r = 0; r < size_ && waits.size() < 4; ++r)
      if (!workers_[r]->waits_for.empty())
        waits.push_back(fmt::format("rank {} waits for {}", r, workers_[r]->waits_for.front()));
    fail(lost_message_.empty() ? ExitCode::kFailed : ExitCode::kPeerFailed,
         fmt::format("{}{}", sentence, fmt::join(waits, ", ")));
  }

  // Saves where all can stop together, if that comes soon.
  void look_at_interrupt() {
    if (!interrupted_at_) {
      interrupted_at_ = wall_.now();
      if (!running_ || !options_.on_safe_point) return interrupt();
      hold();
    }
    if (wall_.now() - *interrupted_at_ > kSaveAtEnd) interrupt();
  }

  // A node that another can't reach. Where its process has ended, look_at() knows more of it.
  void accuse(const std::string& sentence) {
    if (!accusation_) accusation_ = Accusation{sentence, wall_.now()};
  }

  std::string name_of(Rank rank) const {
    const Place& place = topology_.places()[rank.index()];
    return fmt::format("rank {} (machine {}, process {})", rank.value, place.machine,
                       workers_[rank.index()]->process->pid());
  }
  template <class Holds>
  bool all(const Holds& holds) const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [&](const auto& worker) { return holds(*worker); });
  }
  void tell(Rank rank, const ControlMessage& message) {
    control_->send(rank, kControlTag, pack(message));
  }
  void tell_all(const ControlMessage& message) {
    for (std::uint32_t r = 0; r < size_; ++r) tell(Rank{r}, message);
  }

  const Topology& topology_;
  const CoordinatorOptions& options_;
  std::uint32_t size_;
  Security security_;
  PrivateFolder folder_;
  std::chrono::steady_clock::time_point origin_;
  RealTime real_time_;
  Scheduler wall_;
  ZmqHub hub_;
  EmulatedClock clock_;
  Fabric fabric_;
  std::unique_ptr<ProcessTransport> control_;
  std::vector<std::string> endpoints_;
  std::vector<std::unique_ptr<WorkerRecord>> workers_;  // by rank
  bool running_ = false, holding_ = false, collecting_ = false;
  TimePoint saved_ = kStart;
  std::optional<TimePoint> interrupted_at_;
  struct Accusation {
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
  return Coordinator(topology, options).run();
}

}  // namespace understudy
