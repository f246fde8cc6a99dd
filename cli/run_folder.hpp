// Where a run goes that names no folder: NAME-DATE-TIME, with -2, -3 ... where that is taken.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace understudy {

// Makes an empty folder under `root`. Of a scenario's name only [A-Za-z0-9._-] are kept, the rest
// become '_', and no more than 100 characters.
std::filesystem::path make_fresh_folder(const std::filesystem::path& root, const std::string& name,
                                        std::chrono::system_clock::time_point now);

// The newest of this scenario's folders under `root`. Throws ScenarioError where there is none.
std::filesystem::path newest_folder(const std::filesystem::path& root, const std::string& name);

}  // namespace understudy
