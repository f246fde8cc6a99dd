// Runs one program on all ranks over a transport: in a virtual world, or each rank on a thread of
// its own, as if it were a process, over tcp, ipc, shared memory, or what suits the machines.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/node/node.hpp"
#include "runtime/transport/process_transport.hpp"
#include "runtime/transport/zmq_hub.hpp"
#include "sim/time/scheduler.hpp"
#include "sim/world/virtual_world.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {

using Program = std::function<Task<>(Node&)>;
using TransportUnderTest = std::optional<TransportKind>;  // nullopt: virtual

inline std::string name_of(TransportUnderTest kind) { return kind ? name(*kind) : "virtual"; }

// Computes in no time, in place.
class InstantDevice final : public Device {
 public:
  ComputePlan plan(const Cost&) const override { return {}; }
  void start(ComputeOperation& operation) override {
    if (operation.body) operation.body();
    if (operation.marks != nullptr) operation.marks->set_all();
    operation.complete();
  }
};
class NoRecorder final : public Recorder {
 public:
  void record(std::string_view, double, const Position&, MetricKind) override {}
};
class NoSafePoints final : public SafePoints {
 public:
  Task<> reach(Rank, std::function<std::string()>) override { co_return; }
  std::optional<std::string> restored(Rank) const override { return std::nullopt; }
};

// Ends a run that has gone wrong: nobody waits for the others for ever.
class Watchdog final : Timer {
 public:
  explicit Watchdog(Scheduler& scheduler) : scheduler_(scheduler) {
    scheduler_.start(*this, kStart + std::chrono::seconds{60});
  }
  ~Watchdog() { scheduler_.cancel(*this); }

 private:
  void fire() override {
    scheduler_.fail(std::make_exception_ptr(RunError("nothing has happened for a minute")));
  }
  Scheduler& scheduler_;
};

// One rank's event loop.
struct Loop {
  explicit Loop(const Security& security) : hub(clock, security) { scheduler.hold_to(&clock); }
  RealTime clock;
  Scheduler scheduler;
  ZmqHub hub;
};

// What the threads of one run share: where everybody listens.
class Meeting {
 public:
  explicit Meeting(std::size_t ranks) : endpoints_(ranks), missing_(ranks) {}
  // Waits for all; empty where one of them could not come.
  std::vector<std::string> arrive(std::size_t rank, const std::string& endpoint) {
    std::unique_lock lock(mutex_);
    endpoints_[rank] = endpoint;
    if (--missing_ == 0) all_here_.notify_all();
    all_here_.wait(lock, [this] { return missing_ == 0; });
    return endpoints_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  std::vector<std::string> endpoints_;
  std::size_t missing_;
};

using Adjust = std::function<void(ProcessTransportOptions&)>;
using MakeLibrary =
    std::function<std::unique_ptr<LibraryCollectives>(Rank, Loop&, ProcessTransport&)>;

class ProcessRun {
 public:
  ProcessRun(TransportKind kind, std::size_t ranks, Adjust adjust = {})
      : kind_(kind), ranks_(ranks), adjust_(std::move(adjust)), meeting_(ranks) {}
  // Of each node; before run().
  void give_library(MakeLibrary make) { make_library_ = std::move(make); }

  void run(const Program& program) {
    std::vector<std::thread> threads;
    for (std::size_t rank = 0; rank < ranks_; ++rank)
      threads.emplace_back([this, rank, &program] { run_rank(rank, program); });
    for (auto& thread : threads) thread.join();
    for (const std::string& error : errors_) ADD_FAILURE() << error;
  }
  const TransportCounters& counters(std::size_t rank) const { return counters_[rank]; }

 private:
  ProcessTransportOptions options(std::size_t rank) {
    ProcessTransportOptions o;
    o.kind = kind_;
    o.rank = Rank{rank};
    o.world = static_cast<std::uint32_t>(ranks_);
    o.run_id = 42;
    o.bind = uses_tcp(kind_) ? "127.0.0.1" : folder_.path();
    o.shared_bind = folder_.path();
    // Machines of two ranks.
    const std::size_t neighbour = rank ^ 1;
    if (neighbour < ranks_) o.near = {Rank{neighbour}};
    o.shared_bytes = std::size_t{1} << 30;
    if (adjust_) adjust_(o);
    return o;
  }

  void run_rank(std::size_t rank, const Program& program) {
    try {
      Loop loop(security_);
      loop.scheduler.set_interrupt(&failed_);
      const Watchdog watchdog(loop.scheduler);
      const auto transport =
          make_process_transport(loop.scheduler, loop.clock, &loop.hub, options(rank));
      transport->set_peers(meeting_.arrive(rank, transport->endpoint()));
      InstantDevice device;
      NoRecorder recorder;
      NoSafePoints safe_points;
      NodeInfo info;
      info.rank = Rank{rank};
      info.world = static_cast<int>(ranks_);
      const auto library = make_library_ ? make_library_(Rank{rank}, loop, *transport) : nullptr;
      Node node({.info = info,
                 .executor = loop.scheduler,
                 .transport = *transport,
                 .device = device,
                 .recorder = recorder,
                 .safe_points = safe_points,
                 .library = library.get()});
      const auto main = spawn(loop.scheduler, until_drained(program(node), *transport));
      loop.scheduler.run();
      counters_[rank] = transport->counters();
    } catch (const Interrupted&) {
    } catch (const std::exception& problem) {
      const std::lock_guard lock(mutex_);
      errors_.push_back("rank " + std::to_string(rank) + ": " + problem.what());
      failed_ = true;
    }
  }
  static Task<> until_drained(Task<> program, ProcessTransport& transport) {
    co_await program;
    co_await transport.drain();
  }

  TransportKind kind_;
  std::size_t ranks_;
  Adjust adjust_;
  MakeLibrary make_library_;
  PrivateFolder folder_;
  Security security_ = with_new_secret();
  Meeting meeting_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::vector<std::string> errors_;
  std::vector<TransportCounters> counters_{ranks_};
};

inline void run_everywhere(TransportUnderTest kind, std::size_t ranks, const Program& program,
                           const Adjust& adjust = {}) {
  if (kind) return ProcessRun(*kind, ranks, adjust).run(program);
  const Topology topology = make_topology(MeshConfig{.nodes = static_cast<int>(ranks)});
  VirtualWorld world(topology, WorldOptions{.network = FairShareConfig{}});
  world.run(program);
}

// A payload whose bytes follow from a seed, and whether one holds them.
inline Payload pattern(std::size_t size, std::uint32_t seed) {
  Payload payload = Payload::of_size(size);
  std::uint32_t state = seed * 2654435761u + 1;
  for (std::byte& b : payload.writable()) {
    state = state * 1664525u + 1013904223u;
    b = static_cast<std::byte>(state >> 24);
  }
  return payload;
}
inline bool holds_pattern(const Payload& payload, std::size_t size, std::uint32_t seed) {
  const Payload expected = pattern(size, seed);
  return payload.size() == size &&
         std::equal(payload.bytes().begin(), payload.bytes().end(), expected.bytes().begin());
}

}  // namespace understudy
