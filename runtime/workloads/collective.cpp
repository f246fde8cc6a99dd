// One all-reduce by itself. On a virtual clock only sizes travel: contents would change nothing.
#include <fmt/format.h>

#include <sstream>

#include "runtime/base/errors.hpp"
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
    const bool in_use = members.takes_part() || members.server == node.rank();
    std::vector<std::byte> contents(node.sends_filler() && members.takes_part() ? bytes : 0);
    const Values values = contents.empty() ? Values::dry(bytes, ScalarType::kByte)
                                           : Values(std::span<std::byte>(contents));
    const Stretch stretch{values, 0, bytes};
    int i = 0;
    if (const auto state = node.restored()) i = finish(node, members, parse(*state));
    for (; i < config_.iterations; ++i) {
      const TimePoint start = node.now();
      if (in_use) {
        node.meter().begin(start, name(collective_.kind));
        node.describe_stream(
            0, [&] { return Activity{.collective = name(collective_.kind), .step = i}; });
        co_await allreduce(collective_, node, members, stretch, Tag{});
        node.meter().end(node.now(), name(collective_.kind));
        node.meter().expose(node.now() - start);
      }
      // The iteration lasts until its slowest member has ended.
      const Iteration iteration{i, start};
      if (node.stops(Stop::kAlways))
        co_await node.safe_point([iteration] { return text_of(iteration); });
      finish(node, members, iteration);
    }
  }

 private:
  struct Iteration {
    int number;
    TimePoint start;
  };
  static std::string text_of(const Iteration& iteration) {
    return fmt::format("{} {}", iteration.number, iteration.start.time_since_epoch().count());
  }
  static Iteration parse(const std::string& text) {
    int number = 0;
    std::int64_t start = 0;
    std::istringstream in(text);
    if (!(in >> number >> start) || number < 0)
      throw DataError("a checkpoint does not fit the workload that it is of");
    return {number, TimePoint(Duration(start))};
  }
  // Returns the next iteration's number.
  int finish(Node& node, const Communicator& members, const Iteration& iteration) const {
    if (members.index == 0)
      record(node, iteration.number, to_seconds(node.now() - iteration.start));
    return iteration.number + 1;
  }

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
