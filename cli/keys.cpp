// `understudy keys --out DIR`: the keys of runs whose sockets can be reached from other machines.
#include <fmt/format.h>

#include <sys/stat.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "runtime/transport/security.hpp"

namespace understudy {
namespace {

constexpr const char* kFileName = "run.keys";

void make_keys(const std::string& folder, const Session& session) {
  std::error_code problem;
  const auto parent = std::filesystem::path(folder).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, problem);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw ScenarioError(fmt::format("{}: {}", folder, std::strerror(errno)));
  const std::string path = (std::filesystem::path(folder) / kFileName).string();
  write_run_keys(path, make_run_keys());
  if (session.json) {
    std::cout << nlohmann::json{{"keys", path}}.dump() << '\n';
  } else if (!session.quiet) {
    std::cout << path << ": copy it to every machine of the run, for its owner alone to read\n";
  }
}

}  // namespace

void add_keys(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("keys", "Make the keys of a run that spans several machines");
  auto folder = std::make_shared<std::string>();
  command->add_option("--out", *folder, "The folder for run.keys, made if it is not there")
      ->required();
  add_common_flags(*command, session);
  command->callback([folder, &session] { make_keys(*folder, session); });
}

}  // namespace understudy
