#include "results/experiment/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "results/experiment/unit_runner.hpp"
#include "runtime/workloads/image_data.hpp"

namespace understudy {
namespace {

// As many updates as show a step's time; the rest are alike.
constexpr std::int64_t kUpdatesTried = 8;
// LibTorch with its libraries, code and allocator.
constexpr std::int64_t kProgramBytes = 200'000'000;

// Without reading the data.
DataSizes expected_sizes(const WorkloadConfig& workload) {
  const ImageInput* config = images_of(workload);
  if (config == nullptr) return {};
  const auto limited = [](int limit, std::size_t all) {
    return limit == 0 ? all : static_cast<std::size_t>(limit);
  };
  const KnownDataset& dataset = dataset_taken(config->dataset, {});
  return {limited(config->train_limit, dataset.train_samples),
          limited(config->test_limit, dataset.test_samples),
          {}};
}

// Enough of a finished unit for a dry replay.
Unit untrained(const Scenario& scenario) {
  Unit unit;
  unit.data_sizes = expected_sizes(scenario.workload);
  return unit;
}

// nullptr: the strategy has none.
int* rounds_of(StrategyConfig& strategy) {
  if (auto* federated = std::get_if<FederatedConfig>(&strategy)) return &federated->rounds;
  if (auto* gossip = std::get_if<GossipConfig>(&strategy)) return &gossip->rounds;
  return nullptr;
}

// Gradients that nodes compute of shards of equal size.
double gradients_of(const Scenario& scenario, double of_worker, double batch, double workers) {
  const auto steps = [&](const auto& c) {
    return c.local_steps ? *c.local_steps
                         : c.local_epochs.value_or(1) * std::ceil(of_worker / batch);
  };
  if (const auto* gossip = std::get_if<GossipConfig>(&scenario.strategy))
    return gossip->rounds * gossip->availability * workers * steps(*gossip);
  const auto& federated = std::get<FederatedConfig>(scenario.strategy);
  const double cohort =
      federated.cohort ? *federated.cohort : federated.participation.value_or(1) * workers;
  return federated.rounds * cohort * steps(federated);
}

// The scenario cut down to a few updates, and what its time is to be multiplied by.
double shorten(Scenario& scenario, std::int64_t updates) {
  if (int* rounds = rounds_of(scenario.strategy)) {
    const int tried = std::min(*rounds, static_cast<int>(kUpdatesTried));
    return static_cast<double>(std::exchange(*rounds, tried)) / tried;
  }
  if (auto* collective = std::get_if<CollectiveBenchmarkConfig>(&scenario.workload))
    return std::exchange(collective->iterations, 1);
  if (auto* quadratic = std::get_if<QuadraticConfig>(&scenario.workload)) {
    const int tried = std::min(quadratic->updates, static_cast<int>(kUpdatesTried));
    return static_cast<double>(std::exchange(quadratic->updates, tried)) / tried;
  }
  if (auto* regression = std::get_if<LogisticRegressionConfig>(&scenario.workload)) {
    const int tried = std::min(regression->rounds, static_cast<int>(kUpdatesTried));
    return static_cast<double>(std::exchange(regression->rounds, tried)) / tried;
  }
  auto* config = std::get_if<ImageClassifierConfig>(&scenario.workload);
  if (config == nullptr || updates <= kUpdatesTried) return 1;
  config->epochs.reset();
  config->updates = static_cast<int>(kUpdatesTried);
  return static_cast<double>(updates) / static_cast<double>(kUpdatesTried);
}

// Of a knowledge transfer: updates of each member by itself, and of the target.
struct TransferSteps {
  double alone = 0, joint = 0;
};
TransferSteps steps_of(const KnowledgeTransferConfig& c) {
  const double samples = (1 - c.validation) * static_cast<double>(expected_sizes(c).train);
  const double per_epoch = std::max(1.0, std::ceil(samples / c.batch));
  return {c.member_epochs * per_epoch,
          c.updates ? *c.updates : std::ceil(c.epochs.value_or(1) * per_epoch)};
}

// Both phases are extrapolated from a few updates: the second alone, then both.
double transfer_seconds(Scenario scenario) {
  auto& config = std::get<KnowledgeTransferConfig>(scenario.workload);
  const TransferSteps steps = steps_of(config);
  const auto tried = static_cast<double>(kUpdatesTried);
  config.train_limit = static_cast<int>(std::ceil(tried * config.batch / (1 - config.validation)));
  config.epochs.reset();
  config.updates = static_cast<int>(kUpdatesTried);
  config.member_epochs = 0;
  const double joint = to_seconds(replay(scenario).time);
  config.member_epochs = 1;
  const double both = to_seconds(replay(scenario).time);
  return joint / tried * steps.joint + (both - joint) / tried * steps.alone;
}

// Of one gradient.
double cpu_seconds(const Model& model, std::size_t batch) {
  const DeviceProfile cpu = find_profile({}, "cpu");
  double seconds = 0;
  for (const KernelCost& kernel : training_cost(model, batch))
    seconds += to_seconds(cpu.time(kernel));
  return seconds;
}

// Ways forward of members that only lend their outputs are left out.
double cpu_seconds(const KnowledgeTransferConfig& config) {
  const TransferSteps steps = steps_of(config);
  const ImageShape shape = expected_shape(config);
  const double of_member = steps.alone + (members_learn(config.transfer.mode) ? steps.joint : 0);
  const auto batch = static_cast<std::size_t>(config.batch);
  double seconds = steps.joint * cpu_seconds(make_model(config.target, 0, shape), batch);
  for (const ModelConfig& member : config.ensemble)
    seconds += of_member * cpu_seconds(make_model(member, 0, shape), batch);
  return seconds;
}

double cpu_seconds(const ImageClassifierConfig& config, const Work& work) {
  const Model model = make_model(config.model, config.dropout, expected_shape(config));
  return cpu_seconds(model, static_cast<std::size_t>(work.samples_per_gradient)) * work.gradients;
}

// What the kernels of one forward pass read and write: about what is kept for backward.
std::size_t activation_bytes(const Model& model, std::size_t batch) {
  double bytes = 0;
  for (const KernelCost& kernel : training_cost(model, batch)) {
    if (kernel.phase == Phase::kForward) bytes += kernel.bytes;
  }
  return static_cast<std::size_t>(bytes);
}

// Data sets as bytes, one batch's activations, and for each worker parameters, gradient, momentum
// and as much in flight.
Bytes memory(const Scenario& scenario, const ImageClassifierConfig& config) {
  const Model model = make_model(config.model, config.dropout, expected_shape(config));
  const DataSizes sizes = expected_sizes(config);
  const std::size_t vectors = static_cast<std::size_t>(seating(scenario.topology).workers) * 4 *
                              make_layout(model).size * sizeof(float);
  const std::size_t data =
      (sizes.train + sizes.test) * static_cast<std::size_t>(model.input.size());
  const auto batch = static_cast<std::size_t>(work_of(scenario).samples_per_gradient);
  return Bytes{kProgramBytes +
               static_cast<std::int64_t>(vectors + data + activation_bytes(model, batch))};
}

Bytes memory(const KnowledgeTransferConfig& config) {
  const ImageShape shape = expected_shape(config);
  const auto batch = static_cast<std::size_t>(config.batch);
  std::vector<ModelConfig> models = config.ensemble;
  models.push_back(config.target);
  const DataSizes sizes = expected_sizes(config);
  std::size_t bytes = (sizes.train + sizes.test) * static_cast<std::size_t>(shape.image.size());
  for (const ModelConfig& each : models) {
    const Model model = make_model(each, 0, shape);
    bytes += 4 * make_layout(model).size * sizeof(float) + activation_bytes(model, batch);
  }
  return Bytes{kProgramBytes + static_cast<std::int64_t>(bytes)};
}

Duration clock_time(double seconds) {
  return seconds < to_seconds(kNever) ? from_seconds(seconds) : Duration::max();
}

}  // namespace

Unit replay(const Scenario& scenario) {
  const Unit weights = untrained(scenario);
  UnitTask task;
  task.scenario = &scenario;
  task.weights = &weights;
  return run_unit(task);
}

Work work_of(const Scenario& scenario) {
  if (const auto* transfer = std::get_if<KnowledgeTransferConfig>(&scenario.workload)) {
    const TransferSteps steps = steps_of(*transfer);
    const auto members = static_cast<double>(transfer->ensemble.size());
    return {members * steps.alone +
                steps.joint * (members_learn(transfer->transfer.mode) ? 1 + members : 1),
            static_cast<double>(transfer->batch)};
  }
  const auto* config = std::get_if<ImageClassifierConfig>(&scenario.workload);
  if (config == nullptr) return {};
  const auto workers = static_cast<std::size_t>(seating(scenario.topology).workers);
  const std::size_t all = expected_sizes(*config).train;
  const double batch = config->batch_scope == BatchScope::kPerNode
                           ? config->batch
                           : static_cast<double>(config->batch) / static_cast<double>(workers);
  const double of_worker =
      (1 - config->validation) * static_cast<double>(all) / static_cast<double>(workers);
  if (!std::holds_alternative<AllreduceConfig>(scenario.strategy))
    return {gradients_of(scenario, of_worker, batch, static_cast<double>(workers)),
            std::max(1.0, std::min(batch, of_worker))};
  const double updates =
      config->updates ? *config->updates : config->epochs.value_or(1) * of_worker / batch;
  return {updates * static_cast<double>(workers), std::max(1.0, std::min(batch, of_worker))};
}

// A library's collectives take real time only.
bool has_virtual_time(const Scenario& scenario) {
  return declares_compute(scenario) && !library_of(scenario.strategy);
}

RunEstimate estimate_run(const Scenario& scenario) {
  const Work work = work_of(scenario);
  if (const auto* transfer = std::get_if<KnowledgeTransferConfig>(&scenario.workload)) {
    RunEstimate estimate;
    if (has_virtual_time(scenario))
      estimate.time = clock_time(transfer_seconds(scenario) * scenario.repeats);
    estimate.wall_s = cpu_seconds(*transfer) * scenario.repeats;
    estimate.memory = memory(*transfer);
    return estimate;
  }
  Scenario shortened = scenario;
  const auto workers = static_cast<double>(seating(scenario.topology).workers);
  const double factor = shorten(shortened, static_cast<std::int64_t>(work.gradients / workers));
  RunEstimate estimate;
  if (has_virtual_time(scenario)) {
    estimate.time = clock_time(to_seconds(replay(shortened).time) * factor * scenario.repeats);
  }
  if (const auto* config = std::get_if<ImageClassifierConfig>(&scenario.workload)) {
    estimate.wall_s = cpu_seconds(*config, work) * scenario.repeats;
    estimate.memory = memory(scenario, *config);
  }
  return estimate;
}

}  // namespace understudy
