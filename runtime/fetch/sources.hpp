// Where the data sets come from: a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace understudy {

struct SourceFile {
  std::string name;  // as servers have it
  std::uint64_t size_bytes = 0;
  std::string sha256;
  // Of an archive: the members to unpack. Empty: the file is kept as it is.
  std::vector<std::string> members{};
};

// Files that are fetched together.
struct Source {
  std::string name;                   // of its folder, at mirrors and here
  std::vector<std::string> datasets;  // that it holds
  std::vector<std::string> urls;      // of the folders of its files, the first first
  std::vector<SourceFile> files;
};

const std::vector<Source>& known_sources();

}  // namespace understudy
