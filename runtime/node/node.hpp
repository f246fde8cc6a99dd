// A node: one participant (a rank, a client, a server) as its own code sees it. Everything that
// differs between virtual time, wall clock and hardware is behind the references that it holds.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/ids.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "runtime/board/board.hpp"
#include "runtime/node/communication.hpp"
#include "runtime/node/device.hpp"
#include "runtime/node/library_collectives.hpp"
#include "runtime/node/local_nodes.hpp"
#include "runtime/node/out_of_band.hpp"
#include "runtime/node/recorder.hpp"
#include "runtime/node/safe_points.hpp"
#include "runtime/node/tracer.hpp"
#include "runtime/transport/transport.hpp"

namespace understudy {

struct NodeInfo {
  Rank rank;
  int world = 1;  // nodes, servers included
  int machine = 0;
  int local_rank = 0;
  bool serves = false;  // a dedicated server
};

struct NodeParts {
  NodeInfo info;
  std::uint64_t seed = 0;
  bool dry = false;  // bodies are skipped and payloads are only sizes
  Executor& executor;
  Transport& transport;
  Device& device;
  Recorder& recorder;
  SafePoints& safe_points;
  Tracer* tracer = nullptr;               // of a run that is traced
  Board* board = nullptr;                 // of a node that has one
  bool sends_filler = false;              // what nobody reads travels nonetheless, byte for byte
  OutOfBand* out_of_band = nullptr;       // of a node that has a process of its own
  LocalNodes* local_nodes = nullptr;      // where all nodes share a process
  LibraryCollectives* library = nullptr;  // of a node that takes part in a library's collectives
};

class Node {
 public:
  explicit Node(const NodeParts& parts) : parts_(parts) {}

  const NodeInfo& info() const { return parts_.info; }
  Rank rank() const { return parts_.info.rank; }
  bool dry() const { return parts_.dry; }
  TimePoint now() const { return parts_.executor.now(); }

  // A payload whose contents nobody will read.
  Payload filler(std::size_t bytes) const {
    return parts_.sends_filler ? Payload::of_zeros(bytes) : Payload::dry(bytes);
  }
  bool sends_filler() const { return parts_.sends_filler; }
  void send(Rank to, Tag tag, Payload payload) {
    parts_.transport.send(to, tag, std::move(payload));
  }
  // Waits as Receive says.
  Receive receive(std::optional<Rank> from, Tag tag, TimePoint deadline = kNever) {
    return {parts_.transport, parts_.executor, from, tag, deadline};
  }
  std::size_t piece_bytes() const { return parts_.transport.piece_bytes(); }
  // The run goes on without it.
  bool is_lost(Rank rank) const { return parts_.transport.is_lost(rank); }
  // nullptr: all nodes share this process.
  OutOfBand* out_of_band() const { return parts_.out_of_band; }
  // nullptr: this node has a process of its own.
  LocalNodes* local_nodes() const { return parts_.local_nodes; }
  // nullptr: its collectives are ours.
  LibraryCollectives* library() const { return parts_.library; }
  SleepUntil sleep_until(TimePoint when) { return {parts_.executor, when}; }
  template <class T>
  Spawned<T> spawn(Task<T> task) {
    return understudy::spawn(parts_.executor, std::move(task));
  }

  // nullptr: it has none.
  Board* board() const { return parts_.board; }
  Executor& executor() const { return parts_.executor; }

  ComputePlan plan(const Cost& cost) const { return parts_.device.plan(cost); }
  // The body is skipped in a dry run.
  Compute compute(const ComputePlan& plan, ComputeBody body, Marks* marks = nullptr,
                  Stream stream = Stream::kCompute) {
    if (parts_.dry) body = nullptr;
    return {parts_.device, plan, std::move(body), marks, stream};
  }
  // Runs the body without charging it: evaluation is the testbed's instrument, not part of the
  // scenario.
  Compute observe(ComputeBody body) {
    static const ComputePlan nothing;
    if (parts_.dry) body = nullptr;
    return {parts_.device, nothing, std::move(body), Compute::kObservation};
  }

  RandomStream random(Purpose purpose, std::uint32_t round = 0, std::uint32_t step = 0) const {
    return RandomStream({parts_.seed, rank().value, purpose, round, step});
  }
  // Draws that all nodes share.
  RandomStream shared_random(Purpose purpose, std::uint32_t round = 0) const {
    return RandomStream({parts_.seed, UINT32_MAX, purpose, round, 0});
  }
  void record(std::string_view name, double value, const Position& position = {},
              MetricKind kind = MetricKind::kTraining) {
    parts_.recorder.record(name, value, position, kind);
  }
  // For the trace, where there is one: says what messages of the stream are about. `activity` makes
  // the Activity.
  template <class MakeActivity>
  void describe_stream(std::uint32_t stream, const MakeActivity& activity) const {
    if (parts_.tracer != nullptr) parts_.tracer->stream_is_about(rank(), stream, activity());
  }
  // `if (node.stops(...)) co_await node.safe_point(...)`.
  bool stops(Stop stop) { return parts_.safe_points.stops(rank(), stop); }
  Task<> safe_point(std::function<std::string()> state) {
    return parts_.safe_points.reach(rank(), std::move(state));
  }
  std::optional<std::string> restored() const { return parts_.safe_points.restored(rank()); }
  CommunicationMeter& meter() { return meter_; }

 private:
  NodeParts parts_;
  CommunicationMeter meter_;
};

}  // namespace understudy
