// Where somebody else's launcher has put this process: which rank it is, of how many, and where rank 0
// can be met. What launchers say, they say in the environment.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace understudy {

using Environment = std::map<std::string, std::string, std::less<>>;
Environment own_environment();

// What stands on the command line, over what the launcher says.
struct LaunchFlags {
  std::optional<int> rank{}, local_rank{}, world{};
  std::string master{};  // "host", "host:port" or "[IPv6]:port"; empty: the launcher's
};

struct LaunchPlace {
  int rank = 0;
  std::optional<int> local_rank{};  // among the ranks of its host; nothing: nobody says
  int world = 1;
  std::string host;  // of rank 0, a name or an address
  std::uint16_t port = 0;
  int restarts = 0;    // by the launcher, of all ranks
  bool is_child = false;  // of a launcher that ends its ranks when it ends itself
  std::string source;     // who said which rank it is: "flags", "torchrun", "Slurm", ...
};

// The first that says anything is believed: flags; RANK, WORLD_SIZE, LOCAL_RANK (torchrun, and
// whoever sets them by hand); PET_* (Kubeflow); SLURM_*; OMPI_COMM_WORLD_* (Open MPI's mpirun, also
// inside of a Slurm job, whose variables then say nothing of ranks); PMI_* (MPICH's). Rank 0 is on
// this host's loopback where the launcher has all ranks on one host; else where --master or
// MASTER_ADDR and MASTER_PORT say, under all of them, or on the step's first node under Slurm. The
// port is 29500 unless said otherwise, under Slurm one that depends on the job. Where torchrun's own
// store has the port (TORCHELASTIC_USE_AGENT_STORE), it is the one after it.
//
// Throws ScenarioError where nobody says anything, where something is missing, no number, or beyond
// the world.
LaunchPlace place_of(const LaunchFlags& flags, const Environment& environment);

// "rank 1 of 2 (local rank 1), rank 0 at 127.0.0.1:29500, as torchrun has it".
std::string describe(const LaunchPlace& place);

}  // namespace understudy
