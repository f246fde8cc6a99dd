// What sets runs apart: which keys, under which headings, in which words.
#include "results/summary/columns.hpp"

namespace understudy {
namespace {

using Keys = std::vector<std::string>;

const std::vector<Overrides> kGrid = {
    {{"workload.batch", "32"}, {"topology.machines", "1"}, {"seed", "7"}},
    {{"workload.batch", "32"}, {"topology.machines", "2"}, {"seed", "7"}},
    {{"workload.batch", "64"}, {"network.kind", "ideal"}, {"seed", "7"}}};

// Two groups: the name of the first decides the length, that of the second the machines.
const std::vector<Overrides> kGroups = {{{"variant", "as published", true},
                                         {"workload.epochs", "2"},
                                         {"shape", "one machine", true},
                                         {"topology.machines", "1"},
                                         {"strategy.bucket", "1MiB"}},
                                        {{"variant", "long", true},
                                         {"workload.epochs", "9"},
                                         {"shape", "machines", true},
                                         {"topology.machines", "4"},
                                         {"strategy.bucket", "1MiB"}},
                                        {{"variant", "long", true},
                                         {"workload.epochs", "9"},
                                         {"shape", "machines", true},
                                         {"topology.machines", "8"},
                                         {"strategy.bucket", "4MiB"}}};

TEST(Columns, KeysComeInOrderOfAppearance) {
  EXPECT_EQ(override_keys(kGrid),
            (Keys{"workload.batch", "topology.machines", "seed", "network.kind"}));
  EXPECT_EQ(override_keys({{}}), Keys{});
}

// Not the sizes, which have columns of their own, and not the seed, which is the same everywhere.
TEST(Columns, WhatVariesTells) {
  EXPECT_EQ(telling_keys(kGrid), (Keys{"workload.batch", "network.kind"}));
}

// The epochs follow from the variant's name; the bucket varies under the same names.
TEST(Columns, WhatFollowsFromAGroupsNameDoesNot) {
  EXPECT_EQ(telling_keys(kGroups), (Keys{"variant", "shape", "strategy.bucket"}));
}

TEST(Columns, AGroupNamedLikeASizeTells) {
  EXPECT_EQ(telling_keys({{{"topology.nodes", "few", true}}, {{"topology.nodes", "many", true}}}),
            Keys{"topology.nodes"});
}

TEST(Columns, HeadingsAreAsShortAsTheyCanBe) {
  const Keys keys{"topology.inter.latency", "topology.intra.latency", "workload.batch", "seed"};
  EXPECT_EQ(heading("workload.batch", keys), "batch");
  EXPECT_EQ(heading("seed", keys), "seed");
  EXPECT_EQ(heading("topology.inter.latency", keys), "topology.inter.latency");
}

TEST(Columns, ValuesOfARun) {
  EXPECT_EQ(value_of(kGroups[1], "workload.epochs"), "9");
  EXPECT_EQ(value_of(kGroups[1], "network.kind"), "");
}

TEST(Columns, JoinedARunHasAName) {
  EXPECT_EQ(joined(kGroups[2], {"variant", "shape", "strategy.bucket"}),
            "long, machines, bucket 4MiB");
  EXPECT_EQ(joined(kGrid[0], {"workload.batch", "network.kind"}), "batch 32");
  EXPECT_EQ(joined(kGrid[0], {}), "");
}

}  // namespace
}  // namespace understudy
