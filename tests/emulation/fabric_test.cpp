// The fabric decides the times that the model gives from the times at which messages were sent.
#include "sim/emulation/fabric.hpp"

#include <gtest/gtest.h>

#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"
#include "sim/network/make_network.hpp"
#include "topologies/make_topology.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

struct World {
  explicit World(double dilation)
      : topology(make_topology(MeshConfig{.nodes = 2, .bandwidth = {8e6}, .latency = 10ms})),
        clock(wall, dilation),
        fabric(wall, clock, topology, make_network_model(QueuedConfig{}, topology),
               [this](const Fabric::Arrival& a) {
                 arrivals.push_back(a);
                 decided_at.push_back(wall.now());
               }) {
    wall.set_source(&fabric);
  }
  void run_until(TimePoint wall_time) {
    const auto task = spawn(wall, sleep(wall_time));
    wall.run();
  }
  Task<> sleep(TimePoint until) { co_await SleepUntil(wall, until); }

  Topology topology;
  Scheduler wall;
  EmulatedClock clock;
  Fabric fabric;
  std::vector<Fabric::Arrival> arrivals;
  std::vector<TimePoint> decided_at;
};

// 1 MB over 1 MB/s and 10 ms take 1.01 s from when it was sent, though that is heard of later.
TEST(Fabric, CountsFromWhenAMessageWasSent) {
  World world(1);
  world.clock.set(kStart, kStart);
  world.run_until(kStart + 500us);
  world.fabric.set_out(7, Rank{0}, Rank{1}, Bytes{1'000'000}, kStart + 100us);
  world.run_until(kStart + 2s);
  ASSERT_EQ(world.arrivals.size(), 1u);
  EXPECT_EQ(world.arrivals[0].number, 7u);
  EXPECT_EQ(world.arrivals[0].when, kStart + 100us + 1010ms);
  EXPECT_EQ(world.decided_at[0], kStart + 100us + 1010ms - Fabric::kLead);
  EXPECT_EQ(world.fabric.under_way(), 0u);
}

// At a tenth of the speed the decision falls ten times later on the wall's clock.
TEST(Fabric, KeepsToADilatedClock) {
  World world(10);
  world.clock.set(kStart, kStart + 1s);
  world.fabric.set_out(1, Rank{0}, Rank{1}, Bytes{0}, kStart);
  world.run_until(kStart + 2s);
  ASSERT_EQ(world.arrivals.size(), 1u);
  EXPECT_EQ(world.arrivals[0].when, kStart + 10ms);
  EXPECT_EQ(world.decided_at[0], kStart + 1s + 100ms - Fabric::kLead);
}

TEST(Fabric, TellsWhatWasHeardOfTooLate) {
  World world(1);
  world.clock.set(kStart, kStart);
  world.fabric.set_out(1, Rank{0}, Rank{1}, Bytes{0}, kStart + 5ms);
  world.fabric.set_out(2, Rank{1}, Rank{0}, Bytes{0}, kStart + 2ms);
  world.run_until(kStart + 1s);
  ASSERT_EQ(world.arrivals.size(), 2u);
  EXPECT_EQ(world.arrivals[1].when, kStart + 15ms);
  EXPECT_EQ(world.fabric.latest_start(), Duration(3ms));
}

TEST(Fabric, ForgetsWhoIsGone) {
  World world(1);
  world.clock.set(kStart, kStart);
  world.fabric.set_out(1, Rank{0}, Rank{1}, Bytes{0}, kStart);
  world.fabric.lose(Rank{1});
  world.run_until(kStart + 1s);
  EXPECT_TRUE(world.arrivals.empty());
  EXPECT_EQ(world.fabric.under_way(), 0u);
}

}  // namespace
}  // namespace understudy
