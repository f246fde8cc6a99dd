#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/board/emulated.hpp"

namespace understudy {
namespace {

using ::testing::StartsWith;

struct Expected {
  int mode;
  CrashKind kind;
  const char* symbol;  // how the symbol begins
};
class Crashes : public testing::TestWithParam<Expected> {};
INSTANTIATE_TEST_SUITE_P(Kinds, Crashes,
                         testing::Values(Expected{0, CrashKind::kBadOpcode, "execute_data"},
                                         Expected{1, CrashKind::kOutsideOfFlash, ""},
                                         Expected{2, CrashKind::kOutsideOfMemory, "read_nowhere"},
                                         Expected{3, CrashKind::kOutsideOfMemory,
                                                  "write_nowhere+0x2"},
                                         Expected{4, CrashKind::kAsleep, "sleep_for_ever"},
                                         Expected{5, CrashKind::kStackIntoData, "recurse+0x"},
                                         Expected{6, CrashKind::kAsleep, "__stop_program"}));

TEST_P(Crashes, AreToldApart) {
  Probe probe("crash_probe", {.mode = GetParam().mode});
  probe->run_until(kStart + milliseconds(100));
  ASSERT_TRUE(probe->crashed());
  const Crash crash = *probe->crashed();
  EXPECT_EQ(crash.kind, GetParam().kind);
  EXPECT_THAT(crash.symbol, StartsWith(GetParam().symbol));
  EXPECT_LT(crash.cycle, 100'000U);

  // At the same cycle, whatever the calls.
  Probe again("crash_probe", {.mode = GetParam().mode});
  while (!again->crashed()) again->run_until(again->now() + microseconds(3));
  EXPECT_EQ(again->crashed()->cycle, crash.cycle);
  EXPECT_THAT(crash.sentence(), StartsWith(std::string(describe(crash.kind))));
}

TEST_P(Crashes, EndWithAReset) {
  Probe probe("crash_probe", {.mode = GetParam().mode});
  probe->run_until(kStart + milliseconds(100));
  ASSERT_TRUE(probe->crashed());
  const Crash first = *probe->crashed();
  EXPECT_EQ(probe->cycles(), 1'600'000U);  // the clock goes on
  probe->reset(kStart + milliseconds(200));
  EXPECT_FALSE(probe->crashed());
  probe->run_until(kStart + milliseconds(300));
  ASSERT_TRUE(probe->crashed());
  EXPECT_EQ(probe->crashed()->pc, first.pc);
  const std::uint64_t later = probe->crashed()->cycle - 3'200'000;
  EXPECT_LE(later, 100'000U);
}

// The stack pointer's bytes are written one after the other; between the two it may point anywhere.
TEST(EmulatedCrash, DeepCallsAreNone) {
  Probe probe("crash_probe", {.mode = 7});
  probe->run_until(kStart + seconds(1));
  EXPECT_FALSE(probe->crashed());
}

}  // namespace
}  // namespace understudy
