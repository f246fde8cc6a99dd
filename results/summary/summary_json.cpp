#include <nlohmann/json.hpp>

#include "results/summary/summary.hpp"
#include "results/summary/summary_emulation.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

Json flows_json(const std::vector<FlowTimes>& flows) {
  Json list = Json::array();
  for (const FlowTimes& f : flows) {
    list.push_back({{"flow", f.flow},
                    {"start_s", f.start_s},
                    {"finish_s", f.delivered ? Json(f.finish_s) : Json()},
                    {"rate", f.delivered ? Json(f.rate) : Json()}});
  }
  return list;
}

Json to_json(const std::map<std::string, BootstrapInterval>& intervals) {
  Json json = Json::object();
  for (const auto& [metric, interval] : intervals) {
    json[metric] = {{"low", interval.low},
                    {"high", interval.high},
                    {"clients", interval.clients},
                    {"resamples", interval.resamples}};
  }
  return json;
}

Json to_json(const RepeatSummary& r) {
  Json json{{"seed", r.seed},
            {"final", Json::object()},
            {"time_s", r.time_s},
            {"compute_s", r.compute_s},
            {"communication_s", r.communication_s},
            {"exposed_communication_s", r.exposed_communication_s},
            {"bytes_sent", r.bytes_sent},
            {"messages", r.messages},
            {"steps", r.steps},
            {"weights_hash", r.weights_hash},
            {"wall_s", r.wall_s},
            {"repeat", r.repeat},
            {"critical_compute_s", r.critical_compute_s},
            {"critical_exposed_communication_s", r.critical_exposed_communication_s},
            {"utilisation", r.utilisation},
            {"phases_s", r.phases_s}};
  for (const auto& [name, value] : r.final) json["final"][name] = value;
  if (r.epoch_time_s) json["epoch_time_s"] = *r.epoch_time_s;
  if (r.weights_of) json["weights_of"] = {r.weights_of->run, r.weights_of->repeat};
  if (!r.over_clients.empty()) json["bootstrap95"] = to_json(r.over_clients);
  if (r.emulation) json["emulation"] = emulation_json(*r.emulation);
  if (!r.flows.empty()) json["flows"] = flows_json(r.flows);
  return json;
}

Json to_json(const RunSummary& run) {
  Json json{{"overrides", Json::object()},
            {"repeats", Json::array()},
            {"mean", Json::object()},
            {"ci95", Json::object()},
            {"label", run.label},
            {"world", run.workers},
            {"machines", run.machines},
            {"mode", name(run.mode)},
            {"cost", run.declared_cost ? "declared" : "measured"}};
  for (const Override& o : run.overrides) json["overrides"][o.key] = o.value;
  for (const RepeatSummary& repeat : run.repeats) json["repeats"].push_back(to_json(repeat));
  for (const auto& [name, estimate] : run.statistics) {
    json["mean"][name] = estimate.mean;
    json["ci95"][name] = estimate.half_width;  // NaN becomes null
  }
  if (const Estimate* simulated = run.predicted_time()) {
    const Prediction& p = *run.prediction;
    json["prediction"] = {{"closed_form_s", p.closed_form_s},
                          {"stragglers_s", p.stragglers_s},
                          {"contention_s", p.contention_s},
                          {"other_s", simulated->mean - p.undisturbed_s()},
                          {"simulated_s", simulated->mean}};
  }
  if (!run.over_seeds_and_clients.empty())
    json["bootstrap95"] = to_json(run.over_seeds_and_clients);
  if (run.speed_up) json["speed_up"] = *run.speed_up;
  if (run.one_worker_accuracy) json["one_worker_accuracy"] = run.one_worker_accuracy->mean;
  return json;
}

}  // namespace

Json to_json(const Summary& summary) {
  Json json{{"name", summary.name}, {"runs", Json::array()}};
  for (const RunSummary& run : summary.runs) json["runs"].push_back(to_json(run));
  return json;
}

}  // namespace understudy
