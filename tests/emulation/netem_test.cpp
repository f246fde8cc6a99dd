#include "sim/emulation/netem.hpp"

#include <gtest/gtest.h>

#include "runtime/base/errors.hpp"
#include "sim/emulation/network_namespace.hpp"
#include "sim/emulation/system_command.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

TEST(Netem, SaysNothingOfALinkWithoutLatencyAndImpairments) {
  EXPECT_EQ(netem_options(0ms, nullptr), "");
  const ImpairmentConfig none;
  EXPECT_EQ(netem_options(0ms, &none), "");
  EXPECT_EQ(netem_options(20ms, nullptr), "delay 20000us");
}

// As tc-netem(8) has them: gemodel p r 1-h 1-k.
TEST(Netem, SaysLossesInTcsWords) {
  ImpairmentConfig c;
  c.loss = BernoulliLoss{0.01};
  EXPECT_EQ(netem_options(0ms, &c), "loss random 1.0000000%");
  c.loss = GilbertElliottLoss{.p = 0.02, .q = 0.5, .loss_good = 0.001, .loss_bad = 0.75};
  EXPECT_EQ(netem_options(1ms, &c),
            "delay 1000us loss gemodel 2.0000000% 50.0000000% 75.0000000% 0.1000000%");
}

TEST(Netem, SaysJitterBeforeItsDistribution) {
  ImpairmentConfig c;
  c.jitter = UniformJitter{2ms, 0.25};
  EXPECT_EQ(netem_options(20ms, &c), "delay 20000us 2000us 25.0000000%");
  c.jitter = ParetoNormalJitter{2ms, 0};
  EXPECT_EQ(netem_options(20ms, &c), "delay 20000us 2000us 0.0000000% distribution paretonormal");
}

// tc ends with 1 for words that it does not know, and with 2 where the kernel has no such queue.
TEST(Netem, SpeaksSoThatTcUnderstands) {
  ImpairmentConfig all;
  all.jitter = NormalJitter{2ms, 0.1};
  all.reorder = 0.01;
  all.duplicate = 0.02;
  all.corrupt = 0.001;
  for (const LossConfig& loss :
       {LossConfig(BernoulliLoss{0.01}), LossConfig(GilbertElliottLoss())}) {
    all.loss = loss;
    for (const Duration latency : {20ms, 0ms}) try {
        const NetworkNamespace trial;
        const InNamespace inside(trial);
        const auto said =
            run_command({"tc", "-batch", "-"},
                        "qdisc add dev lo root netem " + netem_options(latency, &all) + "\n");
        const bool kernel_has_none = said.said.find("qdisc kind is unknown") != std::string::npos;
        EXPECT_TRUE(said.code == 0 || kernel_has_none) << said.said;
      } catch (const RunError& lacking) {
        GTEST_SKIP() << lacking.what();
      }
  }
}

}  // namespace
}  // namespace understudy
