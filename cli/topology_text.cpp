#include "cli/topology_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "results/report/text_table.hpp"
#include "topologies/analysis/readable.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

std::string rate_text(double bits_per_s) { return readable(Bandwidth{bits_per_s}); }
std::string text(const std::optional<double>& eigenvalue) {
  return eigenvalue ? fmt::format("{:.4g}", *eigenvalue) : "unknown";
}

std::string hops_text(const Distances& d) {
  if (d.hops.exact()) return fmt::format("{}", d.hops.low);
  return fmt::format("{} to {}", d.hops.low, d.hops.high);
}
std::string latency_text(const Distances& d) {
  if (d.latency.exact()) return readable(d.latency.low);
  return fmt::format("{} to {}", readable(d.latency.low), readable(d.latency.high));
}
std::string mean_text(const Distances& d) {
  return (d.sources < d.nodes ? "about " : "") + readable(d.mean_route_latency);
}
std::string bisection_text(const std::optional<Bisection>& bisection) {
  if (!bisection) return "none";
  return (bisection->proof == Proof::kNone ? "at most " : "") +
         rate_text(bisection->bits_per_s.high);
}

std::string connected_text(const TopologyStatistics& s) {
  return s.components == 1 ? "yes" : fmt::format("no, {} components", s.components);
}

const char* bounds_note(bool exact) {
  return exact ? "" : "bounds, from sweeps that start where the last one was farthest";
}

void add_distances(const Distances& d, bool of_nodes, std::vector<Row>& rows) {
  rows.push_back({"diameter", hops_text(d) + (d.hops.exact() && d.hops.low == 1 ? " hop" : " hops"),
                  bounds_note(d.hops.exact())});
  rows.push_back({"diameter in latency", latency_text(d), bounds_note(d.latency.exact())});
  const char* ends = of_nodes ? "nodes" : "vertices";
  rows.push_back({"mean route latency", mean_text(d),
                  d.sources < d.nodes ? fmt::format("between {}; from a sample of {} of {}", ends,
                                                    d.sources, d.nodes)
                                      : fmt::format("between {}", ends)});
}

std::string bisection_note(const Bisection& b) {
  switch (b.proof) {
    case Proof::kSearch:
      return "exact, by a search over all halves";
    case Proof::kSpectrum:
      return "exact, as it meets the spectral bound";
    case Proof::kNone:
      break;
  }
  constexpr const char* kFound = "the least of three splits, each refined";
  if (b.bits_per_s.low <= 0) return kFound;
  return fmt::format("{}; at least {}, the spectral bound", kFound, rate_text(b.bits_per_s.low));
}

std::string gap_note(const TopologyStatistics& s) {
  if (!s.neighbour_pairs) return "too many pairs of neighbours";
  return fmt::format("of Metropolis mixing; {} {} of neighbours", *s.neighbour_pairs,
                     *s.neighbour_pairs == 1 ? "pair" : "pairs");
}

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

void add_distances(const std::optional<Distances>& d, Json& out) {
  for (const char* key : {"diameter_hops", "diameter_hops_upper_bound", "diameter_s",
                          "diameter_upper_bound_s", "mean_route_latency_s", "mean_route_sources"})
    out[key] = nullptr;
  if (!d) return;
  out["diameter_hops"] = d->hops.low;
  out["diameter_hops_upper_bound"] = d->hops.high;
  out["diameter_s"] = to_seconds(d->latency.low);
  out["diameter_upper_bound_s"] = to_seconds(d->latency.high);
  out["mean_route_latency_s"] = to_seconds(d->mean_route_latency);
  out["mean_route_sources"] = d->sources;
}

void add_bisection(const std::optional<Bisection>& b, Json& out) {
  out["bisection_bit_per_s"] = b ? Json(b->bits_per_s.high) : Json(nullptr);
  out["bisection_lower_bound_bit_per_s"] = b ? Json(b->bits_per_s.low) : Json(nullptr);
  out["bisection_proof"] = !b                             ? Json(nullptr)
                           : b->proof == Proof::kSearch   ? Json("search")
                           : b->proof == Proof::kSpectrum ? Json("spectrum")
                                                          : Json("none");
}

Json statistics_json(const MeasuredTopology& topology) {
  const TopologyStatistics& s = topology.statistics;
  Json overrides = Json::object();
  for (const Override& o : topology.overrides) overrides[o.key] = o.value;
  Json out{{"overrides", overrides},    {"vertices", s.vertices}, {"links", s.links},
           {"cables", s.cables},        {"nodes", s.nodes},       {"connected", s.components == 1},
           {"components", s.components}};
  add_distances(s.distances, out);
  add_bisection(s.bisection, out);
  out["algebraic_connectivity"] = number(s.algebraic_connectivity);
  out["neighbour_pairs"] = s.neighbour_pairs ? Json(*s.neighbour_pairs) : Json(nullptr);
  out["metropolis_spectral_gap"] = number(s.spectral_gap);
  return out;
}

// Keys that may make a topology what it is, where they are not the same for all.
std::vector<std::string> topology_keys(const std::vector<MeasuredTopology>& topologies) {
  std::vector<Overrides> runs;
  for (const MeasuredTopology& topology : topologies) {
    Overrides& kept = runs.emplace_back();
    for (const Override& o : topology.overrides) {
      if (o.is_label || o.key == "topology" || lies_within(o.key, "topology")) kept.push_back(o);
    }
  }
  std::vector<std::string> keys = override_keys(runs);
  std::erase_if(keys, [&](const std::string& key) {
    return std::all_of(runs.begin(), runs.end(), [&](const Overrides& run) {
      return value_of(run, key) == value_of(runs.front(), key);
    });
  });
  return keys;
}

}  // namespace

std::string statistics_text(const TopologyStatistics& s) {
  std::vector<Row> rows{{"nodes", std::to_string(s.nodes), ""},
                        {"vertices", std::to_string(s.vertices), ""},
                        {"links", std::to_string(s.links), fmt::format("in {} cables", s.cables)},
                        {"connected", connected_text(s), ""}};
  if (s.distances) add_distances(*s.distances, s.nodes > 0, rows);
  if (s.bisection)
    rows.push_back(
        {"bisection bandwidth", bisection_text(s.bisection), bisection_note(*s.bisection)});
  if (s.vertices > 1)
    rows.push_back({"algebraic connectivity", text(s.algebraic_connectivity), "of the vertices"});
  if (s.nodes > 1 || (s.nodes == 0 && s.vertices > 1))
    rows.push_back({"spectral gap", text(s.spectral_gap), gap_note(s)});
  return text_table(rows);
}

std::string comparison_text(const std::vector<MeasuredTopology>& topologies) {
  const std::vector<std::string> keys = topology_keys(topologies);
  Row head;
  for (const std::string& key : keys) head.push_back(heading(key, keys));
  for (const char* quantity : {"all nodes", "vertices", "links", "hops", "latency", "mean latency",
                               "bisection", "connectivity", "gap"})
    head.emplace_back(quantity);
  std::vector<Row> rows{head};
  for (const MeasuredTopology& topology : topologies) {
    const TopologyStatistics& s = topology.statistics;
    Row& row = rows.emplace_back();
    for (const std::string& key : keys) row.push_back(value_of(topology.overrides, key));
    for (const std::size_t count : {s.nodes, s.vertices, s.links})
      row.push_back(std::to_string(count));
    row.push_back(s.distances ? hops_text(*s.distances) : "cut");
    row.push_back(s.distances ? latency_text(*s.distances) : "cut");
    row.push_back(s.distances ? mean_text(*s.distances) : "cut");
    row.push_back(bisection_text(s.bisection));
    row.push_back(s.vertices > 1 ? text(s.algebraic_connectivity) : "none");
    row.push_back(s.nodes > 1 ? text(s.spectral_gap) : "none");
  }
  return text_table(rows);
}

Json topologies_json(const std::vector<MeasuredTopology>& topologies) {
  Json all = Json::array();
  for (const MeasuredTopology& topology : topologies) all.push_back(statistics_json(topology));
  return Json{{"topologies", all}};
}

}  // namespace understudy
