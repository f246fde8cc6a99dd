#include "results/experiment/prediction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "results/experiment/estimate.hpp"
#include "results/experiment/unit_runner.hpp"
#include "runtime/collectives/closed_form.hpp"
#include "runtime/learners/model.hpp"
#include "runtime/training/bucket.hpp"
#include "runtime/training/optimizer.hpp"
#include "runtime/workloads/image_data.hpp"

namespace understudy {
namespace {

using Pairs = std::vector<std::pair<Rank, Rank>>;

// What a message of `bytes` is on the wire, over what it is by itself.
double overhead_factor(const PacketConfig& packet) {
  if (packet.payload.count == 0) return 1;
  return 1 + static_cast<double>(packet.overhead.count) / static_cast<double>(packet.payload.count);
}

class Predictor {
 public:
  explicit Predictor(const Scenario& scenario)
      : scenario_(scenario),
        topology_(make_topology(scenario.topology)),
        collective_(std::get<AllreduceConfig>(scenario.strategy).collective),
        device_(find_profile(scenario.devices, device_name())) {
    topology_.use_routing(conditions_of(scenario.network).routing);
    world_.members = members_of(topology_);
    if (collective_.server != ServerPlacement::kDedicated) world_.members.server.reset();
    world_.bottleneck = [this](const Pairs& pairs) { return bottleneck(pairs); };
    world_.adding_s = [this](double bytes) { return adding_s(bytes); };
  }

  Prediction predict() const {
    const ClosedForm form = is_training() ? update() : of_collective(collective_bytes());
    const double ideal = replayed_s(ideal_network());
    const double own = replayed_s(undisturbed());
    return {form.shared_s, ideal - form.alone_s, own - ideal - (form.shared_s - form.alone_s)};
  }

 private:
  bool is_training() const {
    return std::holds_alternative<ImageClassifierConfig>(scenario_.workload);
  }
  double collective_bytes() const {
    return static_cast<double>(std::get<CollectiveBenchmarkConfig>(scenario_.workload).bytes.count);
  }
  std::string device_name() const {
    const std::string& name = topology_.places().front().device;
    return name.empty() ? "ideal" : name;
  }

  ClosedForm of_collective(double bytes) const { return closed_form(collective_, world_, bytes); }

  AlphaBeta bottleneck(const Pairs& pairs) const {
    AlphaBeta worst{0, std::numeric_limits<double>::infinity()};
    const auto places = topology_.places();
    const double factor = overhead_factor(conditions_of(scenario_.network).packet);
    const auto look = [&](Rank from, Rank to) {
      double latency_s = 0;
      for (const LinkId id :
           topology_.route(places[from.index()].vertex, places[to.index()].vertex)) {
        const Link& link = topology_.links()[id.index()];
        latency_s += to_seconds(link.latency);
        worst.bytes_per_s = std::min(worst.bytes_per_s, link.bandwidth.bytes_per_s() / factor);
      }
      worst.latency_s = std::max(worst.latency_s, latency_s);
    };
    for (const auto& [a, b] : pairs) look(a, b), look(b, a);
    return worst;
  }
  double adding_s(double bytes) const {
    KernelCost kernel;
    kernel.phase = Phase::kReduce;
    kernel.flops = bytes / sizeof(float);
    kernel.bytes = 3 * bytes;
    return to_seconds(device_.time(kernel));
  }

  // Backward fires the buckets' marks; a bucket's exchange starts once it is ready and the one
  // before has ended; the update waits for both.
  ClosedForm update() const {
    const auto& config = std::get<ImageClassifierConfig>(scenario_.workload);
    const AllreduceConfig& exchange = std::get<AllreduceConfig>(scenario_.strategy);
    const auto batch = static_cast<std::size_t>(work_of(scenario_).samples_per_gradient);
    const Model model = make_model(config.model, config.dropout, expected_shape(config));
    const Layout layout = make_layout(model);
    const auto buckets = make_buckets(layout, exchange.bucket, sizeof(float));
    double computed = to_seconds(device_.time(load_cost(batch)));
    std::vector<double> ready(buckets.size(), 0);
    for (const KernelCost& kernel : mark_buckets(training_cost(model, batch), buckets)) {
      computed += to_seconds(device_.time(kernel));
      if (kernel.mark) ready[static_cast<std::size_t>(*kernel.mark)] = computed;
    }
    ClosedForm sent{0, 0};
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      const double start = exchange.overlap ? ready[b] : computed;
      const ClosedForm bucket =
          of_collective(static_cast<double>(buckets[b].count * sizeof(float)));
      sent = {std::max(start, sent.alone_s) + bucket.alone_s,
              std::max(start, sent.shared_s) + bucket.shared_s};
    }
    double step = 0;
    for (const KernelCost& kernel :
         Sgd<float>(std::get<SgdConfig>(config.optimizer), layout).cost())
      step += to_seconds(device_.time(kernel));
    return {std::max(computed, sent.alone_s) + step, std::max(computed, sent.shared_s) + step};
  }

  NetworkConfig ideal_network() const {
    const NetworkConditions& now = conditions_of(scenario_.network);
    return IdealConfig{.conditions = {.routing = now.routing, .packet = now.packet}};
  }
  NetworkConfig undisturbed() const {
    NetworkConfig network = scenario_.network;
    const NetworkConditions& now = conditions_of(scenario_.network);
    std::visit(
        [&](auto& kind) { kind.conditions = {.routing = now.routing, .packet = now.packet}; },
        network);
    if (auto* queued = std::get_if<QueuedConfig>(&network)) {
      queued->token_buckets.clear();
      queued->limits.clear();
    }
    return network;
  }

  // Of one update: what eight take more than four, so that how training starts does not count.
  double replayed_s(const NetworkConfig& network) const {
    Scenario scenario = scenario_;
    scenario.network = network;
    scenario.faults.clear();
    if (auto* config = std::get_if<CollectiveBenchmarkConfig>(&scenario.workload)) {
      config->iterations = 1;
      return to_seconds(replay(scenario).time);
    }
    auto& config = std::get<ImageClassifierConfig>(scenario.workload);
    config.epochs.reset();
    const auto after = [&](int updates) {
      config.updates = updates;
      return to_seconds(replay(scenario).time);
    };
    return (after(8) - after(4)) / 4;
  }

  const Scenario& scenario_;
  Topology topology_;
  CollectiveConfig collective_;
  DeviceProfile device_;
  ClosedFormWorld world_;
};

}  // namespace

std::optional<Prediction> predict(const Scenario& scenario) {
  const bool has_exchange = std::holds_alternative<ImageClassifierConfig>(scenario.workload) ||
                            std::holds_alternative<CollectiveBenchmarkConfig>(scenario.workload);
  const Seating seats = seating(scenario.topology);
  const auto* strategy = std::get_if<AllreduceConfig>(&scenario.strategy);
  const bool allreduces = strategy != nullptr && !library_of(strategy->collective);
  if (!has_exchange || !allreduces || !declares_compute(scenario) || seats.workers < 2 ||
      seats.nodes() > kMostPredictedNodes)
    return std::nullopt;
  return Predictor(scenario).predict();
}

}  // namespace understudy
