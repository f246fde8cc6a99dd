// A scenario as YAML and JSON.
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "scenarios/describe/json_writer.hpp"
#include "scenarios/scenario_yaml.hpp"
#include "topologies/neighbour_lists.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

bool is_leaf(const Json& value) { return !value.is_structured(); }

// Numbers as JSON writes them, which is the shortest text; texts in quotes only where YAML needs
// them.
void emit(YAML::Emitter& out, const Json& value, int depth) {
  if (value.is_null()) {
    out << YAML::Null;
    return;
  }
  if (is_leaf(value)) {
    out << (value.is_string() ? value.get<std::string>() : value.dump());
    return;
  }
  const bool flow = value.empty() ||
                    (depth > 1 && std::all_of(value.begin(), value.end(), is_leaf)) ||
                    (value.is_array() && std::all_of(value.begin(), value.end(), is_leaf));
  if (flow) out << YAML::Flow;
  if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const Json& item : value) emit(out, item, depth + 1);
    out << YAML::EndSeq;
    return;
  }
  out << YAML::BeginMap;
  for (const auto& [key, item] : value.items()) {
    out << YAML::Key << key << YAML::Value;
    emit(out, item, depth + 1);
  }
  out << YAML::EndMap;
}

}  // namespace

Json to_json(const Scenario& scenario) {
  Scenario copy = scenario;
  return JsonWriter(Selection::kEverything).json(copy, {});
}

std::string write_yaml(const Scenario& scenario) {
  YAML::Emitter out;
  emit(out, to_json(scenario), 0);
  return std::string(out.c_str(), out.size()) + "\n";
}

std::string training_key(const Scenario& scenario) {
  Scenario copy = scenario;
  Json key = JsonWriter(Selection::kTrainingKeys).json(copy, {});
  const Seating seats = seating(scenario.topology);
  key["workers"] = seats.workers;
  // Nor does what one node would send.
  if (seats.workers == 1 && std::holds_alternative<TransferConfig>(scenario.strategy)) {
    for (const char* unused : {"precision", "collective", "reduction"})
      key["strategy"].erase(unused);
  }
  const auto* strategy = std::get_if<AllreduceConfig>(&scenario.strategy);
  if (strategy != nullptr) {
    const CollectiveConfig& collective = strategy->collective;
    const bool ordered = collective.reduction == Reduction::kOrdered;
    // Nothing is added up on one worker, and an ordered sum is the same whoever adds it.
    if (seats.workers == 1) key["strategy"].erase("reduction");
    if (seats.workers == 1 || ordered) key["strategy"].erase("collective");
    if (seats.workers == 1 || ordered || collective.kind != CollectiveKind::kParameterServer)
      key["strategy"].erase("server");
    if (seats.workers == 1 || !library_of(collective)) key["strategy"].erase("inside");
    if (seats.workers > 1 && !ordered && collective.kind == CollectiveKind::kHierarchical) {
      key["workers_per_machine"] = seats.workers_per_machine;
      if (!seats.machine_of.empty()) key["machine_of"] = seats.machine_of;
    }
  }
  // Who is whose neighbour decides what is averaged.
  if (std::holds_alternative<GossipConfig>(scenario.strategy))
    key["neighbours"] = neighbour_lists(make_topology(scenario.topology));
  if (seats.workers == 1 && std::holds_alternative<ImageClassifierConfig>(scenario.workload)) {
    key["workload"].erase("batch_scope");
    key["workload"].erase("lr_scaling");
  }
  return key.dump();
}

}  // namespace understudy
