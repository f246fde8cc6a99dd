#include "scenarios/catalogue.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "scenarios/describe/scenario.hpp"

namespace understudy {
namespace {

template <class Entries>
std::vector<CatalogueEntry> entries(const Entries& named) {
  std::vector<CatalogueEntry> out;
  for (const auto& entry : named) out.push_back({entry.name, entry.doc});
  return out;
}

std::vector<CatalogueEntry> datasets() {
  std::vector<CatalogueEntry> out = entries(kDatasets);
  for (const CatalogueEntry& table : entries(kTabularDatasets)) out.push_back(table);
  return out;
}

std::vector<CatalogueEntry> devices() {
  std::vector<CatalogueEntry> out = {
      {"cuda:N", "This host's GPU N; modes emulated and real, GPU build."},
      {"cuda", "The GPU whose number is the rank's among those of its host."}};
  for (const std::string& name : builtin_profile_names()) {
    out.push_back({name, name == "ideal"
                             ? "Computes in no time."
                             : "A declared profile; sources in sim/device/profile.cpp."});
  }
  return out;
}

std::vector<CatalogueEntry> algorithms() {
  std::vector<CatalogueEntry> out = entries(kFederatedNames);
  for (CatalogueEntry entry : entries(kGossipNames)) {
    entry.doc = "gossip: " + entry.doc;
    out.push_back(std::move(entry));
  }
  return out;
}

using Lister = std::function<std::vector<CatalogueEntry>()>;
const std::vector<std::pair<std::string, Lister>>& listers() {
  static const std::vector<std::pair<std::string, Lister>> all = {
      {"workloads", [] { return entries(kWorkloadKinds); }},
      {"models", [] { return entries(kModels); }},
      {"strategies", [] { return entries(kStrategyKinds); }},
      {"collectives", [] { return entries(kCollectiveNames); }},
      {"networks", [] { return entries(kNetworkKinds); }},
      {"topologies", [] { return entries(kTopologyKinds); }},
      {"devices", devices},
      {"datasets", datasets},
      {"algorithms", algorithms}};
  return all;
}

}  // namespace

std::vector<std::string> catalogue_kinds() {
  std::vector<std::string> kinds;
  for (const auto& [kind, list] : listers()) kinds.push_back(kind);
  return kinds;
}

std::vector<CatalogueEntry> catalogue(const std::string& kind) {
  for (const auto& [name, list] : listers()) {
    if (name == kind) return list();
  }
  const std::vector<std::string> known = catalogue_kinds();
  const std::string nearest = nearest_name(kind, known);
  throw ScenarioError(fmt::format("list: '{}' is no kind of thing to list{}", kind,
                                  nearest.empty()
                                      ? fmt::format(" (one of {})", fmt::join(known, ", "))
                                      : fmt::format("; did you mean '{}'?", nearest)));
}

}  // namespace understudy
