#include "results/experiment/selfcheck.hpp"

#include <gtest/gtest.h>

#include <set>

#include "scenarios/catalogue.hpp"

namespace understudy {
namespace {

TEST(SelfCheck, FindsEveryAlgorithmAsItsClosedFormSays) {
  for (const SelfCheck& check : run_self_checks())
    EXPECT_TRUE(check.ok) << check.name << ", " << check.about << ": expected " << check.expected
                          << ", found " << check.found;
}

TEST(SelfCheck, LeavesNoAlgorithmOut) {
  std::set<std::string> checked;
  for (const SelfCheck& check : run_self_checks())
    checked.insert(check.name.substr(0, check.name.find(',')));
  // Those of other libraries, which are no part of virtual time, have tests/collectives/c10d_test.cpp.
  const std::set<std::string> of_libraries{"gloo", "nccl"};
  for (const std::string kind : {"algorithms", "collectives"}) {
    for (const CatalogueEntry& entry : catalogue(kind))
      EXPECT_TRUE(of_libraries.contains(entry.name) || checked.contains(entry.name)) << entry.name;
  }
}

}  // namespace
}  // namespace understudy
