// The folder that a run leaves behind. Files are written whole and renamed, so that a reader never
// sees half of one, and what is finished survives an interrupt.
//
//   scenario.yaml   fully resolved        metrics.jsonl   one record a line
//   run.json        provenance            links.csv       per directed link
//   summary.json    means and intervals   report.html     to look at
//   checkpoints/    finished repeats (unit-RRRR-rr.json), and the last safe point of the others
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/experiment/unit.hpp"

namespace understudy {

class RunDirectory {
 public:
  // Makes the folder. Throws ScenarioError where it holds something already, RunError where it
  // cannot be written.
  static RunDirectory create(const std::filesystem::path& path);
  // Throws ScenarioError where it is no run directory.
  static RunDirectory open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  bool has(const std::string& name) const;
  // Throws RunError with the reason (a full disk, no permission).
  void write(const std::string& name, std::string_view contents) const;
  // Throws ScenarioError where there is no such file.
  std::string read(const std::string& name) const;

  void save(const Unit& unit) const;  // and drops its checkpoint
  std::vector<Unit> units() const;    // in order of (run, repeat)

  void save_checkpoint(UnitKey key, const WorldSnapshot& world) const;
  // nullopt where there is none, or none that can be read.
  std::optional<WorldSnapshot> checkpoint(UnitKey key) const;

 private:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace understudy
