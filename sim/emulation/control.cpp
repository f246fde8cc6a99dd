#include "sim/emulation/control.hpp"

#include <fmt/format.h>

#include <cstring>

#include "runtime/base/errors.hpp"
#include "sim/world/world_json.hpp"

namespace understudy {
namespace {

struct Head {
  std::uint32_t kind = 0;
  std::uint32_t body = 0;  // bytes of JSON; the blob is the rest
};

template <class Item>
std::vector<Item> items_in(const std::string& blob) {
  if (blob.size() % sizeof(Item) != 0) throw TransportError("a control message is cut short");
  std::vector<Item> items(blob.size() / sizeof(Item));
  if (!items.empty()) std::memcpy(items.data(), blob.data(), blob.size());
  return items;
}

}  // namespace

Payload pack(const ControlMessage& message) {
  const std::string body = message.body.is_null() ? "" : message.body.dump();
  const Head head{static_cast<std::uint32_t>(message.kind),
                  static_cast<std::uint32_t>(body.size())};
  Payload payload = Payload::of_size(sizeof head + body.size() + message.blob.size());
  std::byte* to = payload.writable().data();
  std::memcpy(to, &head, sizeof head);
  std::memcpy(to + sizeof head, body.data(), body.size());
  std::memcpy(to + sizeof head + body.size(), message.blob.data(), message.blob.size());
  return payload;
}

ControlMessage unpack_control(const Payload& payload) {
  Head head;
  const auto bytes = payload.bytes();
  if (bytes.size() < sizeof head) throw TransportError("a control message is cut short");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.kind > static_cast<std::uint32_t>(ControlKind::kEnd) ||
      head.body > bytes.size() - sizeof head)
    throw TransportError("a control message is none that this version knows");
  const char* text = reinterpret_cast<const char*>(bytes.data()) + sizeof head;
  ControlMessage message;
  message.kind = static_cast<ControlKind>(head.kind);
  message.blob.assign(text + head.body, bytes.size() - sizeof head - head.body);
  if (head.body == 0) return message;
  try {
    message.body = nlohmann::json::parse(text, text + head.body);
  } catch (const nlohmann::json::exception&) {
    throw TransportError("a control message is none that this version knows");
  }
  return message;
}

std::vector<Announcement> announcements_in(const std::string& blob) {
  return items_in<Announcement>(blob);
}
std::vector<DeliveryNotice> notices_in(const std::string& blob) {
  return items_in<DeliveryNotice>(blob);
}

std::string pack_node(const WorldSnapshot& node, const std::string& state) {
  const std::string json = to_json(node).dump();
  const std::uint64_t size = json.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + json + state;
}

std::pair<WorldSnapshot, std::string> unpack_node(const std::string& blob) {
  std::uint64_t size = 0;
  if (blob.size() >= sizeof size) std::memcpy(&size, blob.data(), sizeof size);
  if (blob.size() < sizeof size || size > blob.size() - sizeof size)
    throw TransportError("a node's state is cut short");
  const char* json = blob.data() + sizeof size;
  try {
    return {parse_world(nlohmann::ordered_json::parse(json, json + size)),
            blob.substr(sizeof size + size)};
  } catch (const nlohmann::json::exception&) {
    throw TransportError("a node's state is none that this version knows");
  }
}

nlohmann::json to_json(const WorkerSettings& s) {
  std::vector<std::uint32_t> ranks;
  for (const Rank rank : s.near) ranks.push_back(rank.value);
  return {{"rank", s.rank.value},
          {"nodes", s.nodes},
          {"run_id", s.run_id},
          {"real", s.real},
          {"kernel_links", s.kernel_links},
          {"transport", static_cast<int>(s.transport)},
          {"bind", s.bind},
          {"folder", s.folder},
          {"coordinator", s.coordinator},
          {"security", to_text(s.security)},
          {"origin_ns", s.origin_ns},
          {"dilation", s.dilation},
          {"timeout_ps", s.timeout.count()},
          {"near", ranks},
          {"seat", s.seat},
          {"seats", s.seats},
          {"parent", s.parent}};
}

Duration patience_of(const WorkerSettings& settings, WorkerPhase phase) {
  constexpr Duration kStarting = std::chrono::seconds{60};
  if (phase == WorkerPhase::kRunning) return settings.timeout;
  // That a process on another host has ended shows by nothing else.
  if (phase == WorkerPhase::kLoading && settings.real) return 3 * settings.timeout;
  return std::max(settings.timeout, kStarting);
}

WorkerSettings parse_worker_settings(const nlohmann::json& j) {
  WorkerSettings s;
  s.rank = Rank{j.at("rank").get<std::uint32_t>()};
  s.nodes = j.at("nodes").get<std::uint32_t>();
  s.run_id = j.at("run_id").get<std::uint64_t>();
  s.real = j.at("real").get<bool>();
  s.kernel_links = j.at("kernel_links").get<bool>();
  s.transport = static_cast<TransportKind>(j.at("transport").get<int>());
  s.bind = j.at("bind").get<std::string>();
  s.folder = j.at("folder").get<std::string>();
  s.coordinator = j.at("coordinator").get<std::string>();
  s.security = parse_security(j.at("security").get<std::string>());
  s.origin_ns = j.at("origin_ns").get<std::int64_t>();
  s.dilation = j.at("dilation").get<double>();
  s.timeout = Duration(j.at("timeout_ps").get<std::int64_t>());
  for (const std::uint32_t rank : j.at("near").get<std::vector<std::uint32_t>>())
    s.near.push_back(Rank{rank});
  s.seat = j.at("seat").get<std::uint32_t>();
  s.seats = j.at("seats").get<std::uint32_t>();
  s.parent = j.at("parent").get<int>();
  return s;
}

ProcessTransportOptions data_options(const WorkerSettings& settings) {
  const std::string folder = settings.real ? fmt::format("@understudy-{:016x}", settings.run_id)
                                           : settings.folder + "/data";
  ProcessTransportOptions options;
  options.kind = settings.kernel_links ? TransportKind::kTcp : settings.transport;
  options.rank = settings.rank;
  options.world = settings.nodes;
  options.run_id = settings.run_id;
  options.bind = uses_tcp(options.kind) ? settings.bind : folder;
  options.shared_bind = folder;
  options.near = settings.near;
  options.security = settings.security;
  if (settings.kernel_links) {
    options.piece_bytes = Transport::kWhole;
    options.chunk_bytes = std::size_t{64} << 10;  // the link is not to wait for their encryption
  }
  return options;
}

ProcessTransportOptions control_options(const WorkerSettings& settings, Rank self) {
  ProcessTransportOptions options;
  options.kind = settings.real ? TransportKind::kTcp : settings.transport;
  // All are on this host, whatever the machines or namespaces.
  if (settings.kernel_links || options.kind == TransportKind::kByMachine)
    options.kind = TransportKind::kSharedMemory;
  options.rank = self;
  options.world = settings.nodes + 1;
  options.run_id = settings.run_id + 1;  // so that neither takes the other's messages for its own
  options.bind = options.kind == TransportKind::kTcp ? settings.bind : settings.folder + "/control";
  options.security = settings.security;
  options.connect_timeout = patience_of(settings, WorkerPhase::kStarting);
  return options;
}

}  // namespace understudy
