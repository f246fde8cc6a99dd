// One all-reduce by itself. Only sizes travel: on a virtual clock their contents would change
// nothing.
#include "runtime/collectives/collective.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

class CollectiveBenchmark final : public Workload {
 public:
  CollectiveBenchmark(const CollectiveBenchmarkConfig& config, const StrategyConfig& strategy,
                      WorkloadParts parts)
      : config_(config),
        collective_(std::get<AllreduceConfig>(strategy).collective),
        parts_(std::move(parts)) {}

  Task<> run(Node& node) override {
    const Communicator members = members_of(parts_, collective_, node.rank());
    const auto bytes = static_cast<std::size_t>(config_.bytes.count);
    const Stretch stretch{Values::dry(bytes, ScalarType::kByte), 0, bytes};
    const bool in_use = members.takes_part() || members.server == node.rank();
    for (int i = 0; i < config_.iterations; ++i) {
      const TimePoint start = node.now();
      if (in_use) {
        node.meter().begin(start);
        co_await allreduce(collective_, node, members, stretch, Tag{});
        node.meter().end(node.now());
        node.meter().expose(node.now() - start);
      }
      // The iteration lasts until its slowest member has ended.
      co_await node.safe_point([] { return std::string(); });
      if (members.index == 0) record(node, i, to_seconds(node.now() - start));
    }
  }

 private:
  // Algorithm and bus bandwidth as nccl-tests defines them, bytes per second.
  void record(Node& node, int iteration, double seconds) const {
    const double n = static_cast<double>(parts_.members.size());
    const double rate = seconds > 0 ? static_cast<double>(config_.bytes.count) / seconds : 0;
    const Position at{.step = iteration};
    node.record("collective_time_s", seconds, at, MetricKind::kTiming);
    node.record("algorithm_bandwidth", rate, at, MetricKind::kTiming);
    node.record("bus_bandwidth", rate * 2 * (n - 1) / n, at, MetricKind::kTiming);
  }
  CollectiveBenchmarkConfig config_;
  CollectiveConfig collective_;
  WorkloadParts parts_;
};

}  // namespace

std::unique_ptr<Workload> make_collective_benchmark(const CollectiveBenchmarkConfig& config,
                                                    const StrategyConfig& strategy,
                                                    WorkloadParts parts) {
  return std::make_unique<CollectiveBenchmark>(config, strategy, std::move(parts));
}

}  // namespace understudy
