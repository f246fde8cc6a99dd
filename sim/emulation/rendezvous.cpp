#include "sim/emulation/rendezvous.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/base/log.hpp"
#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "runtime/base/text.hpp"
#include "runtime/launch/addresses.hpp"
#include "runtime/transport/local_socket.hpp"
#include "runtime/transport/process_transport.hpp"
#include "sim/emulation/wall_loop.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Tag kTag{0, 0};
constexpr std::uint64_t kRendezvousRun = 0x72656e64657a7673;  // no run's number
constexpr std::uint32_t kMostRanks = 4096;
constexpr Duration kFarewell = 2s;
constexpr int kLookAgain_ms = 20;

// Where processes of the same user learn the secret.
std::string door_of(std::uint16_t port) { return fmt::format("@understudy-rendezvous-{}", port); }

Payload payload_of(const std::string& text) {
  Payload payload = Payload::of_size(text.size());
  std::memcpy(payload.writable().data(), text.data(), text.size());
  return payload;
}
std::string text_of(const Payload& payload) {
  return {reinterpret_cast<const char*>(payload.bytes().data()), payload.size()};
}

std::string introduction(const Participant& p, const std::string& endpoint) {
  return Json{{"rank", p.rank.value},   {"world", p.world},
              {"host", p.host},         {"host_identity", p.host_identity},
              {"process", p.process},   {"hash", p.hash},
              {"scenario", p.scenario}, {"endpoint", endpoint},
              {"problem", p.problem},   {"code", static_cast<int>(p.code)}}
      .dump();
}

struct Introduction {
  Participant who;
  std::string endpoint;
};
// Throws nlohmann's exceptions.
Introduction parse_introduction(const std::string& text) {
  const Json j = Json::parse(text);
  Introduction all;
  all.who.rank = Rank{j.at("rank").get<std::uint32_t>()};
  all.who.world = j.at("world").get<std::uint32_t>();
  all.who.host = j.at("host").get<std::string>();
  all.who.host_identity = j.at("host_identity").get<std::string>();
  all.who.process = j.at("process").get<int>();
  all.who.hash = j.at("hash").get<std::string>();
  all.who.scenario = j.at("scenario").get<std::string>();
  all.who.problem = j.at("problem").get<std::string>();
  all.who.code = static_cast<ExitCode>(j.at("code").get<int>());
  all.endpoint = j.at("endpoint").get<std::string>();
  return all;
}

// "; the first difference is 'seed: 2' there and 'seed: 1' here".
std::string first_difference(const std::string& there, const std::string& here) {
  std::istringstream theirs(there), ours(here);
  for (std::string a, b; theirs || ours;) {
    if (!std::getline(theirs, a)) a.clear();
    if (!std::getline(ours, b)) b.clear();
    if (a == b) continue;
    const auto shown = [](const std::string& line) {
      const std::string_view text = trim(line);
      return text.empty() ? std::string_view("nothing") : text;
    };
    return fmt::format("; the first difference is '{}' there and '{}' here", shown(a), shown(b));
  }
  return "; a file that it names differs";
}

bool is_loopback(const std::string& ipv4) { return is_local("tcp://" + ipv4 + ":0"); }

// Nothing: on loopback, a secret of the run.
std::optional<Security> security_by_keys(const RendezvousOptions& options,
                                         const std::string& ipv4) {
  if (!options.keys.empty()) {
    Security security;
    security.kind = Security::Kind::kCurve;
    security.keys = read_run_keys(options.keys);
    return security;
  }
  if (is_loopback(ipv4)) return std::nullopt;
  throw ScenarioError(fmt::format(
      "{}{} can be reached from other machines, so the run needs keys: 'understudy keys --out DIR' "
      "makes them, and every rank gets --keys DIR/run.keys",
      options.interface.empty() ? options.host : options.interface,
      options.interface.empty() || options.interface == ipv4 ? "" : fmt::format(" ({})", ipv4)));
}

bool is_interrupted(const RendezvousOptions& options) {
  return options.interrupt != nullptr && options.interrupt->load();
}

std::chrono::steady_clock::time_point latest_of(const RendezvousOptions& options) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::nanoseconds>(options.wait);
}

// Where hosts start together, names and ways may be known a little later.
template <class Look>
std::string once_known(const RendezvousOptions& options, const Look& look) {
  const auto latest = latest_of(options);
  for (bool said = false;; said = true) {
    try {
      return look();
    } catch (const TransportError& problem) {
      if (std::chrono::steady_clock::now() >= latest) throw;
      if (!said)
        spdlog::warn("{}; it is looked for again for {}", problem.what(), format(options.wait));
    }
    if (is_interrupted(options)) throw Interrupted();
    ::poll(nullptr, 0, 10 * kLookAgain_ms);
  }
}
std::string address_of_host(const RendezvousOptions& options) {
  return once_known(options, [&] { return ipv4_of(options.host); });
}

// What a host calls itself in its own /etc/hosts may be no address for others; empty: it is one.
std::string caution(const RendezvousOptions& options, const std::string& address) {
  const bool is_meant = options.host == "localhost" || options.host.starts_with("127.");
  if (!options.interface.empty() || is_meant || !is_loopback(address)) return "";
  return fmt::format(
      "{} is {} on rank 0's host, where no other host reaches it: --interface says by which "
      "interface they do",
      options.host, address);
}

ProcessTransportOptions line_options(Rank self, const std::string& address,
                                     const Security& security) {
  ProcessTransportOptions o;
  o.kind = TransportKind::kTcp;
  o.rank = self;
  o.world = kMostRanks;
  o.run_id = kRendezvousRun;
  o.bind = address;
  o.security = security;
  return o;
}

void run(WallLoop& loop, Task<> task) {
  const auto main = spawn(loop.wall, std::move(task));
  loop.wall.run();
}

// No longer than a farewell takes: who is gone does not hold up the others.
Task<> let_go(WallLoop& loop, ProcessTransport& line) {
  auto drained = spawn(loop.wall, line.drain());
  const TimePoint latest = checked_add(loop.real_time.read(), kFarewell);
  while (!drained.done() && loop.wall.now() < latest)
    co_await SleepUntil(loop.wall, loop.wall.now() + 1ms);
  drained.cancel();
  co_await drained.ended();
}

}  // namespace

std::string Participant::name() const {
  return fmt::format("rank {} (process {} on {})", rank.value, process, host);
}

class RendezvousHost::Impl {
 public:
  Impl(const RendezvousOptions& options, Participant self)
      : options_(options),
        self_(std::move(self)),
        address_(options.interface.empty() ? address_of_host(options)
                                           : address_of_interface(options.interface)),
        caution_(caution(options, address_)),
        guests_(self_.world) {
    if (self_.world > kMostRanks)
      throw ScenarioError(
          fmt::format("{} ranks are more than the {} that can meet", self_.world, kMostRanks));
    if (!caution_.empty()) spdlog::warn(caution_);
    const auto given = security_by_keys(options, address_);
    security_ = given ? *given : with_new_secret();
    loop_ = std::make_unique<WallLoop>(security_);
    loop_->wall.set_interrupt(options.interrupt);
    listen(!given);
  }
  ~Impl() {
    if (door_) loop_->real_time.ignore(door_.get(), FileEvent::kReadable);
  }

  void gather() { run(*loop_, wait_for_all()); }

  void hand_out(const std::vector<std::string>& settings) {
    for (std::uint32_t r = 1; r < self_.world; ++r)
      line_->send(Rank{r}, kTag, payload_of(Json{{"settings", settings[r]}}.dump()));
    run(*loop_, let_go(*loop_, *line_));
    for (auto& guest : guests_) guest.reset();
  }

  void end(ExitCode code, const std::string& sentence) {
    loop_->wall.set_interrupt(nullptr);
    try {
      run(*loop_,
          say_goodbye(Json{{"code", static_cast<int>(code)}, {"sentence", sentence}}.dump()));
    } catch (const std::exception&) {
      // They will find out.
    }
  }

  const RendezvousOptions options_;
  Participant self_;
  std::string address_, caution_;
  Security security_;
  std::vector<std::optional<Participant>> guests_;  // that are here, by rank

 private:
  void listen(bool with_secret) {
    ProcessTransportOptions o = line_options(Rank{0}, address_, security_);
    o.port = options_.port;
    o.on_peer_failure = [](Rank, const std::string&) {};  // the coordinator looks after them
    try {
      line_ = make_process_transport(loop_->wall, loop_->real_time, &loop_->hub, std::move(o));
      if (with_secret) door_ = listen_at(door_of(options_.port));
    } catch (const TransportError& problem) {
      throw TransportError(
          fmt::format("rank 0 can't meet the others at {}:{}, as it {}; --master (or MASTER_ADDR "
                      "and MASTER_PORT) says where else, --interface on which of its addresses",
                      options_.host, options_.port, problem.what()));
    }
    if (!door_) return;
    loop_->real_time.watch(door_.get(), FileEvent::kReadable, [this] {
      while (const auto visitor = accept_from(door_)) {
        const std::string text = to_text(security_);
        send_packet(*visitor, std::as_bytes(std::span(text)));
      }
    });
  }

  TimePoint from_now(Duration d) const { return checked_add(loop_->real_time.read(), d); }

  bool all_here() const {
    return std::all_of(guests_.begin() + 1, guests_.end(), [](const auto& g) { return !!g; });
  }

  Task<> wait_for_all() {
    const TimePoint deadline = from_now(options_.wait);
    while (!all_here()) {
      const auto message = co_await Receive(*line_, loop_->wall, std::nullopt, kTag, deadline);
      if (!message) throw TransportError(who_is_missing());
      take(*message);
      check(*guests_[message->from.index()]);
    }
  }

  void take(const Message& message) {
    Introduction all;
    try {
      all = parse_introduction(text_of(message.payload));
    } catch (const Json::exception&) {
      throw TransportError(fmt::format("rank {} introduces itself as this version does not know",
                                       message.from.value));
    }
    endpoints_[message.from.index()] = all.endpoint;
    line_->set_peers(endpoints_);
    if (message.from.value >= self_.world) refuse_world(all.who);
    guests_[message.from.index()] = std::move(all.who);
  }

  [[noreturn]] void refuse_world(const Participant& guest) const {
    throw ScenarioError(fmt::format("{} is of a world of {} ranks, and rank 0 of one of {}",
                                    guest.name(), guest.world, self_.world));
  }
  void check(const Participant& guest) const {
    if (!guest.problem.empty())
      throw Error(guest.code, fmt::format("{}: {}", guest.name(), guest.problem));
    if (guest.world != self_.world) refuse_world(guest);
    if (guest.hash != self_.hash)
      throw ScenarioError(fmt::format("{} has another scenario than {}: {} there and {} here{}",
                                      guest.name(), self_.name(), guest.hash, self_.hash,
                                      first_difference(guest.scenario, self_.scenario)));
  }

  std::string who_is_missing() const {
    constexpr std::size_t kMostNamed = 8;
    std::vector<std::string> missing;
    std::size_t here = 1;
    for (std::uint32_t r = 1; r < self_.world; ++r) {
      if (guests_[r]) ++here;
      if (!guests_[r] && missing.size() < kMostNamed) missing.push_back(std::to_string(r));
    }
    return fmt::format("rank {} did not come to {}:{} within {}{}; {} of {} ranks are here{}{}",
                       fmt::join(missing, ", "), options_.host, options_.port,
                       format(options_.wait), options_.keys.empty() ? "" : ", or has other keys",
                       here, self_.world, caution_.empty() ? "" : "; ", caution_);
  }

  Task<> say_goodbye(std::string farewell) {
    const TimePoint latest = from_now(kFarewell);
    std::vector<bool> told(self_.world, false);
    for (;;) {
      bool all = true;
      for (std::uint32_t r = 1; r < self_.world; ++r) {
        if (guests_[r] && !told[r]) line_->send(Rank{r}, kTag, payload_of(farewell));
        told[r] = told[r] || guests_[r];
        all = all && told[r];
      }
      if (all) break;
      const auto message = co_await Receive(*line_, loop_->wall, std::nullopt, kTag, latest);
      if (!message) break;
      if (message->from.value < self_.world) take(*message);
    }
    co_await let_go(*loop_, *line_);
  }

  std::unique_ptr<WallLoop> loop_;
  std::unique_ptr<ProcessTransport> line_;
  std::vector<std::string> endpoints_ = std::vector<std::string>(kMostRanks);
  OpenFile door_;
};

RendezvousHost::RendezvousHost(const RendezvousOptions& options, Participant self)
    : impl_(std::make_unique<Impl>(options, std::move(self))) {}
RendezvousHost::~RendezvousHost() = default;
void RendezvousHost::gather() { impl_->gather(); }
const Participant& RendezvousHost::guest(Rank rank) const { return *impl_->guests_[rank.index()]; }
std::vector<Rank> RendezvousHost::near(Rank rank) const {
  const auto host_of = [this](Rank r) -> const std::string& {
    return r.value == 0 ? impl_->self_.host_identity : guest(r).host_identity;
  };
  std::vector<Rank> near;
  for (std::uint32_t r = 0; r < impl_->self_.world; ++r)
    if (Rank{r} != rank && host_of(Rank{r}) == host_of(rank)) near.push_back(Rank{r});
  return near;
}
bool RendezvousHost::is_nearby(Rank rank) const {
  return rank.value == 0 || guest(rank).host_identity == impl_->self_.host_identity;
}
void RendezvousHost::hand_out(const std::vector<std::string>& settings) {
  impl_->hand_out(settings);
}
void RendezvousHost::end(ExitCode code, const std::string& sentence) { impl_->end(code, sentence); }
const Security& RendezvousHost::security() const { return impl_->security_; }
const std::string& RendezvousHost::address() const { return impl_->address_; }

class RendezvousGuest::Impl {
 public:
  Impl(const RendezvousOptions& options, Participant self)
      : options_(options), self_(std::move(self)) {
    std::string there = address_of_host(options);
    address_ = options.interface.empty()
                   ? once_known(options, [&] { return own_address_towards(there); })
                   : address_of_interface(options.interface);
    // On its own host a name may be a loopback address, but rank 0 listens on its interface.
    if (is_loopback(there) && !options.interface.empty()) there = address_;
    const auto given = security_by_keys(options, there);
    const Security security = given ? *given : learn_secret();
    loop_ = std::make_unique<WallLoop>(security);
    loop_->wall.set_interrupt(options.interrupt);
    ProcessTransportOptions o = line_options(self_.rank, address_, security);
    o.connect_timeout = options.wait;
    o.on_peer_failure = [this](Rank, const std::string& sentence) {
      const bool refused = sentence.find("turned") != sentence.npos;
      loop_->wall.fail(std::make_exception_ptr(TransportError(refused ? sentence : not_found())));
    };
    line_ = make_process_transport(loop_->wall, loop_->real_time, &loop_->hub, std::move(o));
    std::vector<std::string> peers(kMostRanks);
    peers.front() = fmt::format("tcp://{}:{}", there, options.port);
    line_->set_peers(std::move(peers));
  }

  std::optional<std::string> ask() {
    std::string answer;
    try {
      run(*loop_, ask_into(answer));
    } catch (const Interrupted& interrupted) {
      excuse(interrupted);
      throw;
    }
    const Json said = Json::parse(answer);
    if (said.contains("settings")) return said.at("settings").get<std::string>();
    const auto code = static_cast<ExitCode>(said.at("code").get<int>());
    if (code != ExitCode::kDone) throw Error(code, said.at("sentence").get<std::string>());
    return std::nullopt;
  }

  std::string address_;

 private:
  void excuse(const Error& problem) {
    loop_->wall.set_interrupt(nullptr);
    self_.problem = problem.what();
    self_.code = problem.exit_code();
    try {
      line_->send(Rank{0}, kTag, payload_of(introduction(self_, line_->endpoint())));
      run(*loop_, let_go(*loop_, *line_));
    } catch (const std::exception&) {
      // Rank 0 is gone, too.
    }
  }

  std::string not_found() const {
    return fmt::format("rank 0 was not found at {}:{} within {}{}", options_.host, options_.port,
                       format(options_.wait),
                       options_.keys.empty() ? "" : ", or it has other keys");
  }

  Security learn_secret() const {
    const auto latest = latest_of(options_);
    while (std::chrono::steady_clock::now() < latest) {
      if (is_interrupted(options_)) throw Interrupted();
      try {
        const OpenFile door = connect_to(door_of(options_.port));
        pollfd ready{door.get(), POLLIN, 0};
        Packet packet;
        // It is accepted once rank 0 waits for others, which it may do a little later.
        while (std::chrono::steady_clock::now() < latest && !is_interrupted(options_)) {
          if (::poll(&ready, 1, 10 * kLookAgain_ms) <= 0) continue;
          if (receive_packet(door, packet) != PacketState::kPacket) break;
          return parse_security(
              {reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size()});
        }
      } catch (const TransportError&) {
        // It is not there yet.
      }
      ::poll(nullptr, 0, kLookAgain_ms);
    }
    throw TransportError(not_found());
  }

  Task<> ask_into(std::string& answer) {
    line_->send(Rank{0}, kTag, payload_of(introduction(self_, line_->endpoint())));
    // Rank 0 may have come last, and waits as long for the others.
    const TimePoint latest = checked_add(loop_->real_time.read(), 2 * options_.wait + kFarewell);
    const auto message = co_await Receive(*line_, loop_->wall, Rank{0}, kTag, latest);
    if (!message)
      throw TransportError(fmt::format("rank 0 at {}:{} has said nothing for {}", options_.host,
                                       options_.port, format(2 * options_.wait + kFarewell)));
    answer = text_of(message->payload);
  }

  const RendezvousOptions options_;
  Participant self_;
  std::unique_ptr<WallLoop> loop_;
  std::unique_ptr<ProcessTransport> line_;
};

RendezvousGuest::RendezvousGuest(const RendezvousOptions& options, Participant self)
    : impl_(std::make_unique<Impl>(options, std::move(self))) {}
RendezvousGuest::~RendezvousGuest() = default;
std::optional<std::string> RendezvousGuest::ask() { return impl_->ask(); }
const std::string& RendezvousGuest::address() const { return impl_->address_; }

}  // namespace understudy
