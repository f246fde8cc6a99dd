#include "results/experiment/selfcheck.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/experiment/parabolas.hpp"
#include "results/experiment/unit_runner.hpp"
#include "scenarios/sweep.hpp"

namespace understudy {
namespace {

namespace p = parabolas;
constexpr double kTolerance = 1e-9;
constexpr std::size_t kServer = 3;  // its rank in a star of three

struct Case {
  std::string area, name;
  std::string scenario;
  std::string metric;
  std::size_t node = 0;
  double expected = 0;
};

std::string parabolas_text(const std::string& more = {}) {
  return fmt::format("workload: {{kind: quadratic, a: [1, 4, 2], b: [0, 3, -2], start: {}{}}}\n",
                     p::kStartX, more);
}
std::string in_rounds(const std::string& kind, const std::string& strategy) {
  return fmt::format("strategy: {{kind: {}, rounds: {}, local_steps: {}, lr: {}, algorithm: {}}}\n",
                     kind, p::kRounds, p::kSteps, p::kLr, strategy);
}
std::string around_a_server(const std::string& strategy, const std::string& workload) {
  return "topology: {kind: star, nodes: 3, latency: 10ms, device: cpu}\n" + workload +
         in_rounds("federated", strategy);
}

class Cases {
 public:
  std::vector<Case> take() && { return std::move(cases_); }

  void federated() {
    server("fedavg", p::fedavg());
    server("fedprox, mu: 0.5", p::fedprox(0.5));
    server("scaffold, server_lr: 0.8", p::scaffold(0.8));
    server("fedadam, server_lr: 0.3, beta1: 0.9, beta2: 0.99, tau: 0.01",
           p::fedadam(0.3, 0.9, 0.99, 0.01));
    both("per_fedavg, inner_lr: 0.05", p::per_fedavg(0.05, false));
    both("per_fedavg_hf, inner_lr: 0.05", p::per_fedavg(0.05, true));
    both("fedper", p::fedper(), ", layers: 2");
    both("fedrep", p::fedper(), ", layers: 2");
    both("apfl, mixing: 0.3", p::apfl(0.3));
    both("ditto, lambda: 0.7", p::ditto(0.7));
    server("loss_weighted, sharpness: 0.2", p::loss_weighted(0.2));
    server("superfed_mm, personal_from: 1, mu: 0.4", p::superfed_before_mixing(0.4));
    superfed();
    server("fedavg, upload: {kind: top_k, share: 1}", p::fedavg());
    server("fedavg, aggregation: buffered, buffer: 3", p::fedavg());
    server("fedavg, availability: {kind: bernoulli, probability: 1}", p::fedavg());
  }

  void gossip() {
    nodes("averaging", p::averaging_on_a_complete_graph());
    nodes("averaging, mixing: metropolis", p::averaging_on_a_path(), "path");
    nodes("d_psgd", p::d_psgd_on_a_complete_graph());
    const std::string one = ", eigenpairs: 1";
    nodes("connect, variant: published" + one, p::averaging_on_a_complete_graph());
    nodes("connect, variant: low_loss" + one, p::connect([](double) { return 0.0; }));
    const auto damped = p::connect([](double curvature) { return 1 / (curvature + 1); });
    nodes("connect, variant: damped, damping: 1" + one, damped);
    nodes("connect, variant: damped, damping: 1, curvature: hutchinson", damped);
  }

  void collectives() {
    for (const std::string collective :
         {"ring", "tree", "halving_doubling", "parameter_server", "hierarchical"}) {
      const std::string text =
          "topology: {kind: cluster, machines: 3, device: cpu}\n" +
          parabolas_text(fmt::format(", updates: 20, optimizer: {{kind: sgd, lr: {}}}", p::kLr)) +
          fmt::format("strategy: {{kind: allreduce, collective: {}}}\n", collective);
      cases_.push_back({"collective", collective, text, "x", 0, p::gradient_descent(20)});
    }
  }

 private:
  void server(const std::string& strategy, const p::End& end, const std::string& layers = {}) {
    const std::string text = around_a_server(strategy, parabolas_text(layers));
    cases_.push_back({"federated", strategy, text, "x", kServer, end.server});
  }
  void both(const std::string& strategy, const p::End& end, const std::string& layers = {}) {
    server(strategy, end, layers);
    const std::string text = cases_.back().scenario;
    for (std::size_t i = 0; i < 3; ++i)
      cases_.push_back({"federated", strategy, text, "personal_x", i, end.personal[i]});
  }
  // With one minimum for all, whatever lambda is drawn leads there.
  void superfed() {
    for (const std::string algorithm : {"superfed_mm", "superfed_lm"}) {
      const std::string text =
          "topology: {kind: star, nodes: 3, latency: 10ms, device: cpu}\n"
          "workload: {kind: quadratic, a: [1, 4, 2], b: [1.5], start: 5}\n"
          "strategy: {kind: federated, rounds: 2000, local_steps: 3, lr: 0.1, mu: 0, algorithm: " +
          algorithm + "}\n";
      cases_.push_back({"federated", algorithm, text, "x", kServer, 1.5});
      cases_.push_back({"federated", algorithm, text, "personal_x", 1, 1.5});
    }
  }
  void nodes(const std::string& strategy, const std::array<double, 3>& x,
             const std::string& topology = "mesh") {
    const std::string link = topology == "mesh" ? ", latency: 10ms" : "";
    const std::string text =
        fmt::format("topology: {{kind: {}, nodes: 3{}, device: cpu}}\n", topology, link) +
        parabolas_text() + in_rounds("gossip", strategy);
    for (std::size_t i = 0; i < 3; ++i) cases_.push_back({"gossip", strategy, text, "x", i, x[i]});
  }

  std::vector<Case> cases_;
};

Unit unit_of(const std::string& text) {
  const auto runs = expand(parse_document(text, "selfcheck"));
  UnitTask task;
  task.scenario = &runs.at(0).scenario;
  return run_unit(task);
}

double last(const Unit& unit, std::size_t node, const std::string& metric) {
  double value = std::nan("");
  for (const Sample& s : unit.samples.at(node)) {
    if (s.name == metric) value = s.value;
  }
  return value;
}

std::string about(const Case& c) {
  return c.node == kServer ? "x of the server" : fmt::format("{} of node {}", c.metric, c.node);
}

}  // namespace

std::vector<SelfCheck> run_self_checks() {
  Cases cases;
  cases.federated();
  cases.gossip();
  cases.collectives();
  std::vector<SelfCheck> checks;
  std::string ran;
  Unit unit;
  for (const Case& c : std::move(cases).take()) {
    if (c.scenario != ran) unit = unit_of(c.scenario);
    ran = c.scenario;
    const double found = last(unit, c.node, c.metric);
    const double allowed = kTolerance * std::max(1.0, std::abs(c.expected));
    checks.push_back(
        {c.area, c.name, about(c), c.expected, found, std::abs(found - c.expected) <= allowed});
  }
  return checks;
}

}  // namespace understudy
