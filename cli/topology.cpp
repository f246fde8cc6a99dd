// `understudy topology FILE`: what a topology is like, in numbers and as a drawing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/graphviz.hpp"
#include "cli/topology_text.hpp"
#include "results/experiment/run_directory.hpp"
#include "scenarios/scenario_yaml.hpp"
#include "topologies/analysis/dot.hpp"

namespace understudy {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> sets;
  std::string svg;
};

// The kind of topology that a file is by itself; empty for a scenario.
std::string kind_of_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ScenarioError(fmt::format("{}: cannot be read", path));
  if (path.ends_with(".graphml")) return "graphml";
  if (path.ends_with(".csv")) return "latency_matrix";
  char first = 0;
  file >> first;
  return first == '<' || first == '\xef' ? "graphml" : "";  // the latter a byte order mark
}

// As a scenario says it that consists of such a file.
TopologyConfig topology_of_file(const std::string& kind, const Options& options) {
  Document document{.source = options.file, .root = {.kind = YamlValue::Kind::kMap}};
  const auto set = [&](const char* key, const std::string& text) {
    assign(document.root, key,
           {.kind = YamlValue::Kind::kScalar, .quoted = true, .text = text, .line = 1});
  };
  set("topology.kind", kind);
  set("topology.file", options.file);
  for (const std::string& argument : options.sets) apply_set(document, argument);
  return read_scenario(document).topology;
}

// What devices nodes have changes nothing here.
std::string identity(const Scenario& scenario) {
  auto topology = to_json(scenario)["topology"];
  topology.erase("device");
  return topology.dump();
}

std::vector<MeasuredTopology> distinct_topologies(const Options& options) {
  const std::string kind = kind_of_file(options.file);
  if (!kind.empty()) return {{{}, topology_of_file(kind, options)}};
  std::vector<MeasuredTopology> distinct;
  std::vector<std::string> seen;
  for (const ExpandedRun& run : load_experiment(options.file, options.sets).runs) {
    const std::string id = identity(run.scenario);
    if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
    seen.push_back(id);
    distinct.push_back({run.overrides, run.scenario.topology});
  }
  return distinct;
}

// Where it takes longer than a moment, and somebody watches.
TopologyStatistics measure(const Topology& topology) {
  constexpr std::size_t kMany = 50'000;
  const bool says_so =
      topology.vertices().size() + topology.links().size() > kMany && isatty(STDERR_FILENO) == 1;
  if (says_so) std::cerr << fmt::format("measuring {} vertices", topology.vertices().size());
  const TopologyStatistics statistics = statistics_of(topology);
  if (says_so) std::cerr << "\r\033[K";
  return statistics;
}

void show(const Options& options, const Session& session) {
  std::vector<MeasuredTopology> topologies = distinct_topologies(options);
  if (!options.svg.empty() && topologies.size() > 1) {
    throw ScenarioError(
        fmt::format("{}: --svg draws one topology, and this sweep has {}; choose one with --set",
                    options.file, topologies.size()));
  }
  for (MeasuredTopology& topology : topologies) {
    const Topology made = make_topology(topology.config);
    topology.statistics = measure(made);
    if (!options.svg.empty()) write_whole(options.svg, svg_of(dot_of(made)));
  }
  if (session.json) {
    std::cout << topologies_json(topologies).dump(2) << '\n';
  } else if (topologies.size() == 1) {
    std::cout << statistics_text(topologies.front().statistics);
  } else {
    std::cout << comparison_text(topologies);
  }
}

}  // namespace

void add_topology(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "topology", "Measure and draw a topology: of a scenario, a GraphML file or a latency matrix");
  auto options = std::make_shared<Options>();
  command
      ->add_option("file", options->file,
                   "A scenario, a graph in GraphML, or a CSV matrix of round-trip times")
      ->required();
  command->add_option("--set", options->sets, "section.key=value, over the file; repeatable")
      ->allow_extra_args(false);
  command->add_option("--svg", options->svg, "Draw it with Graphviz into this file");
  add_common_flags(*command, session);
  command->callback([options, &session] { show(*options, session); });
}

}  // namespace understudy
