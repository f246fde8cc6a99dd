// The folder that a run leaves behind. Files are written whole and renamed, so that a reader never
// sees half of one, and what is finished survives an interrupt.
//
//   scenario.yaml   fully resolved        metrics.jsonl   one record a line
//   run.json        provenance            links.csv       per directed link
//   summary.json    means and intervals   report.html     to look at
//   checkpoints/    finished repeats (unit-RRRR-rr.json), and the last safe point of the others
//   weights/        what keep_weights names of each trained repeat (unit-RRRR-rr.pt)
//   traces/         with --trace: each repeat's events (trace_file.hpp)
//   lock            held by the process that writes
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "results/experiment/unit.hpp"

namespace understudy {

// Writes a file whole under another name, then renames it. Throws RunError with the reason (a full
// disk, no permission).
void write_whole(const std::filesystem::path& path, std::string_view contents);

// One process at a time, for as long as the object lives.
class FolderLock {
 public:
  // Throws RunError where another process has it.
  explicit FolderLock(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FolderLock();

 private:
  int file_ = -1;
};

class RunDirectory {
 public:
  enum class Access { kRead, kWrite };  // who writes keeps other writers out

  // Makes the folder. Throws ScenarioError where it holds something already, RunError where it
  // cannot be written or another process writes it.
  static RunDirectory create(const std::filesystem::path& path);
  // Throws ScenarioError where it is no run directory, RunError where another process writes it.
  static RunDirectory open(const std::filesystem::path& path, Access access = Access::kWrite);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path traces() const { return path_ / "traces"; }
  bool has(const std::string& name) const;
  void write(const std::string& name, std::string_view contents) const;
  // Throws ScenarioError where there is no such file.
  std::string read(const std::string& name) const;

  void save(const Unit& unit) const;  // and drops its checkpoint
  // In order of (run, repeat); check_units() says whether they are the scenario's. Throws DataError
  // for a file that is no record, or not the one that its name says.
  std::vector<Unit> units() const;
  std::filesystem::path path_of(UnitKey key) const;
  // Absolute; files of the unit's weights begin with it. Makes their folder where this one writes.
  std::filesystem::path weights_prefix(UnitKey key) const;

  void save_checkpoint(UnitKey key, const WorldSnapshot& world) const;
  // nullopt where there is none, or none that can be read.
  std::optional<WorldSnapshot> checkpoint(UnitKey key) const;

 private:
  RunDirectory(std::filesystem::path path, std::optional<FolderLock> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
};

}  // namespace understudy
