// Every algorithm on parabolas, whose trajectories have closed forms, through the whole of the program:
// scenario, virtual world, strategy, records.
#pragma once

#include <string>
#include <vector>

namespace understudy {

struct SelfCheck {
  std::string area;   // "federated", "gossip", "collective"
  std::string name;   // of the algorithm, and its variant
  std::string about;  // what is compared
  double expected = 0;
  double found = 0;
  bool ok = false;  // they agree to 1e-9 of the larger of the expected magnitude and 1
};

// In a second or so, without files, sockets or LibTorch. Throws what a run throws.
std::vector<SelfCheck> run_self_checks();

}  // namespace understudy
