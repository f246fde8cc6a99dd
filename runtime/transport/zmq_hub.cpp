#include "runtime/transport/zmq_hub.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr int kLinger_ms = 1000;
constexpr int kReconnect_ms = 5;
constexpr int kReconnectMost_ms = 500;
constexpr int kHandshake_ms = 10'000;
constexpr std::int64_t kLargestPart = std::int64_t{64} << 20;  // bytes
constexpr const char* kUser = "understudy";
constexpr const char* kDomain = "understudy";
constexpr const char* kDoorkeeperAddress = "inproc://zeromq.zap.01";  // as RFC 27 has it

bool has_input(zmq::socket_t& socket) {
  return (socket.get(zmq::sockopt::events) & ZMQ_POLLIN) != 0;
}

// Messages come and go, of the same sizes, all the time. Given back to the system and taken again,
// their memory would cost more than what is in it.
void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

// Takes equally long wherever they differ.
bool same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() != b.size() ? 1 : 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

// Sockets without a file are open to everybody on the machine.
bool needs_secret(const std::string& address) {
  return address.starts_with("tcp://") || address.starts_with("ipc://@");
}

void secure_server(zmq::socket_t& socket, const Security& security) {
  socket.set(zmq::sockopt::zap_domain, kDomain);
  if (security.kind == Security::Kind::kSecret) {
    socket.set(zmq::sockopt::plain_server, true);
  } else {
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey, security.keys.secret_key);
  }
}

void secure_client(zmq::socket_t& socket, const Security& security) {
  if (security.kind == Security::Kind::kSecret) {
    socket.set(zmq::sockopt::plain_username, kUser);
    socket.set(zmq::sockopt::plain_password, security.secret);
  } else {
    socket.set(zmq::sockopt::curve_serverkey, security.keys.public_key);
    socket.set(zmq::sockopt::curve_publickey, security.keys.public_key);
    socket.set(zmq::sockopt::curve_secretkey, security.keys.secret_key);
  }
}

std::string key_as_text(const zmq::message_t& key) {
  char text[41] = "";
  if (key.size() != 32) return "";
  return zmq_z85_encode(text, static_cast<const std::uint8_t*>(key.data()), key.size());
}

// Of RFC 27's parts: 5 is the mechanism, from 6 on come its credentials.
bool may_enter(const std::vector<zmq::message_t>& request, const Security& security) {
  if (request.size() < 7) return false;
  const auto mechanism = request[5].to_string_view();
  if (security.kind == Security::Kind::kSecret)
    return mechanism == "PLAIN" && request.size() == 8 && request[6].to_string_view() == kUser &&
           same(request[7].to_string_view(), security.secret);
  if (security.kind == Security::Kind::kCurve)
    return mechanism == "CURVE" && key_as_text(request[6]) == security.keys.public_key;
  return false;
}

std::vector<zmq::message_t> receive_parts(zmq::socket_t& socket) {
  std::vector<zmq::message_t> parts;
  do {
    parts.emplace_back();
    if (!socket.recv(parts.back(), zmq::recv_flags::dontwait)) return {};
  } while (parts.back().more());
  return parts;
}

}  // namespace

ZmqHub::ZmqHub(FileWatcher& watcher, Security security)
    : watcher_(watcher),
      security_(std::move(security)),
      doorkeeper_(context_, zmq::socket_type::rep) {
  keep_freed_memory();
  doorkeeper_.set(zmq::sockopt::linger, 0);
  doorkeeper_.bind(kDoorkeeperAddress);
  watch(doorkeeper_, [this] { answer_doorkeeper(); });
  watcher_.poll(*this);
}

ZmqHub::~ZmqHub() {
  watcher_.forget(*this);
  ignore(doorkeeper_);
}

zmq::socket_t ZmqHub::make(zmq::socket_type type, const std::string& address) {
  check_security(address, security_);
  zmq::socket_t socket(context_, type);
  socket.set(zmq::sockopt::linger, kLinger_ms);
  socket.set(zmq::sockopt::sndhwm, 0);
  socket.set(zmq::sockopt::rcvhwm, 0);
  socket.set(zmq::sockopt::maxmsgsize, kLargestPart);
  socket.set(zmq::sockopt::reconnect_ivl, kReconnect_ms);
  socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMost_ms);
  socket.set(zmq::sockopt::handshake_ivl, kHandshake_ms);
  if (type == zmq::socket_type::router) socket.set(zmq::sockopt::router_mandatory, true);
  return socket;
}

zmq::socket_t ZmqHub::listen(zmq::socket_type type, const std::string& address) {
  zmq::socket_t socket = make(type, address);
  if (needs_secret(address)) secure_server(socket, security_);
  try {
    socket.bind(address);
  } catch (const zmq::error_t& problem) {
    throw TransportError(fmt::format("cannot listen on {}: {}", address, problem.what()));
  }
  return socket;
}

zmq::socket_t ZmqHub::connect(zmq::socket_type type, const std::string& address) {
  zmq::socket_t socket = make(type, address);
  if (needs_secret(address)) secure_client(socket, security_);
  try {
    socket.connect(address);
  } catch (const zmq::error_t& problem) {
    throw TransportError(fmt::format("cannot connect to {}: {}", address, problem.what()));
  }
  return socket;
}

// ZMQ_FD only says that ZMQ_EVENTS may have changed, and asking for those resets it; so does use of
// the socket. To ask takes a system call, so it is only done where something may have changed.
void ZmqHub::watch(zmq::socket_t& socket, std::function<void()> ready) {
  watcher_.watch(socket.get(zmq::sockopt::fd), FileEvent::kReadable,
                 [this, &socket] { note_use(socket); });
  watched_.push_back({&socket, std::make_shared<std::function<void()>>(std::move(ready))});
}

void ZmqHub::ignore(zmq::socket_t& socket) {
  watcher_.ignore(socket.get(zmq::sockopt::fd), FileEvent::kReadable);
  std::erase_if(watched_, [&](const Watched& w) { return w.socket == &socket; });
}

void ZmqHub::note_use(const zmq::socket_t& socket) {
  for (Watched& w : watched_)
    if (w.socket == &socket) w.unsure = true;
}

bool ZmqHub::ready() {
  return std::any_of(watched_.begin(), watched_.end(),
                     [](Watched& w) { return w.unsure && (w.unsure = has_input(*w.socket)); });
}

bool ZmqHub::before_sleep() {
  for (Watched& w : watched_) w.unsure = true;
  return ready();
}

// A call may watch and ignore; whoever is passed over by that is asked next time.
void ZmqHub::dispatch() {
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    Watched& w = watched_[i];
    if (!w.unsure || !(w.unsure = has_input(*w.socket))) continue;
    const auto call = w.ready;
    (*call)();
  }
}

// One thread, so a reply always finds its request.
void ZmqHub::answer_doorkeeper() {
  const auto request = receive_parts(doorkeeper_);
  if (request.size() < 2) return;
  const bool welcome = may_enter(request, security_);
  if (!welcome) ++turned_away_;
  const std::string id = request[1].to_string();
  const auto more = zmq::send_flags::sndmore | zmq::send_flags::dontwait;
  for (const std::string_view part :
       {std::string_view("1.0"), std::string_view(id), std::string_view(welcome ? "200" : "400"),
        std::string_view(welcome ? "OK" : "Unknown"), std::string_view(welcome ? kUser : "")})
    doorkeeper_.send(zmq::buffer(part), more);
  doorkeeper_.send(zmq::message_t(), zmq::send_flags::dontwait);
}

std::string last_endpoint(zmq::socket_t& socket) { return socket.get(zmq::sockopt::last_endpoint); }

}  // namespace understudy
