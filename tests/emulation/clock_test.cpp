// The scenario's clock on the wall's, and how late messages were.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/emulation/lateness.hpp"
#include "sim/time/emulated_clock.hpp"
#include "sim/time/scheduler.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

TEST(EmulatedClock, IsTheWallsSlowedDown) {
  Scheduler wall;
  EmulatedClock clock(wall, 10);
  clock.set(kStart + 3s, kStart + 5s);
  EXPECT_EQ(clock.at(kStart + 5s), kStart + 3s);
  EXPECT_EQ(clock.at(kStart + 25s), kStart + 5s);  // 20 s at a tenth of the speed
  EXPECT_EQ(clock.wall_of(kStart + 5s), kStart + 25s);
  EXPECT_EQ(clock.at(kStart), kStart + 3s);  // not yet set going
  EXPECT_EQ(clock.wall_of(kNever), kNever);
  EXPECT_EQ(clock.on_wall(2s), Duration(20s));
  EXPECT_EQ(clock.in_scenario(20s), Duration(2s));
}

TEST(EmulatedClock, StandsStillWhileHeldBack) {
  Scheduler wall;
  EmulatedClock clock(wall, 1);
  clock.set(kStart, kStart + 1s);
  clock.hold_back(4s);
  EXPECT_EQ(clock.at(kStart + 6s), kStart + 1s);
}

TEST(LatenessHistogram, QuantilesAreRightToATwelfth) {
  LatenessHistogram histogram;
  for (int us = 1; us <= 1000; ++us) histogram.add(std::chrono::microseconds{us});
  for (const double q : {0.1, 0.5, 0.9, 0.99}) {
    const double got = to_seconds(histogram.quantile(q)), exact = q * 1e-3;
    EXPECT_GE(got, exact * 0.999);
    EXPECT_LE(got, exact * 1.0906);  // 2^(1/8) = 1.0905
  }
  EXPECT_EQ(histogram.largest(), Duration(1ms));
  EXPECT_EQ(histogram.total(), Duration(500'500us));
  EXPECT_EQ(histogram.quantile(1), Duration(1ms));
}

TEST(LatenessHistogram, AddsUpAndComesBackFromJson) {
  LatenessHistogram a, b;
  a.add(1ms);
  b.add(-5ms);  // early counts as in time
  a += b;
  EXPECT_EQ(a.count(), 2);
  EXPECT_EQ(a.quantile(0.5), Duration(0));
  EXPECT_EQ(to_json(parse_lateness(to_json(a))), to_json(a));
  EXPECT_EQ(LatenessHistogram().quantile(0.5), Duration(0));
}

}  // namespace
}  // namespace understudy
