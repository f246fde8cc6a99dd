#include "results/unit.hpp"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

// Samples are many and alike: arrays by position instead of keys.
Json to_json(const Sample& s) {
  const auto place = [](const std::optional<int>& i) { return i ? Json(*i) : Json(nullptr); };
  return Json::array({s.time.time_since_epoch().count(), place(s.position.step),
                      place(s.position.round), place(s.position.epoch), s.name, s.value, s.wall_s});
}

Sample parse_sample(const Json& j) {
  const auto place = [&](std::size_t i) {
    return j.at(i).is_null() ? std::nullopt : std::optional(j.at(i).get<int>());
  };
  Sample s;
  s.time = TimePoint(Duration(j.at(0).get<std::int64_t>()));
  s.position = {place(1), place(2), place(3)};
  s.name = j.at(4).get<std::string>();
  s.value = j.at(5).is_null() ? std::numeric_limits<double>::quiet_NaN() : j.at(5).get<double>();
  s.wall_s = j.at(6).get<double>();
  return s;
}

Json to_json(const NodeStatistics& n) {
  Json busy = Json::array();
  for (const Duration d : n.busy) busy.push_back(d.count());
  return {{"busy", busy},
          {"communication", n.communication.count()},
          {"exposed", n.exposed.count()},
          {"bytes_sent", n.bytes_sent},
          {"messages", n.messages}};
}

NodeStatistics parse_node(const Json& j) {
  NodeStatistics n;
  for (std::size_t i = 0; i < n.busy.size(); ++i)
    n.busy[i] = Duration(j.at("busy").at(i).get<std::int64_t>());
  n.communication = Duration(j.at("communication").get<std::int64_t>());
  n.exposed = Duration(j.at("exposed").get<std::int64_t>());
  n.bytes_sent = j.at("bytes_sent").get<std::int64_t>();
  n.messages = j.at("messages").get<std::int64_t>();
  return n;
}

Json to_json(const LinkStatistics& l) {
  return Json::array({l.bytes, l.messages, l.busy.count(), l.queueing.count()});
}

LinkStatistics parse_link(const Json& j) {
  return {j.at(0).get<std::int64_t>(), j.at(1).get<std::int64_t>(),
          Duration(j.at(2).get<std::int64_t>()), Duration(j.at(3).get<std::int64_t>())};
}

Unit parse(const Json& j) {
  Unit u;
  u.key = {j.at("run").get<std::size_t>(), j.at("repeat").get<std::size_t>()};
  u.seed = j.at("seed").get<std::uint64_t>();
  if (j.contains("weights_of")) {
    const Json& of = j.at("weights_of");
    u.weights_of = UnitKey{of.at(0).get<std::size_t>(), of.at(1).get<std::size_t>()};
  }
  u.weights_hash = j.at("weights_hash").get<std::string>();
  u.updates = j.at("updates").get<std::int64_t>();
  u.updates_per_epoch = j.at("updates_per_epoch").get<std::int64_t>();
  u.train_samples = j.at("train_samples").get<std::size_t>();
  u.notice = j.at("notice").get<std::string>();
  u.wall_s = j.at("wall_s").get<double>();
  u.time = TimePoint(Duration(j.at("time").get<std::int64_t>()));
  for (const Json& place : j.at("places"))
    u.places.push_back({place.at(0).get<int>(), place.at(1).get<int>(), place.at(2).get<bool>()});
  for (const Json& node : j.at("samples")) {
    auto& samples = u.samples.emplace_back();
    for (const Json& sample : node) samples.push_back(parse_sample(sample));
  }
  for (const Json& node : j.at("nodes")) u.nodes.push_back(parse_node(node));
  for (const Json& link : j.at("links")) u.links.push_back(parse_link(link));
  return u;
}

}  // namespace

Json to_json(const Unit& u) {
  Json j{{"run", u.key.run}, {"repeat", u.key.repeat}, {"seed", u.seed}};
  if (u.weights_of) j["weights_of"] = {u.weights_of->run, u.weights_of->repeat};
  j["weights_hash"] = u.weights_hash;
  j["updates"] = u.updates;
  j["updates_per_epoch"] = u.updates_per_epoch;
  j["train_samples"] = u.train_samples;
  j["notice"] = u.notice;
  j["wall_s"] = u.wall_s;
  j["time"] = u.time.time_since_epoch().count();
  j["places"] = Json::array();
  for (const NodePlace& p : u.places)
    j["places"].push_back(Json::array({p.machine, p.local_rank, p.serves}));
  j["samples"] = Json::array();
  for (const auto& node : u.samples) {
    Json samples = Json::array();
    for (const Sample& s : node) samples.push_back(to_json(s));
    j["samples"].push_back(std::move(samples));
  }
  j["nodes"] = Json::array();
  for (const NodeStatistics& n : u.nodes) j["nodes"].push_back(to_json(n));
  j["links"] = Json::array();
  for (const LinkStatistics& l : u.links) j["links"].push_back(to_json(l));
  return j;
}

Unit parse_unit(const std::string& text, const std::string& source) {
  try {
    return parse(Json::parse(text));
  } catch (const nlohmann::json::exception& problem) {
    throw DataError(fmt::format("{}: no record of a finished repeat ({})", source, problem.what()));
  }
}

}  // namespace understudy
