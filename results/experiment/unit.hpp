// What one repeat of one run left behind: everything that tables, reports and re-timing are made
// from. It is written to checkpoints/ as soon as the repeat has ended.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/workloads/workload.hpp"
#include "sim/emulation/emulation_report.hpp"
#include "sim/world/world_snapshot.hpp"

namespace understudy {

struct UnitKey {
  std::size_t run = 0;  // index into the experiment's runs
  std::size_t repeat = 0;
  auto operator<=>(const UnitKey&) const = default;
};

struct NodePlace {
  int machine = 0;
  int local_rank = 0;
  bool serves = false;  // a node that only serves
};

struct Unit {
  UnitKey key;
  std::uint64_t seed = 0;
  std::string scenario_hash;  // of what was run: hash_of() in check_units.hpp
  // The unit whose training this one shares: its time was computed anew by a dry replay.
  std::optional<UnitKey> weights_of;
  std::string weights_hash;  // empty where nothing is trained
  std::int64_t updates = 0;  // of the parameters; 0 where nothing is trained
  std::int64_t updates_per_epoch = 0;
  DataSizes data_sizes;
  std::string notice;  // for the user, such as which data set stands in; usually empty
  double wall_s = 0;   // what computing it took
  TimePoint time;      // the scenario's clock at the end
  std::optional<EmulationReport> emulation;  // of the mode emulated
  ClientScores client_scores;                // what intervals over clients are made from
  std::vector<NodePlace> places;             // by rank
  std::vector<std::vector<Sample>> samples;  // by rank, in order
  std::vector<NodeStatistics> nodes;         // by rank
  std::vector<LinkStatistics> links;         // by LinkId of the run's topology
};

nlohmann::ordered_json to_json(const Unit& unit);
// Channels, rows, columns, classes. Parsing throws nlohmann's exception where it is something else.
nlohmann::ordered_json to_json(const ImageShape& images);
ImageShape parse_images(const nlohmann::ordered_json& json);
// Throws DataError where the text is no unit; `source` names it.
Unit parse_unit(const std::string& text, const std::string& source);

}  // namespace understudy
