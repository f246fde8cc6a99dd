#include "runtime/launch/launcher_environment.hpp"

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

std::string refusal(const LaunchFlags& flags, const Environment& environment) {
  try {
    const LaunchPlace place = place_of(flags, environment);
    return "taken as " + describe(place);
  } catch (const ScenarioError& problem) {
    return problem.what();
  }
}

// What each of them sets for the third of four ranks, two on a host, as its documentation has it.
struct Case {
  const char* name;
  LaunchFlags flags;
  Environment environment;
};
const Case kCases[] = {
    {"flags", {.rank = 2, .local_rank = 0, .world = 4, .master = "10.0.0.1:29400"}, {}},
    {"torchrun",
     {},
     {{"RANK", "2"},
      {"LOCAL_RANK", "0"},
      {"WORLD_SIZE", "4"},
      {"LOCAL_WORLD_SIZE", "2"},
      {"MASTER_ADDR", "10.0.0.1"},
      {"MASTER_PORT", "29399"},
      {"TORCHELASTIC_USE_AGENT_STORE", "True"}}},
    {"Kubeflow",
     {},
     {{"PET_NODE_RANK", "2"},
      {"PET_NNODES", "4"},
      {"PET_NPROC_PER_NODE", "1"},
      {"PET_MASTER_ADDR", "10.0.0.1"},
      {"PET_MASTER_PORT", "29400"}}},
    {"Slurm",
     {},
     {{"SLURM_PROCID", "2"},
      {"SLURM_LOCALID", "0"},
      {"SLURM_NTASKS", "4"},
      {"SLURM_NNODES", "2"},
      {"SLURM_JOB_ID", "7900"},
      {"SLURM_STEP_NODELIST", "10.0.0.[1-2]"},
      {"MASTER_PORT", "29400"}}},
    {"Open MPI",
     {},
     {{"OMPI_COMM_WORLD_RANK", "2"},
      {"OMPI_COMM_WORLD_SIZE", "4"},
      {"OMPI_COMM_WORLD_LOCAL_RANK", "0"},
      {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
      {"MASTER_ADDR", "10.0.0.1"},
      {"MASTER_PORT", "29400"}}},
    {"PMI",
     {},
     {{"PMI_RANK", "2"},
      {"PMI_SIZE", "4"},
      {"MPI_LOCALRANKID", "0"},
      {"MPI_LOCALNRANKS", "2"},
      {"MASTER_ADDR", "10.0.0.1"},
      {"MASTER_PORT", "29400"}}},
};

TEST(LauncherEnvironment, AllLaunchersSayTheSame) {
  for (const Case& c : kCases)
    EXPECT_EQ(describe(place_of(c.flags, c.environment)),
              std::string("rank 2 of 4 (local rank 0), rank 0 at 10.0.0.1:29400, as ") + c.name +
                  " has it");
}

TEST(LauncherEnvironment, TheFirstInOrderIsBelieved) {
  Environment all;
  for (std::size_t i = std::size(kCases); i-- > 1;) {
    if (kCases[i].name == std::string("Open MPI")) continue;
    for (const auto& [name, value] : kCases[i].environment) all[name] = value;
    EXPECT_EQ(place_of({}, all).source, kCases[i].name);
  }
  EXPECT_EQ(place_of({.rank = 0, .world = 1}, all).source, "flags");
}

// Each of them is in the job's one task, as Slurm sees it, but mpirun has started four.
TEST(LauncherEnvironment, MpirunInsideOfASlurmJobCountsItsOwn) {
  Environment both = kCases[4].environment;
  both["SLURM_PROCID"] = "0";
  both["SLURM_NTASKS"] = "1";
  EXPECT_EQ(place_of({}, both).rank, 2);
}

TEST(LauncherEnvironment, OnOneHostNobodyElseCanReachIt) {
  const Environment slurm{{"SLURM_PROCID", "1"},    {"SLURM_LOCALID", "1"},
                          {"SLURM_NTASKS", "2"},    {"SLURM_NNODES", "1"},
                          {"SLURM_JOB_ID", "7901"}, {"SLURM_JOB_NODELIST", "node7"}};
  const Environment mpi{{"OMPI_COMM_WORLD_RANK", "1"},
                        {"OMPI_COMM_WORLD_SIZE", "2"},
                        {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                        {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(place_of({}, slurm).host, "127.0.0.1");
  EXPECT_EQ(place_of({}, slurm).port, 29500 + 901);
  EXPECT_EQ(place_of({}, mpi).host, "127.0.0.1");
  EXPECT_EQ(place_of({}, mpi).port, 29500);
  EXPECT_EQ(place_of({}, mpi).local_rank, 1);
}

// scontrol(1), "show hostnames": the forms that a list of nodes takes.
TEST(LauncherEnvironment, TheFirstOfSlurmsNodes) {
  Environment e = kCases[3].environment;
  const auto host_of = [&](const char* list) {
    e["SLURM_STEP_NODELIST"] = list;
    return place_of({}, e).host;
  };
  EXPECT_EQ(host_of("node[03-05,9],other"), "node03");
  EXPECT_EQ(host_of("a,b"), "a");
  EXPECT_EQ(host_of("rack[2,4]-node,b"), "rack2-node");
  e.erase("SLURM_STEP_NODELIST");
  e["SLURM_JOB_NODELIST"] = "n[7-8]";
  EXPECT_EQ(place_of({}, e).host, "n7");
}

TEST(LauncherEnvironment, RestartsAreCounted) {
  Environment e = kCases[1].environment;
  EXPECT_EQ(place_of({}, e).restarts, 0);
  e["TORCHELASTIC_RESTART_COUNT"] = "2";
  EXPECT_EQ(place_of({}, e).restarts, 2);
}

TEST(LauncherEnvironment, MastersAreHostsWithOrWithoutPorts) {
  const auto master = [](const char* text) {
    const LaunchPlace place = place_of({.rank = 0, .world = 2, .master = text}, {});
    return place.host + " " + std::to_string(place.port);
  };
  EXPECT_EQ(master("node7:81"), "node7 81");
  EXPECT_EQ(master("node7"), "node7 29500");
  EXPECT_EQ(master("[fe80::1]:81"), "fe80::1 81");
  EXPECT_EQ(master("fe80::1"), "fe80::1 29500");
}

TEST(LauncherEnvironment, WhatIsWrongIsOneSentence) {
  EXPECT_EQ(refusal({}, {{"PATH", "/bin"}}),
            "nobody says which rank this is: start 'understudy worker FILE' by torchrun "
            "--no-python, mpirun or srun, or give --rank, --world and --master");
  EXPECT_EQ(refusal({}, {{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}),
            "RANK is 2, but WORLD_SIZE is 2: ranks go from 0 to 1");
  EXPECT_EQ(refusal({}, {{"RANK", "2"}}),
            "RANK is given, but WORLD_SIZE is not, and one is of no use without the other");
  EXPECT_EQ(refusal({.world = 2}, {}),
            "--world is given, but --rank is not, and one is of no use without the other");
  EXPECT_EQ(refusal({}, {{"SLURM_PROCID", "-1"}, {"SLURM_NTASKS", "2"}}),
            "SLURM_PROCID is '-1', which is no whole number from 0 on");
  EXPECT_EQ(refusal({}, {{"PMI_RANK", "0"}, {"PMI_SIZE", "0"}}), "PMI_SIZE is 0, and no rank runs");
  EXPECT_EQ(refusal({}, {{"OMPI_COMM_WORLD_RANK", "1"},
                         {"OMPI_COMM_WORLD_SIZE", "4"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}),
            "nobody says where rank 0 is: give --master HOST:PORT, or set MASTER_ADDR and "
            "MASTER_PORT for all ranks");
  EXPECT_EQ(refusal({}, {{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "2"}}),
            "the local rank is 2, but there are only 2 ranks in all");
  EXPECT_EQ(refusal({.rank = 0, .world = 2, .master = "a:70000"}, {}),
            "--master: '70000' is no port");
  EXPECT_EQ(refusal({}, {{"PET_NODE_RANK", "0"}, {"PET_NNODES", "1:4"}}),
            "PET_NNODES is 1:4, but the number of ranks must be known: torchrun starts elastic "
            "ones, each as 'understudy worker'");
  EXPECT_EQ(refusal({}, {{"PET_NODE_RANK", "0"}, {"PET_NNODES", "2"}, {"PET_NPROC_PER_NODE", "4"}}),
            "PET_NPROC_PER_NODE asks for 4 ranks on each node, which torchrun starts: 'torchrun "
            "--no-python understudy worker FILE'");
}

}  // namespace
}  // namespace understudy
