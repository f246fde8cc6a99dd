#include "sim/network/agenda.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "runtime/base/random.hpp"

namespace understudy {
namespace {

using testing::UnorderedElementsAre;

TimePoint at(std::int64_t ps) { return kStart + Duration{ps}; }

TEST(Agenda, HandsOutAllOfTheEarliestInstant) {
  Agenda agenda;
  agenda.set(3, at(20));
  agenda.set(1, at(10));
  agenda.set(2, at(10));
  std::vector<std::uint32_t> due;
  EXPECT_EQ(agenda.next(), at(10));
  agenda.take_due(due);
  EXPECT_THAT(due, UnorderedElementsAre(1, 2));
  EXPECT_EQ(agenda.next(), at(20));
}

TEST(Agenda, MovesAndClearsAppointments) {
  Agenda agenda;
  agenda.set(0, at(10));
  agenda.set(1, at(20));
  agenda.set(0, at(30));
  EXPECT_EQ(agenda.next(), at(20));
  agenda.set(0, at(5));
  EXPECT_EQ(agenda.next(), at(5));
  agenda.clear(0);
  agenda.clear(0);
  agenda.set(1, kNever);
  agenda.clear(99);
  EXPECT_EQ(agenda.next(), kNever);
}

TEST(Agenda, AgreesWithAnOrderedMap) {
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  Agenda agenda;
  std::map<std::uint32_t, TimePoint> expected;
  for (int i = 0; i < 20'000; ++i) {
    const auto slot = static_cast<std::uint32_t>(random.below(200));
    switch (random.below(4)) {
      case 0:
        agenda.clear(slot);
        expected.erase(slot);
        break;
      case 1: {
        std::vector<std::uint32_t> due;
        agenda.take_due(due);
        for (const std::uint32_t taken : due) EXPECT_EQ(expected.erase(taken), 1u);
        break;
      }
      default:
        expected[slot] = at(static_cast<std::int64_t>(random.below(500)));
        agenda.set(slot, expected[slot]);
    }
    TimePoint earliest = kNever;
    for (const auto& [_, time] : expected) earliest = std::min(earliest, time);
    ASSERT_EQ(agenda.next(), earliest);
  }
}

}  // namespace
}  // namespace understudy
