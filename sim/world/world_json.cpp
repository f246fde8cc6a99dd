#include "sim/world/world_json.hpp"

#include <limits>
#include <nlohmann/json.hpp>

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
  Json exchanges = Json::object();
  for (const auto& [kind, e] : n.exchanges) exchanges[kind] = {e.calls, e.time.count()};
  return {{"busy", busy},
          {"communication", n.communication.count()},
          {"exposed", n.exposed.count()},
          {"bytes_sent", n.bytes_sent},
          {"messages", n.messages},
          {"exchanges", exchanges}};
}

NodeStatistics parse_node(const Json& j) {
  NodeStatistics n;
  for (std::size_t i = 0; i < n.busy.size(); ++i)
    n.busy[i] = Duration(j.at("busy").at(i).get<std::int64_t>());
  n.communication = Duration(j.at("communication").get<std::int64_t>());
  n.exposed = Duration(j.at("exposed").get<std::int64_t>());
  n.bytes_sent = j.at("bytes_sent").get<std::int64_t>();
  n.messages = j.at("messages").get<std::int64_t>();
  if (!j.contains("exchanges")) return n;
  for (const auto& [kind, e] : j.at("exchanges").items())
    n.exchanges[kind] = {e.at(0).get<std::int64_t>(), Duration(e.at(1).get<std::int64_t>())};
  return n;
}

Json to_json(const LinkStatistics& l) {
  return Json::array({l.bytes, l.messages, l.busy.count(), l.queueing.count(), l.lost_packets,
                      l.corrupted_packets, l.duplicated_packets, l.dropped_packets,
                      l.down.count()});
}

LinkStatistics parse_link(const Json& j) {
  const auto at = [&](std::size_t i) { return j.at(i).get<std::int64_t>(); };
  return {.bytes = at(0),
          .messages = at(1),
          .busy = Duration(at(2)),
          .queueing = Duration(at(3)),
          .lost_packets = at(4),
          .corrupted_packets = at(5),
          .duplicated_packets = at(6),
          .dropped_packets = at(7),
          .down = Duration(at(8))};
}

}  // namespace

Json to_json(const WorldSnapshot& world) {
  Json j{{"time", world.time.time_since_epoch().count()}};
  j["samples"] = Json::array();
  for (const auto& node : world.samples) {
    Json samples = Json::array();
    for (const Sample& s : node) samples.push_back(to_json(s));
    j["samples"].push_back(std::move(samples));
  }
  j["nodes"] = Json::array();
  for (const NodeStatistics& n : world.nodes) j["nodes"].push_back(to_json(n));
  j["links"] = Json::array();
  for (const LinkStatistics& l : world.links) j["links"].push_back(to_json(l));
  return j;
}

WorldSnapshot parse_world(const Json& j) {
  WorldSnapshot world;
  world.time = TimePoint(Duration(j.at("time").get<std::int64_t>()));
  for (const Json& node : j.at("samples")) {
    auto& samples = world.samples.emplace_back();
    for (const Json& sample : node) samples.push_back(parse_sample(sample));
  }
  for (const Json& node : j.at("nodes")) world.nodes.push_back(parse_node(node));
  for (const Json& link : j.at("links")) world.links.push_back(parse_link(link));
  return world;
}

}  // namespace understudy
