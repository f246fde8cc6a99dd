// The hardest users of the seam, in small: overlap of compute and communication, receiving from
// anyone with a deadline, cancellation, a cost that only running reveals, an asynchronous server, a
// board up to a horizon.
#include <gtest/gtest.h>

#include <cmath>

#include "sim/world/virtual_world.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// Three nodes, all linked at 8 Mbit/s (1 MB/s) and 10 ms.
Topology mesh(int nodes) {
  return make_topology(
      MeshConfig{.nodes = nodes, .bandwidth = Bandwidth{8e6}, .latency = 10ms, .device = "unit"});
}

// A device on which a flop takes a second.
WorldOptions options(ComputePool* pool = nullptr) {
  WorldOptions o;
  o.network = FairShareConfig{};
  o.devices.profiles["unit"] = DeviceProfile{.flops_per_s = 1};
  o.pool = pool;
  return o;
}

KernelCost kernel(double flops, std::optional<int> mark = {}) {
  KernelCost k;
  k.flops = flops;
  k.mark = mark;
  return k;
}

Task<> send_when_marked(Node& node, Event& ready, const int& value) {
  co_await ready;
  Payload p = Payload::of_size(1'000'000);
  p.writable()[0] = std::byte(value);
  node.send(Rank{1}, Tag{7, 0}, std::move(p));
}

TEST(NodeSeam, ExchangeOverlapsTheComputationThatFeedsIt) {
  // Three seconds of compute, a mark after the first: the message leaves at 1 s, and a second and
  // 10 ms later it has arrived, while its sender is still computing until 3 s.
  const Topology topology = mesh(2);
  ComputePool pool(2);
  VirtualWorld world(topology, options(&pool));
  TimePoint arrived, computed;
  int got = 0;
  auto program = [&](Node& node) -> Task<> {
    if (node.rank() == Rank{0}) {
      Marks marks(1);
      int value = 0;
      auto sender = node.spawn(send_when_marked(node, marks[0], value));
      const ComputePlan plan = node.plan({kernel(1, 0), kernel(2)});
      co_await node.compute(
          plan, [&value] { value = 5; }, &marks);
      computed = node.now();
      co_await sender.join();
    } else {
      auto message = co_await node.receive(Rank{0}, Tag{7, 0});
      got = static_cast<int>(message->payload.bytes()[0]);
      arrived = node.now();
    }
  };
  world.run(program);
  EXPECT_EQ(arrived, kStart + 2010ms);
  EXPECT_EQ(computed, kStart + 3s);
  EXPECT_EQ(got, 5);
}

TEST(NodeSeam, ReceivesFromAnyoneUntilADeadline) {
  const Topology topology = mesh(3);
  VirtualWorld world(topology, options());
  std::vector<unsigned> senders;
  TimePoint gave_up;
  auto program = [&](Node& node) -> Task<> {
    if (node.rank() != Rank{0}) {
      co_await node.sleep_until(kStart + node.rank().value * 1s);
      node.send(Rank{0}, Tag{1, 0}, Payload::dry(0));
      co_return;
    }
    const TimePoint deadline = kStart + 1500ms;
    for (;;) {
      auto message = co_await node.receive(std::nullopt, Tag{1, 0}, deadline);
      if (!message) break;
      senders.push_back(message->from.value);
    }
    gave_up = node.now();
  };
  world.run(program);
  EXPECT_EQ(senders, (std::vector{1u}));  // rank 2's message comes at 2.01 s
  EXPECT_EQ(gave_up, kStart + 1500ms);
}

TEST(NodeSeam, ACancelledReceiveLeavesItsMessageToOthers) {
  const Topology topology = mesh(2);
  VirtualWorld world(topology, options());
  bool got = false;
  auto program = [&](Node& node) -> Task<> {
    if (node.rank() == Rank{1}) {
      co_await node.sleep_until(kStart + 1s);
      node.send(Rank{0}, Tag{1, 0}, Payload::dry(0));
      co_return;
    }
    auto wait = [](Node& n) -> Task<> { co_await n.receive(Rank{1}, Tag{1, 0}); };
    auto waiter = node.spawn(wait(node));
    co_await node.sleep_until(kStart + 500ms);
    waiter.cancel();
    co_await waiter.ended();
    got = (co_await node.receive(Rank{1}, Tag{1, 0})).has_value();
  };
  world.run(program);
  EXPECT_TRUE(got);
}

TEST(NodeSeam, TimeWaitsForACostThatOnlyRunningReveals) {
  // The clock moves by the body's CPU time: more than nothing, and marks keep their share of it.
  const Topology topology = mesh(1);
  ComputePool pool(1);
  WorldOptions o = options(&pool);
  o.devices.cost = CostKind::kMeasured;
  o.devices.factor = 1000;
  VirtualWorld world(topology, o);
  TimePoint half, end;
  double sum = 0;
  auto program = [&](Node& node) -> Task<> {
    Marks marks(1);
    auto watch = [](Node& n, Event& mark, TimePoint& at) -> Task<> {
      co_await mark;
      at = n.now();
    };
    auto watcher = node.spawn(watch(node, marks[0], half));
    const ComputePlan plan = node.plan({kernel(1, 0), kernel(1)});
    co_await node.compute(
        plan,
        [&sum] {
          for (int i = 1; i < 1'000'000; ++i) sum += std::sqrt(i);
        },
        &marks);
    end = node.now();
    co_await watcher.join();
  };
  world.run(program);
  EXPECT_GT(end, kStart);
  EXPECT_NE(end, kStart + 2s);  // what was declared
  EXPECT_NEAR(to_seconds(half), to_seconds(end) / 2, 1e-9);
}

TEST(NodeSeam, AnAsynchronousServerMovesAQuadratic) {
  // f(x) = x^2 / 2, two workers with lr 1/2 that take 1 s and 3 s a gradient; 10 ms of latency, no
  // size. The server applies x -= g/2 as gradients arrive: worker 1 (x=8) at 1.01 -> 4, at 2.03 ->
  // 2, at 3.05 -> 1; worker 2's, of the first x = 8, at 3.01, before that third: 2 -> -2, and then
  // -2 - 2/2 = -3.
  const Topology topology = mesh(3);
  VirtualWorld world(topology, options());
  std::vector<std::pair<TimePoint, double>> path;
  auto pack = [](double x) {
    Values v{std::span(&x, 1)};
    Payload p = v.pack();
    return p;
  };
  auto program = [&](Node& node) -> Task<> {
    double x = 8;
    if (node.rank() == Rank{0}) {
      for (int i = 0; i < 4; ++i) {
        auto message = co_await node.receive(std::nullopt, Tag{1, 0});
        double g = 0;
        std::memcpy(&g, message->payload.bytes().data(), sizeof g);
        x -= g / 2;
        path.emplace_back(node.now(), x);
        node.send(message->from, Tag{2, 0}, pack(x));
      }
      co_return;
    }
    const ComputePlan plan = node.plan({kernel(node.rank() == Rank{1} ? 1 : 3)});
    for (;;) {
      co_await node.compute(plan, nullptr);
      node.send(Rank{0}, Tag{1, 0}, pack(x));
      auto message = co_await node.receive(Rank{0}, Tag{2, 0}, node.now() + 1s);
      if (!message) co_return;
      std::memcpy(&x, message->payload.bytes().data(), sizeof x);
    }
  };
  world.run(program);
  ASSERT_EQ(path.size(), 4u);
  EXPECT_EQ(path[0].second, 4);
  EXPECT_EQ(path[1].second, 2);
  EXPECT_EQ(path[2].second, -2);
  EXPECT_EQ(path[3].second, -3);
  EXPECT_NEAR(to_seconds(path[2].first), 3.01, 1e-4);
}

TEST(NodeSeam, ABoardRunsUpToAHorizonWithLookahead) {
  // A board runs a millisecond ahead on the pool; what it wrote at a time of its own leaves at that
  // time plus the adapter's latency, which is the lookahead and so never in the past.
  constexpr Duration lookahead = 1ms;
  const Topology topology = mesh(1);
  ComputePool pool(1);
  VirtualWorld world(topology, options(&pool));
  std::vector<TimePoint> seen;
  const auto send_at = [&seen](Node& node, TimePoint when) -> Task<> {
    co_await node.sleep_until(when);
    seen.push_back(node.now());
  };
  auto program = [&](Node& node) -> Task<> {
    std::vector<Spawned<>> sending;
    struct Board {
      Duration now{0};
      std::vector<Duration> written;
      void run_until(Duration horizon) {
        for (; now < horizon; now += 300us) written.push_back(now);
      }
    } board;
    ComputePlan slice;
    slice.total = lookahead;
    for (int i = 1; i <= 3; ++i) {
      const Duration horizon = i * lookahead;
      co_await node.compute(slice, [&board, horizon] { board.run_until(horizon); });
      for (const Duration at : std::exchange(board.written, {}))
        sending.push_back(node.spawn(send_at(node, kStart + at + lookahead)));
    }
    co_await when_all(std::move(sending));
  };
  world.run(program);
  ASSERT_EQ(seen.size(), 10u);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i], kStart + 300us * static_cast<int>(i) + lookahead);
  }
}

// Two of a kind from 1 to 4 and from 2 to 3, another from 6 to 7: 3 + 1 and 1 s, and 4 s with any.
TEST(NodeSeam, ExchangesAddUpByKind) {
  const auto at = [](int s) { return kStart + std::chrono::seconds(s); };
  CommunicationMeter meter;
  meter.begin(at(1), "ring");
  meter.begin(at(2), "ring");
  meter.end(at(3), "ring");
  meter.end(at(4), "ring");
  meter.begin(at(6));
  meter.end(at(7));
  EXPECT_EQ(meter.total(), 4s);
  ASSERT_EQ(meter.by_kind().size(), 2u);
  EXPECT_EQ(meter.by_kind().at("ring").calls, 2);
  EXPECT_EQ(meter.by_kind().at("ring").time, 4s);
  EXPECT_EQ(meter.by_kind().at("messages").calls, 1);
  EXPECT_EQ(meter.by_kind().at("messages").time, 1s);
  CommunicationMeter resumed;
  resumed.restore(meter.total(), meter.exposed(), meter.by_kind());
  resumed.begin(at(8), "ring");
  resumed.end(at(10), "ring");
  EXPECT_EQ(resumed.total(), 6s);
  EXPECT_EQ(resumed.by_kind().at("ring").calls, 3);
  EXPECT_EQ(resumed.by_kind().at("ring").time, 6s);
}

TEST(NodeSeam, NodesThatShareADeviceQueueForIt) {
  Topology topology;
  const VertexId v = topology.add_vertex({"machine0", VertexKind::kMachine});
  topology.place({v, 0, 0, "unit"});
  topology.place({v, 0, 1, "unit"});
  VirtualWorld world(topology, options());
  std::vector<TimePoint> ends(2);
  auto program = [&](Node& node) -> Task<> {
    const ComputePlan plan = node.plan({kernel(2)});
    co_await node.compute(plan, nullptr);
    ends[node.rank().index()] = node.now();
  };
  world.run(program);
  EXPECT_EQ(ends[0], kStart + 2s);
  EXPECT_EQ(ends[1], kStart + 4s);
}

TEST(NodeSeam, ASafePointWaitsForEveryoneAndForTheNetwork) {
  const Topology topology = mesh(2);
  WorldOptions o = options();
  std::vector<std::string> states;
  TimePoint when;
  o.on_safe_point = [&](const WorldSnapshot& s) {
    states = s.states;
    when = s.time;
  };
  VirtualWorld world(topology, o);
  auto program = [&](Node& node) -> Task<> {
    if (node.rank() == Rank{0}) node.send(Rank{1}, Tag{1, 0}, Payload::dry(1'000'000));
    if (node.rank() == Rank{1}) co_await node.receive(Rank{0}, Tag{1, 0});
    co_await node.safe_point([&node] { return std::to_string(node.rank().value); });
  };
  world.run(program);
  EXPECT_EQ(states, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(when, kStart + 1010ms);  // the message had to arrive first
}

}  // namespace
}  // namespace understudy
