#include "runtime/fetch/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/fetch/sha256.hpp"
#include "runtime/fetch/unpack.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_there(const SourceFile& file, const fs::path& folder) {
  if (file.members.empty()) return is_file(folder / file.name);
  return std::ranges::all_of(file.members, [&](const std::string& member) {
    return is_file(folder / fs::path(member).filename());
  });
}

std::vector<std::string> urls_of(const Source& source, const SourceFile& file,
                                 const FetchOptions& options) {
  std::vector<std::string> urls;
  for (std::string mirror : options.mirrors) {
    while (mirror.ends_with('/')) mirror.pop_back();
    urls.push_back(fmt::format("{}/{}/{}", mirror, source.name, file.name));
  }
  if (!urls.empty()) return urls;
  for (const std::string& url : source.urls) urls.push_back(fmt::format("{}/{}", url, file.name));
  return urls;
}

// The disk's errors are not a mirror's.
void download_from_any(const std::vector<std::string>& urls, const SourceFile& file,
                       const fs::path& target, const FetchOptions& options) {
  for (std::size_t i = 0;; ++i) {
    const bool last = i + 1 == urls.size();
    if (options.on_file) options.on_file(urls[i]);
    try {
      download({urls[i], file.size_bytes, file.sha256, options.trust}, target, options.download);
      return;
    } catch (const TransportError&) {
      if (last) throw;
    } catch (const DataError&) {
      if (last) throw;
    }
  }
}

// One that an earlier call did not get to unpack.
void check_archive(const fs::path& archive, const SourceFile& file, const FetchOptions& options) {
  if (options.trust || sha256_of(archive) == file.sha256) return;
  throw DataError(fmt::format("{}: is another file than {} is; move it away to fetch that",
                              archive.string(), file.name));
}

}  // namespace

const Source& source_of(const std::string& dataset, const std::vector<Source>& sources) {
  std::vector<std::string> known;
  for (const Source& source : sources) {
    if (std::ranges::count(source.datasets, dataset) > 0) return source;
    known.insert(known.end(), source.datasets.begin(), source.datasets.end());
  }
  const std::string nearest = nearest_name(dataset, known);
  throw DataError(fmt::format("there is no data set '{}'{}", dataset,
                              nearest.empty() ? fmt::format(" (one of {})", fmt::join(known, ", "))
                                              : fmt::format("; did you mean '{}'?", nearest)));
}

std::vector<std::string> mirrors_of_environment() {
  std::vector<std::string> mirrors;
  const char* given = std::getenv("UNDERSTUDY_MIRROR");
  std::istringstream words(given == nullptr ? "" : given);
  for (std::string mirror; words >> mirror;) mirrors.push_back(mirror);
  return mirrors;
}

fs::path fetch(const Source& source, const FetchOptions& options) {
  const fs::path folder = options.to / source.name;
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem)
    throw RunError(fmt::format("{}: can't be made: {}", folder.string(), problem.message()));
  for (const SourceFile& file : source.files) {
    if (is_there(file, folder)) continue;
    const fs::path target = folder / file.name;
    if (is_file(target)) {
      check_archive(target, file, options);
    } else {
      download_from_any(urls_of(source, file, options), file, target, options);
    }
    if (file.members.empty()) continue;
    unpack(target, file.members, folder);
    fs::remove(target);
  }
  return folder;
}

}  // namespace understudy
