// Where a run came from: run.json.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/base/errors.hpp"

namespace understudy {

// "0.1.0 (commit 0123456789ab)"
std::string program_version();

struct Provenance {
  std::map<std::string, std::string> libraries;  // name to version, beside those of every program
  std::string instruction_set;                   // of the kernels that computed the weights
  std::uint64_t seed = 0;
  int jobs = 1;
  std::chrono::system_clock::time_point start = std::chrono::system_clock::now();
};

// With `end` now, the exit code, version and commit of the program, the machine and the peak
// memory.
nlohmann::ordered_json run_json(const Provenance& provenance, ExitCode exit);

}  // namespace understudy
