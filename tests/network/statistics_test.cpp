#include <gtest/gtest.h>

#include <chrono>

#include "tests/network/traffic.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

LinkStatistics of_link(Traffic& t, std::size_t link) { return t.network().statistics()[link]; }

// Two messages of a second each on one link of 100 ms, both from the start.
Traffic two_messages(const NetworkConfig& config) {
  Traffic t(config, path({{Bandwidth{kMegabytePerSecond}, 100ms}}));
  t.start(0, 1, kMegabyte);
  t.start(0, 1, kMegabyte);
  return t;
}

TEST(Statistics, CountBytesAndMessagesAlikeInEveryModel) {
  for (const NetworkConfig& config : {NetworkConfig{IdealConfig{}}, NetworkConfig{QueuedConfig{}},
                                      NetworkConfig{FairShareConfig{}}}) {
    Traffic t = two_messages(config);
    t.start(0, 1, 0);
    t.run_to_the_end();
    EXPECT_EQ(of_link(t, 0).bytes, 2 * kMegabyte) << name_of(config);
    EXPECT_EQ(of_link(t, 0).messages, 3) << name_of(config);
    EXPECT_EQ(of_link(t, 1).messages, 0) << name_of(config);
    EXPECT_EQ(of_link(t, 1).busy, 0s) << name_of(config);
  }
}

TEST(Statistics, IdealNeverQueues) {
  Traffic t = two_messages(IdealConfig{});
  t.run_to_the_end();
  EXPECT_EQ(of_link(t, 0).busy, 1s);
  EXPECT_EQ(of_link(t, 0).queueing, 0s);
}

TEST(Statistics, QueuedCountsTheWait) {
  Traffic t = two_messages(QueuedConfig{});
  t.run_to_the_end();
  EXPECT_EQ(of_link(t, 0).busy, 2s);
  EXPECT_EQ(of_link(t, 0).queueing, 1s);  // the second one's
}

TEST(Statistics, FairShareCountsWhatSharingCosts) {
  Traffic t = two_messages(FairShareConfig{});
  t.run_to_the_end();
  EXPECT_EQ(of_link(t, 0).busy, 2s);
  EXPECT_EQ(of_link(t, 0).queueing, 2s);  // a second for each
}

TEST(Statistics, FairShareBooksTheWaitOnTheLinkThatHoldsUp) {
  // The flow over both links is held to 0.5 MB/s on the second, which it shares; the first is wide
  // and idle.
  Traffic t(FairShareConfig{}, path({{Bandwidth{10 * kMegabytePerSecond}, 0ms},
                                     {Bandwidth{kMegabytePerSecond}, 0ms}}));
  t.start(0, 2, kMegabyte);
  t.start(1, 2, kMegabyte);
  t.run_to_the_end();
  EXPECT_EQ(of_link(t, 0).busy, 2s);
  EXPECT_EQ(of_link(t, 0).queueing, 0s);
  EXPECT_EQ(of_link(t, 2).queueing, 2s);
}

TEST(Statistics, BusyIncludesWhatIsUnderWay) {
  Traffic t = two_messages(FairShareConfig{});
  t.run_to(0.6);
  EXPECT_EQ(of_link(t, 0).busy, 500ms);
  EXPECT_EQ(of_link(t, 0).messages, 0);
}

TEST(Statistics, ACancelledTransferCountsWhatItSent) {
  Traffic queued = two_messages(QueuedConfig{});
  queued.run_to(0.25);
  queued.cancel(0);
  queued.cancel(1);
  EXPECT_EQ(of_link(queued, 0).bytes, kMegabyte / 4);
  EXPECT_EQ(of_link(queued, 0).busy, 250ms);
  EXPECT_EQ(of_link(queued, 0).queueing, 250ms);
  EXPECT_EQ(of_link(queued, 0).messages, 0);

  Traffic fair = two_messages(FairShareConfig{});
  fair.run_to(0.6);  // 0.5 s after the latency
  fair.cancel(0);
  fair.run_to_the_end();
  EXPECT_EQ(of_link(fair, 0).bytes, kMegabyte / 4 + kMegabyte);
  EXPECT_EQ(of_link(fair, 0).messages, 1);
}

TEST(Statistics, AStalledTransferWaits) {
  for (const NetworkConfig& config : {NetworkConfig{IdealConfig{}}, NetworkConfig{QueuedConfig{}},
                                      NetworkConfig{FairShareConfig{}}}) {
    Traffic t(config, path({{Bandwidth{kMegabytePerSecond}, 0ms}}));
    t.start(0, 1, kMegabyte);
    t.run_to(0.5);
    t.set_link(0, kMegabytePerSecond, false);
    t.run_to(2.5);
    t.set_link(0, kMegabytePerSecond, true);
    t.run_to_the_end();
    EXPECT_EQ(of_link(t, 0).queueing, 2s) << name_of(config);
    EXPECT_EQ(of_link(t, 0).busy, 3s) << name_of(config);
  }
}

}  // namespace
}  // namespace understudy
