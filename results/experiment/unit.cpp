#include "results/experiment/unit.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runtime/base/errors.hpp"
#include "sim/world/world_json.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const EmulationReport& r) {
  Json lost = Json::array();
  for (const LostNode& node : r.lost)
    lost.push_back({node.rank.value, node.time.time_since_epoch().count(), node.reason});
  return {{"transport", name(r.transport)},
          {"dilation", r.dilation},
          {"lateness", to_json(r.lateness)},
          {"latest_start_ps", r.latest_start.count()},
          {"overruns", r.overruns},
          {"overrun_ps", r.overrun_time.count()},
          {"turned_away", r.turned_away},
          {"refused", r.refused},
          {"kernel_links", r.kernel_links ? Json(*r.kernel_links) : Json()},
          {"lost", lost}};
}

EmulationReport parse_emulation(const Json& j) {
  EmulationReport r;
  for (const auto kind : {TransportKind::kTcp, TransportKind::kIpc, TransportKind::kSharedMemory,
                          TransportKind::kByMachine})
    if (j.at("transport").get<std::string>() == name(kind)) r.transport = kind;
  r.dilation = j.at("dilation").get<double>();
  r.lateness = parse_lateness(j.at("lateness"));
  r.latest_start = Duration(j.at("latest_start_ps").get<std::int64_t>());
  r.overruns = j.at("overruns").get<std::int64_t>();
  r.overrun_time = Duration(j.at("overrun_ps").get<std::int64_t>());
  r.turned_away = j.at("turned_away").get<std::uint64_t>();
  r.refused = j.at("refused").get<std::uint64_t>();
  if (const Json links = j.value("kernel_links", Json()); links.is_string())
    r.kernel_links = links.get<std::string>();
  for (const Json& node : j.value("lost", Json::array()))
    r.lost.push_back({Rank{node.at(0).get<std::uint32_t>()},
                      TimePoint(Duration(node.at(1).get<std::int64_t>())),
                      node.at(2).get<std::string>()});
  return r;
}

Unit parse(const Json& j) {
  Unit u;
  u.key = {j.at("run").get<std::size_t>(), j.at("repeat").get<std::size_t>()};
  u.seed = j.at("seed").get<std::uint64_t>();
  u.scenario_hash = j.at("scenario_hash").get<std::string>();
  if (j.contains("weights_of")) {
    const Json& of = j.at("weights_of");
    u.weights_of = UnitKey{of.at(0).get<std::size_t>(), of.at(1).get<std::size_t>()};
  }
  u.weights_hash = j.at("weights_hash").get<std::string>();
  u.updates = j.at("updates").get<std::int64_t>();
  u.updates_per_epoch = j.at("updates_per_epoch").get<std::int64_t>();
  u.data_sizes = {j.at("train_samples").get<std::size_t>(), j.at("test_samples").get<std::size_t>(),
                  j.value("shards", std::vector<std::size_t>())};
  if (j.contains("images")) u.data_sizes.images = parse_images(j.at("images"));
  u.client_scores = j.value("client_scores", ClientScores());
  u.notice = j.at("notice").get<std::string>();
  u.wall_s = j.at("wall_s").get<double>();
  for (const Json& place : j.at("places"))
    u.places.push_back({place.at(0).get<int>(), place.at(1).get<int>(), place.at(2).get<bool>()});
  if (j.contains("emulation")) u.emulation = parse_emulation(j.at("emulation"));
  WorldSnapshot world = parse_world(j.at("world"));
  u.time = world.time;
  u.samples = std::move(world.samples);
  u.nodes = std::move(world.nodes);
  u.links = std::move(world.links);
  return u;
}

// The library's sentence without the name of its exception.
std::string reason(const nlohmann::json::exception& problem) {
  const std::string text = problem.what();
  const auto end = text.find("] ");
  return text.starts_with("[json.exception") && end != text.npos ? text.substr(end + 2) : text;
}

}  // namespace

Json to_json(const ImageShape& s) {
  return Json::array({s.image.channels, s.image.rows, s.image.columns, s.classes});
}

ImageShape parse_images(const Json& j) {
  const auto at = [&](std::size_t i) { return j.at(i).get<std::int64_t>(); };
  return {{at(0), at(1), at(2)}, j.at(3).get<int>()};
}

Json to_json(const Unit& u) {
  Json j{{"run", u.key.run}, {"repeat", u.key.repeat}, {"seed", u.seed}};
  j["scenario_hash"] = u.scenario_hash;
  if (u.weights_of) j["weights_of"] = {u.weights_of->run, u.weights_of->repeat};
  j["weights_hash"] = u.weights_hash;
  j["updates"] = u.updates;
  j["updates_per_epoch"] = u.updates_per_epoch;
  j["train_samples"] = u.data_sizes.train;
  j["test_samples"] = u.data_sizes.test;
  if (!u.data_sizes.shards.empty()) j["shards"] = u.data_sizes.shards;
  if (u.data_sizes.images) j["images"] = to_json(*u.data_sizes.images);
  if (!u.client_scores.empty()) j["client_scores"] = u.client_scores;
  j["notice"] = u.notice;
  j["wall_s"] = u.wall_s;
  j["places"] = Json::array();
  for (const NodePlace& p : u.places)
    j["places"].push_back(Json::array({p.machine, p.local_rank, p.serves}));
  if (u.emulation) j["emulation"] = to_json(*u.emulation);
  j["world"] = to_json(WorldSnapshot{u.time, {}, u.samples, u.nodes, u.links});
  return j;
}

Unit parse_unit(const std::string& text, const std::string& source) {
  try {
    return parse(Json::parse(text));
  } catch (const nlohmann::json::exception& problem) {
    throw DataError(
        fmt::format("{}: is no record of a finished repeat: {}", source, reason(problem)));
  }
}

}  // namespace understudy
