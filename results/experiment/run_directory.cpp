#include "results/experiment/run_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "runtime/base/errors.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "sim/world/world_json.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kLock = "lock";

std::string unit_name(UnitKey key, const char* suffix) {
  return fmt::format("{}/unit-{:04}-{:02}.{}", kCheckpoints, key.run, key.repeat, suffix);
}

// Before a checkpoint's bytes: a bit that is wrong in them would go on into the weights.
constexpr std::size_t kChecksum = 16;
std::string checksum(std::string_view bytes) {
  return fmt::format("{:0{}x}", fnv1a(std::as_bytes(std::span(bytes))), kChecksum);
}

[[noreturn]] void fail_to_write(const fs::path& path, const std::string& why) {
  throw RunError(fmt::format("{}: cannot be written: {}", path.string(), why));
}

void make_folder(const fs::path& path) {
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) fail_to_write(path, problem.message());
}

// What a run has left that failed before anything of it was finished: its logs, at most, and why.
bool is_failed_start(const fs::path& path) {
  constexpr std::array kOwn = {"lock",        "run.json", "scenario.yaml",
                               "checkpoints", "logs",     "weights"};
  std::error_code problem;
  if (!fs::is_regular_file(path / "run.json", problem)) return false;
  for (const char* kept : {"checkpoints", "weights"})
    if (fs::exists(path / kept, problem) && !fs::is_empty(path / kept, problem)) return false;
  return std::all_of(fs::directory_iterator(path, problem), {}, [&](const auto& entry) {
    return std::find(kOwn.begin(), kOwn.end(), entry.path().filename()) != kOwn.end();
  });
}

}  // namespace

void write_whole(const fs::path& path, std::string_view contents) {
  const fs::path unfinished = path.string() + ".part";
  errno = 0;
  std::ofstream out(unfinished, std::ios::binary);
  out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  out.close();
  std::error_code problem;
  if (!out) {
    const std::string why = errno != 0 ? std::strerror(errno) : "the write failed";
    fs::remove(unfinished, problem);
    fail_to_write(path, why);
  }
  fs::rename(unfinished, path, problem);
  if (problem) fail_to_write(path, problem.message());
}

FolderLock::FolderLock(const fs::path& folder) {
  const fs::path path = folder / kLock;
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) fail_to_write(path, std::strerror(errno));
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  const int problem = errno;
  ::close(file_);
  if (problem != EWOULDBLOCK) fail_to_write(path, std::strerror(problem));
  throw RunError(fmt::format("{}: is in use by another process", folder.string()));
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

RunDirectory RunDirectory::create(const fs::path& path) {
  std::error_code problem;
  if (fs::exists(path, problem) && !(fs::is_directory(path) && fs::is_empty(path, problem))) {
    if (fs::is_regular_file(path / kLock, problem)) FolderLock{path};  // says so while it is held
    if (!is_failed_start(path))
      throw ScenarioError(fmt::format(
          "{}: holds something already; give another --out, or --resume to go on with a run",
          path.string()));
  }
  make_folder(path / kCheckpoints);
  return {path, FolderLock(path)};
}

RunDirectory RunDirectory::open(const fs::path& path, Access access) {
  std::error_code problem;
  if (!fs::is_directory(path / kCheckpoints, problem) || !fs::exists(path / "scenario.yaml")) {
    throw ScenarioError(fmt::format("{}: is no run directory", path.string()));
  }
  if (access == Access::kRead) return {path, std::nullopt};
  return {path, FolderLock(path)};
}

bool RunDirectory::has(const std::string& name) const {
  std::error_code problem;
  return fs::exists(path_ / name, problem);
}

void RunDirectory::write(const std::string& name, std::string_view contents) const {
  write_whole(path_ / name, contents);
}

std::string RunDirectory::read(const std::string& name) const {
  std::ifstream in(path_ / name, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw ScenarioError(fmt::format("{}: cannot be read", (path_ / name).string()));
  return text.str();
}

void RunDirectory::save(const Unit& unit) const {
  write(unit_name(unit.key, "json"), to_json(unit).dump() + "\n");
  std::error_code problem;
  fs::remove(path_ / unit_name(unit.key, "state"), problem);
}

std::vector<Unit> RunDirectory::units() const {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(path_ / kCheckpoints)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::vector<Unit> units;
  for (const fs::path& path : paths) {
    const std::string name = fmt::format("{}/{}", kCheckpoints, path.filename().string());
    units.push_back(parse_unit(read(name), path.string()));
    if (const UnitKey key = units.back().key; path_of(key) != path) {
      throw DataError(fmt::format("{}: is the record of run {}, repeat {}, whose name is another",
                                  path.string(), key.run, key.repeat));
    }
  }
  std::sort(units.begin(), units.end(), [](const Unit& a, const Unit& b) { return a.key < b.key; });
  return units;
}

fs::path RunDirectory::path_of(UnitKey key) const { return path_ / unit_name(key, "json"); }

fs::path RunDirectory::weights_prefix(UnitKey key) const {
  const fs::path folder = fs::absolute(path_) / "weights";
  if (lock_) make_folder(folder);
  return folder / fmt::format("unit-{:04}-{:02}", key.run, key.repeat);
}

void RunDirectory::save_checkpoint(UnitKey key, const WorldSnapshot& world) const {
  Json json = to_json(world);
  json["states"] = Json::array();
  for (const std::string& state : world.states)
    json["states"].push_back(Json::binary({state.begin(), state.end()}));
  std::string bytes;
  Json::to_cbor(json, bytes);
  write(unit_name(key, "state"), checksum(bytes) + bytes);
}

std::optional<WorldSnapshot> RunDirectory::checkpoint(UnitKey key) const {
  const std::string name = unit_name(key, "state");
  if (!has(name)) return std::nullopt;
  try {
    const std::string bytes = read(name);
    const std::string sum = bytes.substr(0, kChecksum), contents = bytes.substr(sum.size());
    if (sum != checksum(contents)) return std::nullopt;
    const Json json = Json::from_cbor(contents);
    WorldSnapshot world = parse_world(json);
    for (const Json& state : json.at("states")) {
      const auto& binary = state.get_binary();
      world.states.emplace_back(binary.begin(), binary.end());
    }
    return world;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace understudy
