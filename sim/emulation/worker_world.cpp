#include "sim/emulation/worker_world.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "runtime/base/log.hpp"
#include "sim/emulation/receiver_gate.hpp"
#include "sim/emulation/wall_device.hpp"
#include "sim/emulation/wall_loop.hpp"
#include "sim/emulation/worker_gate.hpp"
#include "sim/emulation/worker_process.hpp"
#include "sim/world/sample_recorder.hpp"
#include "sim/world/world_json.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Duration kBeat = 200ms;
constexpr Duration kFarewell = 2s;

// Where the last heard of the node was.
class LastActivity final : public Tracer {
 public:
  void stream_is_about(Rank, std::uint32_t, Activity activity) override {
    activity_ = std::move(activity);
  }
  Json json() const {
    Json j = Json::object();
    if (!activity_.collective.empty()) j["collective"] = activity_.collective;
    if (activity_.step) j["step"] = *activity_.step;
    return j;
  }

 private:
  Activity activity_;
};

// By way of the coordinator.
class CoordinatorLine final : public OutOfBand {
 public:
  using Say = std::function<void(const ControlMessage&)>;
  CoordinatorLine(EmulatedClock& clock, Say say) : clock_(clock), say_(std::move(say)) {}

  void tell(Rank to, std::string what) override {
    say_({ControlKind::kTell, {{"to", to.value}}, std::move(what)});
  }
  void listen(Listener& listener) override {
    listener_ = &listener;
    for (const auto& [from, what] : std::exchange(early_, {})) listener.heard(from, what);
  }
  Task<> wait(Event& event) override {
    const TimePoint begin = clock_.now();
    co_await event;
    clock_.hold_back(clock_.on_wall(clock_.now() - begin));
  }

  void hear(Rank from, std::string what) {
    if (listener_ == nullptr) return early_.emplace_back(from, std::move(what)), void();
    listener_->heard(from, what);
  }
  void lose(Rank rank) {
    if (listener_ != nullptr) listener_->lost(rank);
  }

 private:
  EmulatedClock& clock_;
  Say say_;
  Listener* listener_ = nullptr;
  std::vector<std::pair<Rank, std::string>> early_;
};

std::chrono::steady_clock::time_point origin_of(const WorkerSettings& settings) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(settings.origin_ns));
}

// Gives this thread a core of its own, of those that its process may use, where they are enough for all
// nodes of the host.
void keep_to_core(std::uint32_t seat, std::uint32_t seats, bool is_asked_for) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::vector<unsigned> cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &allowed)) cores.push_back(core);
  if (cores.size() < seats) {
    if (seat == 0 && is_asked_for)
      spdlog::warn("--pin: {} ranks of this host have {} cores, and so none is kept to one", seats,
                   cores.size());
    return;
  }
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(cores[seat * cores.size() / seats], &own);
  sched_setaffinity(0, sizeof own, &own);  // a machine that does not allow it goes on without
}

}  // namespace

class WorkerWorld::Impl {
 public:
  Impl(const WorkerSettings& settings, const WorkerParts& parts)
      : settings_(settings),
        coordinator_(Rank{settings.nodes}),
        interrupt_(parts.interrupt),
        leave_(parts.leave),
        loop_(settings.security, origin_of(settings)),
        clock_(loop_.wall, settings.dilation),
        inbox_(loop_.real_time),
        control_(make_process_transport(loop_.wall, loop_.real_time, &loop_.hub, line_options())),
        gate_(
            clock_, loop_.real_time, settings.rank,
            [this](const auto& messages) {
              say({ControlKind::kAnnounce, {}, to_blob(messages)});
            },
            [this] { return loop_.real_time.read(); }),
        data_(make_process_transport(loop_.wall, loop_.real_time, &loop_.hub,
                                     reporting_data_options())),
        safe_points_([this] { arrive(); }),
        pool_(1),
        device_(clock_, inbox_, pool_, {parts.profile, parts.cost, parts.factor, !parts.own_time}),
        library_(make_library(parts)),
        recorder_(clock_, false),
        out_of_band_(clock_, [this](const ControlMessage& message) { say(message); }),
        node_(NodeParts{.info = parts.info,
                        .seed = parts.seed,
                        .executor = clock_,
                        .transport = *data_,
                        .device = device_,
                        .recorder = recorder_,
                        .safe_points = safe_points_,
                        .tracer = &activity_,
                        .sends_filler = true,
                        .out_of_band = &out_of_band_,
                        .library = library_.get()}) {
    loop_.keep_exact();
    std::vector<std::string> endpoints(settings.nodes + 1);
    endpoints.back() = settings.coordinator;
    control_->set_peers(std::move(endpoints));
    if (parts.pins)
      pool_.submit([seat = settings.seat, seats = settings.seats, real = settings.real] {
        keep_to_core(seat, seats, real);
      });
  }

  void run(const WorkerProgram& program) {
    try {
      const auto main = spawn(loop_.wall, live(program));
      loop_.wall.run();
    } catch (const Stopped&) {
      throw;
    } catch (const CoordinatorLost&) {
      throw;
    } catch (const std::exception& problem) {
      say_farewell(problem);
      throw;
    }
  }

 private:
  // The coordinator has ended the run.
  class Stopped final : public Error {
   public:
    using Error::Error;
  };
  ProcessTransportOptions line_options() {
    ProcessTransportOptions options = control_options(settings_, settings_.rank);
    options.on_peer_failure = [this](Rank, const std::string& sentence) { lose(sentence); };
    return options;
  }
  ProcessTransportOptions reporting_data_options() {
    ProcessTransportOptions options = data_options(settings_);
    if (!settings_.real && !settings_.kernel_links) options.gate = &gate_;
    options.on_peer_failure = [this](Rank peer, const std::string& sentence) {
      say({ControlKind::kPeerGone, {{"rank", peer.value}, {"sentence", sentence}}, {}});
    };
    return options;
  }
  std::unique_ptr<LibraryLine> make_library(const WorkerParts& parts) {
    if (!parts.library) return nullptr;
    LibraryLineOptions options = *parts.library;
    options.explained = settings_.timeout + kFarewell;
    options.hangs = [this] { leave(); };
    return std::make_unique<LibraryLine>(loop_.wall, inbox_, *data_, parts.make_library,
                                         std::move(options));
  }
  // What failed here is told first, and left with the next time.
  void leave() {
    const std::exception_ptr why = loop_.wall.error();
    if (!why) return;
    try {
      std::rethrow_exception(why);
    } catch (const Stopped&) {
    } catch (const CoordinatorLost&) {
    } catch (const std::exception& problem) {
      if (!std::exchange(has_told_, true)) return say_failed(problem);
    }
    leave_(why);
  }
  void lose(const std::string& sentence) {
    loop_.wall.fail(std::make_exception_ptr(CoordinatorLost(
        fmt::format("the coordinator of the run is gone: {}", sentence), settings_.folder)));
  }
  void say(const ControlMessage& message) {
    control_->send(coordinator_, kControlTag, pack(message));
  }

  Task<> live(const WorkerProgram& program) {
    heard_ = loop_.wall.now();  // starting may have taken longer than silence is borne
    std::vector<Spawned<>> services;
    services.push_back(spawn(loop_.wall, listen()));
    services.push_back(spawn(loop_.wall, show_life(program)));
    Json hello = {
        {"pid", getpid()}, {"data", data_->endpoint()}, {"control", control_->endpoint()}};
    say({ControlKind::kHello, std::move(hello), {}});
    co_await welcome_;
    co_await on_pool(program.prepare);
    if (library_) co_await library_->connect();
    say({ControlKind::kReady, {}, {}});
    co_await start_;
    auto main = spawn(clock_, program.run(node_));
    co_await main.join();
    const TimePoint end = clock_.now();
    co_await data_->drain();
    finish(program, end);
    co_await end_;
    for (auto& service : services) service.cancel();
    for (auto& service : services) co_await service.ended();
    co_await control_->drain();
  }

  // Runs it beside the loop.
  Task<> on_pool(std::function<void()> body) {
    Event ended;
    std::exception_ptr error;
    pool_.submit([&] {
      try {
        body();
      } catch (...) {
        error = std::current_exception();
      }
      inbox_.post([&ended] { ended.set(); });
    });
    co_await ended.shielded();
    if (error) std::rethrow_exception(error);
  }

  Task<> listen() {
    for (;;) {
      auto message = co_await Receive(*control_, loop_.wall, coordinator_, kControlTag);
      heard_ = loop_.wall.now();
      hear(unpack_control(message->payload));
    }
  }

  void hear(const ControlMessage& message) {
    if (message.kind != ControlKind::kBeat) ++messages_heard_;
    switch (message.kind) {
      case ControlKind::kWelcome:
        data_->set_peers(message.body.at("endpoints").get<std::vector<std::string>>());
        return welcome_.set();
      case ControlKind::kSetOff:
        return start(message);
      case ControlKind::kDelivery:
        for (const DeliveryNotice& notice : notices_in(message.blob)) gate_.decide(notice);
        return;
      case ControlKind::kHold:
        return say({ControlKind::kHolds, {{"passed", safe_points_.hold()}}, {}});
      case ControlKind::kTarget:
        return safe_points_.set_target(message.body.at("point").get<std::int64_t>());
      case ControlKind::kCollect:
        return say({ControlKind::kState, {}, snapshot(clock_.now(), safe_points_.state())});
      case ControlKind::kOpen:
        set_clock(message);
        return safe_points_.open();
      case ControlKind::kTold:
        return out_of_band_.hear(rank_in(message, "from"), message.blob);
      case ControlKind::kLost:
        return lose_peer(rank_in(message, "rank"));
      case ControlKind::kEnd:
        return end_.set();
      case ControlKind::kStop:
        throw Stopped(static_cast<ExitCode>(message.body.at("code").get<int>()),
                      message.body.at("sentence").get<std::string>());
      default:
        return;
    }
  }

  static Rank rank_in(const ControlMessage& message, const char* key) {
    return Rank{message.body.at(key).get<std::uint32_t>()};
  }
  void lose_peer(Rank peer) {
    gate_.lose(peer);
    data_->lose(peer);
    out_of_band_.lose(peer);
  }

  void start(const ControlMessage& message) {
    set_clock(message);
    if (!message.blob.empty()) restore(message.blob);
    // What made ready for the run is no part of it.
    sent_before_.bytes_sent -= bytes(data_->counters().bytes_sent);
    sent_before_.messages -= bytes(data_->counters().messages_sent);
    gate_.start();
    start_.set();
  }
  void set_clock(const ControlMessage& message) {
    const TimePoint scenario(Duration(message.body.at("scenario").get<std::int64_t>()));
    // Hosts have clocks of their own.
    const TimePoint at = settings_.real
                             ? loop_.real_time.read()
                             : TimePoint(Duration(message.body.at("wall").get<std::int64_t>()));
    clock_.set(scenario, at);
  }

  // A snapshot of this node: its records as JSON, then its state.
  std::string snapshot(TimePoint time, const std::string& state) {
    WorldSnapshot s;
    s.time = time;
    s.samples.push_back(recorder_.samples);
    s.nodes.push_back({device_.busy(), node_.meter().total(), node_.meter().exposed(),
                       sent_before_.bytes_sent + bytes(data_->counters().bytes_sent),
                       sent_before_.messages + bytes(data_->counters().messages_sent),
                       node_.meter().by_kind()});
    return pack_node(s, state);
  }
  static std::int64_t bytes(std::uint64_t n) { return static_cast<std::int64_t>(n); }
  void restore(const std::string& blob) {
    auto [s, state] = unpack_node(blob);
    recorder_.samples = std::move(s.samples.at(0));
    sent_before_ = s.nodes.at(0);
    device_.restore(sent_before_.busy);
    node_.meter().restore(sent_before_.communication, sent_before_.exposed, sent_before_.exchanges);
    safe_points_.restore(std::move(state));
  }

  void arrive() {
    say({ControlKind::kArrival, {{"time", clock_.now().time_since_epoch().count()}}, {}});
  }

  void finish(const WorkerProgram& program, TimePoint end) {
    Json body = {{"result", program.result()},
                 {"lateness", to_json(gate_.lateness())},
                 {"overruns", device_.overruns().count},
                 {"overrun_ps", device_.overruns().total.count()},
                 {"turned_away", loop_.hub.turned_away()},
                 {"refused", data_->counters().refused() + control_->counters().refused()}};
    say({ControlKind::kFinished, std::move(body), snapshot(end, "")});
  }

  Task<> show_life(const WorkerProgram& program) {
    for (;;) {
      const auto waits = clock_.stuck();
      const bool stuck = !waits.empty() && gate_.is_idle() && !device_.is_busy();
      Json body = {{"activity", activity_.json()},
                   {"gradients", program.gradients ? program.gradients() : 0},
                   {"messages", data_->counters().messages_sent},
                   {"received", data_->counters().messages_received},
                   {"heard", messages_heard_}};
      if (stuck) body["stuck"] = waits;
      say({ControlKind::kHeartbeat, std::move(body), {}});
      if (interrupt_ != nullptr && *interrupt_) say({ControlKind::kAskedToStop, {}, {}});
      look_at_coordinator();
      co_await SleepUntil(loop_.wall, loop_.wall.now() + kBeat);
    }
  }

  WorkerPhase phase() const {
    if (start_.is_set()) return WorkerPhase::kRunning;
    return settings_.real || welcome_.is_set() ? WorkerPhase::kLoading : WorkerPhase::kStarting;
  }

  void look_at_coordinator() {
    const bool is_child = settings_.parent != 0;
    if (is_child && getppid() != settings_.parent) return lose("its process has ended");
    const Duration silence = loop_.wall.now() - heard_;
    if (silence <= settings_.timeout) return;
    const bool stopped = is_child && is_stopped(settings_.parent);
    if (stopped || silence > patience_of(settings_, phase()))
      lose(fmt::format("it has not been heard of for {:.1f} s", to_seconds(silence)));
  }

  void say_failed(const std::exception& problem) {
    const auto* const ours = dynamic_cast<const Error*>(&problem);
    const ExitCode code = ours != nullptr ? ours->exit_code() : ExitCode::kFailed;
    say({ControlKind::kFailed,
         {{"sentence", problem.what()}, {"code", static_cast<int>(code)}},
         {}});
  }
  // The tasks have ended; the line may still stand.
  void say_farewell(const std::exception& problem) {
    say_failed(problem);
    struct Alarm final : Timer {
      explicit Alarm(Scheduler& s) : wall(s) { wall.start(*this, wall.now() + kFarewell); }
      ~Alarm() { wall.cancel(*this); }
      void fire() override { wall.fail(std::make_exception_ptr(RunError("nobody answers"))); }
      Scheduler& wall;
    } alarm(loop_.wall);
    try {
      const auto main = spawn(loop_.wall, control_->drain());
      loop_.wall.run();
    } catch (const std::exception&) {
      // What went wrong before is what counts.
    }
  }

  WorkerSettings settings_;
  Rank coordinator_;
  const std::atomic<bool>* interrupt_;
  std::function<void(std::exception_ptr)> leave_;
  bool has_told_ = false;
  WallLoop loop_;
  EmulatedClock clock_;
  Inbox inbox_;
  std::unique_ptr<ProcessTransport> control_;
  ReceiverGate gate_;
  std::unique_ptr<ProcessTransport> data_;
  WorkerGate safe_points_;
  LastActivity activity_;
  ComputePool pool_;
  WallDevice device_;
  std::unique_ptr<LibraryLine> library_;  // null: its collectives are ours
  SampleRecorder recorder_;
  CoordinatorLine out_of_band_;
  Node node_;
  NodeStatistics sent_before_;  // by the run that this one goes on with
  TimePoint heard_ = kStart;
  std::int64_t messages_heard_ = 0;
  Event welcome_, start_, end_;
};

WorkerWorld::WorkerWorld(const WorkerSettings& settings, const WorkerParts& parts)
    : impl_(std::make_unique<Impl>(settings, parts)) {}
WorkerWorld::~WorkerWorld() = default;
void WorkerWorld::run(const WorkerProgram& program) { impl_->run(program); }

}  // namespace understudy
