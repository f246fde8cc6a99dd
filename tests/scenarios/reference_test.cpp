// The reference in the documentation is the one that the program prints.
#include <fstream>
#include <sstream>

#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

TEST(Reference, DocumentationListsEveryKey) {
  std::ifstream file(UNDERSTUDY_SOURCE_DIR "/docs/scenario.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(scenario_reference()), std::string::npos)
      << "docs/scenario.md ends with the output of 'understudy help scenario', which has changed";
}

TEST(Reference, NamesKeysWithTheirBoundsDefaultsAndEffects) {
  const std::string reference = scenario_reference();
  for (const char* row :
       {"| `repeats` | whole number | `1` | `>= 1, <= 1000` | timing |",
        "| `topology.inter.bandwidth` | rate | `1Gbit/s` | `>= 1bit/s` | timing |",
        "| `topology.links[].latency` | time | `0s` | `>= 0s` | timing |",
        "| `workload.optimizer.lr` | number | `0.1` | `> 0` | training | (sgd) Learning rate. |",
        "| `workload.epochs` | number |  | `> 0, <= 1000000` | training |",
        "| `devices.profiles.NAME.compute` | rate |",
        "| `strategy.bucket` | size | `25MiB` | `> 0B` | timing |"}) {
    EXPECT_THAT(reference, testing::HasSubstr(row));
  }
}

}  // namespace
}  // namespace understudy
