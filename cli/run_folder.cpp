#include "cli/run_folder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <optional>
#include <regex>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxName = 100;

std::string as_file_name(const std::string& name) {
  std::string out = name.substr(0, kMaxName);
  for (char& c : out) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    if (!keep) c = '_';
  }
  return out;
}

// When a folder was made, and which one of that second.
using Made = std::pair<std::string, int>;

std::optional<Made> made(const std::string& folder, const std::string& name) {
  static const std::regex form("-([0-9]{8}-[0-9]{6})(-([0-9]{1,6}))?");
  std::smatch match;
  const std::string rest = folder.starts_with(name) ? folder.substr(name.size()) : "";
  if (!std::regex_match(rest, match, form)) return std::nullopt;
  return Made{match[1].str(), match[3].matched ? std::stoi(match[3].str()) : 1};
}

}  // namespace

fs::path make_fresh_folder(const fs::path& root, const std::string& name,
                           std::chrono::system_clock::time_point now) {
  const fs::path first =
      root / fmt::format("{}-{:%Y%m%d-%H%M%S}", as_file_name(name),
                         fmt::localtime(std::chrono::system_clock::to_time_t(now)));
  std::error_code problem;
  fs::create_directories(root, problem);
  fs::path path = first;
  for (int n = 2; !problem && !fs::create_directory(path, problem) && !problem; ++n)
    path = fmt::format("{}-{}", first.string(), n);
  if (problem)
    throw RunError(fmt::format("{}: cannot be written: {}", path.string(), problem.message()));
  return path;
}

fs::path newest_folder(const fs::path& root, const std::string& name) {
  std::error_code problem;
  std::optional<Made> latest;
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(root, problem)) {
    const auto when = made(entry.path().filename().string(), as_file_name(name));
    if (!when || (latest && *when <= *latest)) continue;
    latest = when;
    newest = entry.path();
  }
  if (newest.empty()) {
    throw ScenarioError(fmt::format("--resume: there is no run of {} under {}; give its --out",
                                    name, root.string()));
  }
  return newest;
}

}  // namespace understudy
