#include <nlohmann/json.hpp>

#include "results/compare/equivalence.hpp"
#include "results/summary/summary_emulation.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

const char* word(Sameness sameness) {
  switch (sameness) {
    case Sameness::kSame:
      return "equal";
    case Sameness::kDifferent:
      return "different";
    case Sameness::kNothingToCompare:
      break;
  }
  return "none";
}

Json to_json(const Paired& pair) {
  const auto error = pair.error();
  return {{"predicted", pair.predicted},
          {"measured", pair.measured},
          {"error", error ? Json(*error) : Json()}};
}

Json to_json(const PairedSteps& s) {
  return {{"metric", s.metric},    {"count", s.count},           {"median_error", s.median},
          {"p90_error", s.p90},    {"largest_error", s.largest}, {"largest_node", s.node},
          {"largest_step", s.step}};
}

Json to_json(const PairedRepeat& r) {
  Json json{{"repeat", r.repeat},
            {"time_s", to_json(r.time_s)},
            {"compute_s", to_json(r.compute_s)},
            {"phases_s", Json::object()},
            {"exchanges", Json::array()}};
  for (const auto& [phase, pair] : r.phases_s) json["phases_s"][phase] = to_json(pair);
  for (const PairedExchange& e : r.exchanges) {
    json["exchanges"].push_back({{"kind", e.kind},
                                 {"predicted_calls", e.predicted_calls},
                                 {"measured_calls", e.measured_calls},
                                 {"mean_s", to_json(e.mean_s)}});
  }
  if (r.steps) json["steps"] = to_json(*r.steps);
  json["weights"] = word(r.weights);
  json["records"] = word(r.records);
  if (!r.first_difference.empty()) json["first_difference"] = r.first_difference;
  json["messages"] = to_json(r.messages);
  json["bytes"] = to_json(r.bytes);
  if (r.emulation) json["emulation"] = emulation_json(*r.emulation);
  return json;
}

Json to_json(const PairedRun& run) {
  Json json{{"label", run.label},
            {"predicted_mode", name(run.predicted_mode)},
            {"measured_mode", name(run.measured_mode)},
            {"predicted_cost", run.predicted_declares ? "declared" : "measured"},
            {"measured_cost", run.measured_declares ? "declared" : "measured"},
            {"wanted_repeats", run.wanted},
            {"repeats", Json::array()}};
  if (!run.difference.empty()) json["difference"] = run.difference;
  for (const PairedRepeat& repeat : run.repeats) json["repeats"].push_back(to_json(repeat));
  return json;
}

}  // namespace

Json to_json(const Equivalence& all) {
  Json json{{"predicted", all.predicted_path},
            {"measured", all.measured_path},
            {"runs", Json::array()},
            {"only_predicted", all.only_predicted},
            {"only_measured", all.only_measured}};
  for (const PairedRun& run : all.runs) json["runs"].push_back(to_json(run));
  if (const auto largest = largest_error(all))
    json["largest_error"] = {{"error", largest->error}, {"where", largest->where}};
  json["verdict"] = verdict(all);
  return json;
}

}  // namespace understudy
