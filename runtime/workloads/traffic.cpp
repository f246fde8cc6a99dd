// Flows between nodes, timed from their start to their arrival, or given up at their deadline.
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

class Traffic final : public Workload {
 public:
  explicit Traffic(const TrafficConfig& config) : config_(config) {}

  Task<> run(Node& node) override {
    std::vector<Spawned<>> flows;
    for (std::size_t f = 0; f < config_.flows.size(); ++f) {
      if (Rank{config_.flows[f].from} == node.rank()) flows.push_back(node.spawn(send(node, f)));
      if (Rank{config_.flows[f].to} == node.rank()) flows.push_back(node.spawn(receive(node, f)));
    }
    co_await when_all(std::move(flows));
  }

 private:
  static Tag tag(std::size_t flow) { return {static_cast<std::uint32_t>(flow), 0}; }

  Task<> send(Node& node, std::size_t f) const {
    const FlowConfig& flow = config_.flows[f];
    co_await node.sleep_until(kStart + flow.start);
    node.send(Rank{flow.to}, tag(f), node.filler(static_cast<std::size_t>(flow.bytes.count)));
  }

  Task<> receive(Node& node, std::size_t f) const {
    const FlowConfig& flow = config_.flows[f];
    TimePoint deadline = kNever;
    if (flow.deadline) deadline = checked_add(kStart + flow.start, *flow.deadline);
    const auto message = co_await node.receive(Rank{flow.from}, tag(f), deadline);
    const double start = to_seconds(flow.start), finish = to_seconds(node.now());
    const Position at{.step = static_cast<int>(f)};
    node.record("start_s", start, at, MetricKind::kTiming);
    node.record("delivered", message ? 1 : 0, at, MetricKind::kTiming);
    if (!message) co_return;
    node.record("finish_s", finish, at, MetricKind::kTiming);
    const double rate =
        finish > start ? static_cast<double>(flow.bytes.count) / (finish - start) : 0;
    node.record("rate", rate, at, MetricKind::kTiming);
  }
  TrafficConfig config_;
};

}  // namespace

std::unique_ptr<Workload> make_traffic(const TrafficConfig& config, WorkloadParts) {
  return std::make_unique<Traffic>(config);
}

}  // namespace understudy
