// What there is to choose from, for `understudy list`.
#pragma once

#include <string>
#include <vector>

namespace understudy {

struct CatalogueEntry {
  std::string name;
  std::string doc;  // one sentence
};

// "workloads", "models", ...
std::vector<std::string> catalogue_kinds();
// Throws ScenarioError, with the nearest name, for an unknown kind.
std::vector<CatalogueEntry> catalogue(const std::string& kind);

}  // namespace understudy
