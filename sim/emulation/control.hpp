// What the coordinator of an emulated run and its workers tell each other, over a transport of their
// own in which the coordinator is the rank after the last node. docs/protocol.md has the exchange.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "runtime/transport/process_transport.hpp"
#include "runtime/transport/security.hpp"
#include "runtime/transport/transport.hpp"
#include "sim/world/world_snapshot.hpp"

namespace understudy {

enum class ControlKind : std::uint32_t {
  // From a worker.
  kHello,        // where it listens, and what it is
  kReady,        // data and model are loaded
  kAnnounce,     // messages that have set out: Announcements
  kHeartbeat,    // it lives, and how far it is
  kHolds,        // it will not pass the point after this one
  kArrival,      // it stands at a safe point
  kState,        // what a checkpoint needs of it
  kPeerGone,     // it can't reach another
  kTell,         // something for another, beside the network
  kFinished,     // its program has ended: what came of it
  kFailed,       // it can't go on
  kAskedToStop,  // its launcher wants it to end
  // From the coordinator.
  kWelcome,   // where all listen
  kSetOff,    // when the clock starts, and from what state
  kDelivery,  // when messages arrive: DeliveryNotices
  kBeat,      // it lives
  kHold,      // pass one more point at most
  kTarget,    // the point at which all stop
  kCollect,   // send your state
  kOpen,      // the safe point opens: what time it is
  kTold,      // what another tells it
  kLost,      // the run goes on without a node
  kStop,      // the run ends here, and why
  kEnd,       // all have finished
};

struct ControlMessage {
  ControlKind kind = ControlKind::kHeartbeat;
  nlohmann::json body{};
  std::string blob{};
};

inline constexpr Tag kControlTag{0, 0};

Payload pack(const ControlMessage& message);
// Throws TransportError for what is none.
ControlMessage unpack_control(const Payload& payload);

// One message on its way. Times are the scenario's, in picoseconds.
struct Announcement {
  std::uint64_t number = 0;  // unique within the run
  std::uint64_t to = 0;
  std::int64_t bytes = 0;
  std::int64_t sent = 0;
};
struct DeliveryNotice {
  std::uint64_t number = 0;
  std::int64_t when = 0;
  std::uint64_t delivered = 1;  // 0: the network lost it
};

// Lists of either as blobs; reading throws TransportError for what is no whole number of them.
template <class Item>
std::string to_blob(const std::vector<Item>& items) {
  return std::string(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(Item));
}
std::vector<Announcement> announcements_in(const std::string& blob);
std::vector<DeliveryNotice> notices_in(const std::string& blob);

// One node at a safe point: its records and times, and its state.
std::string pack_node(const WorldSnapshot& node, const std::string& state);
std::pair<WorldSnapshot, std::string> unpack_node(
    const std::string& blob);  // throws TransportError

// What a worker must know before it can say hello. Handed over by an inherited descriptor, as it holds
// the run's secret, or at the rendezvous.
struct WorkerSettings {
  Rank rank;
  std::uint32_t nodes = 1;
  std::uint64_t run_id = 0;
  // Nothing is injected: messages are there when they are there, computations take what they take, and
  // each worker's clock starts when it is told to. Control messages go by tcp.
  bool real = false;
  // The kernel shapes the links that messages between nodes take, by tcp; control messages don't.
  bool kernel_links = false;
  TransportKind transport = TransportKind::kSharedMemory;
  std::string bind;  // as ProcessTransportOptions has it
  std::vector<Rank>
      near;            // the others of this node's host, or of its machine where that is emulated
  std::string folder;  // of the run's sockets; of a real run empty, as they have no files
  std::string coordinator;  // the endpoint of its control transport
  Security security;
  std::int64_t origin_ns = 0;  // of the steady clock: 0 on the wall's clock of all processes
  double dilation = 1;
  Duration timeout{std::chrono::seconds{5}};  // without a sign of life
  // Which of how many nodes this is that share its host's cores.
  std::uint32_t seat = 0, seats = 1;
  int parent = 0;  // the coordinator's process; 0: of a worker that it has not started
};
// starting: until the coordinator has met it. loading: until the clock starts.
enum class WorkerPhase { kStarting, kLoading, kRunning };
// How long silence is borne. While processes start and load, many on few cores, they may be silent for
// long without being lost.
Duration patience_of(const WorkerSettings& settings, WorkerPhase phase);
nlohmann::json to_json(const WorkerSettings& settings);
WorkerSettings parse_worker_settings(const nlohmann::json& json);

// What a worker's messages to others go by, but for who is told of failures.
ProcessTransportOptions data_options(const WorkerSettings& settings);
// One side's control transport: the options that both sides share.
ProcessTransportOptions control_options(const WorkerSettings& settings, Rank self);

}  // namespace understudy
