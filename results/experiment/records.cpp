#include "results/experiment/records.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "topologies/make_topology.hpp"

namespace understudy {

std::string metrics_jsonl(const Unit& unit) {
  std::string lines;
  for (std::size_t node = 0; node < unit.samples.size(); ++node) {
    for (const Sample& s : unit.samples[node]) {
      nlohmann::ordered_json record{{"run", unit.key.run},
                                    {"repeat", unit.key.repeat},
                                    {"node", node},
                                    {"machine", unit.places[node].machine},
                                    {"local_rank", unit.places[node].local_rank}};
      if (s.position.step) record["step"] = *s.position.step;
      if (s.position.round) record["round"] = *s.position.round;
      if (s.position.epoch) record["epoch"] = *s.position.epoch;
      record["time_s"] = to_seconds(s.time);
      record["wall_s"] = s.wall_s;
      record["name"] = s.name;
      record["value"] = s.value;
      lines += record.dump() + "\n";
    }
  }
  return lines;
}

std::string links_csv(const Experiment& experiment, std::span<const Unit> units) {
  std::string csv =
      "run,repeat,link,from,to,bytes,messages,busy_s,queueing_s,"
      "lost_packets,corrupted_packets,duplicated_packets,dropped_packets,down_s\n";
  for (const Unit& unit : units) {
    const Topology topology = make_topology(experiment.runs.at(unit.key.run).scenario.topology);
    for (std::size_t l = 0; l < unit.links.size(); ++l) {
      const Link& link = topology.links()[l];
      const LinkStatistics& s = unit.links[l];
      csv += fmt::format(
          "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", unit.key.run, unit.key.repeat, l,
          topology.vertices()[link.from.index()].name, topology.vertices()[link.to.index()].name,
          s.bytes, s.messages, to_seconds(s.busy), to_seconds(s.queueing), s.lost_packets,
          s.corrupted_packets, s.duplicated_packets, s.dropped_packets, to_seconds(s.down));
    }
  }
  return csv;
}

}  // namespace understudy
