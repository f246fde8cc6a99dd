// The whole simulator, coroutines included: the traffic and the hosts of the network models' own
// benchmark, and of SimGrid's ring all-reduce. items_per_second counts transfers.
#include <benchmark/benchmark.h>

#include "results/experiment/unit_runner.hpp"

namespace understudy {
namespace {

constexpr std::int64_t kAllReduceBytes = 100'000'000;

// 1 Gbit/s and 1 ms from host to host.
Scenario ring_of_hosts(int hosts) {
  Scenario scenario;
  scenario.topology =
      ClusterConfig{.machines = hosts, .inter = {Bandwidth{1e9}, std::chrono::milliseconds{1}}};
  scenario.network = FairShareConfig{};
  scenario.workload = CollectiveBenchmarkConfig{.bytes = {kAllReduceBytes}, .iterations = 1};
  return scenario;
}

void ring_allreduce(benchmark::State& state) {
  const auto hosts = static_cast<std::int64_t>(state.range(0));
  const Scenario scenario = ring_of_hosts(static_cast<int>(hosts));
  UnitTask task;
  task.scenario = &scenario;
  double simulated = 0;
  for (auto _ : state) simulated = to_seconds(run_unit(task).time);
  state.counters["simulated_s"] = simulated;
  state.SetItemsProcessed(state.iterations() * 2 * (hosts - 1) * hosts);
}
BENCHMARK(ring_allreduce)->Arg(8)->Arg(64)->Arg(256)->Unit(benchmark::kMillisecond);

// A dry replay of one epoch of lenet on 8 GPUs, 120 updates.
void replay_training(benchmark::State& state) {
  Scenario scenario;
  scenario.topology = ClusterConfig{.devices_per_machine = 8, .device = "rtx3080"};
  ImageClassifierConfig workload;
  workload.model.kind = "lenet";
  workload.updates = 120;
  scenario.workload = workload;
  Unit weights;
  weights.data_sizes = {60'000, 10'000};
  UnitTask task;
  task.scenario = &scenario;
  task.weights = &weights;
  for (auto _ : state) benchmark::DoNotOptimize(run_unit(task));
  state.SetItemsProcessed(state.iterations() * *workload.updates);
}
BENCHMARK(replay_training)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace understudy
