// A file that a scenario names. What it holds is part of what the scenario means: readers check that
// it is there, and a run's record keeps a hash of it.
#pragma once

#include <string>

namespace understudy {

struct FilePath {
  std::string path{};  // as opened; empty: none
  bool operator==(const FilePath&) const = default;
};

}  // namespace understudy
