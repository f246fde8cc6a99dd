// Brings data sets onto this machine.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "runtime/fetch/download.hpp"
#include "runtime/fetch/sources.hpp"

namespace understudy {

struct FetchOptions {
  std::filesystem::path to;  // the folder that the sources' folders lie in; made where missing
  std::vector<std::string>
      mirrors;         // tried in order, in place of the sources' own; MIRROR/<source>/<file>
  bool trust = false;  // take what mirrors have whatever its hash
  DownloadOptions download{};
  // Called before each file; may be empty.
  std::function<void(const std::string& url)> on_file{};
};

// The source that holds a data set. Throws DataError, naming the nearest.
const Source& source_of(const std::string& dataset, const std::vector<Source>& sources);
// $UNDERSTUDY_MIRROR's, separated by spaces.
std::vector<std::string> mirrors_of_environment();

// Downloads, checks and unpacks a source's files and gives their folder. Files that are there, or an
// archive's members, are not fetched again. Throws what download() and unpack() throw, of the last
// mirror where all fail.
std::filesystem::path fetch(const Source& source, const FetchOptions& options);

}  // namespace understudy
