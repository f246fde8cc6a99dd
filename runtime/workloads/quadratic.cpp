// Quadratics under gradient descent, in double: every trajectory has a closed form.
#include "runtime/learners/quadratic.hpp"
#include "runtime/strategies/allreduce.hpp"
#include "runtime/workloads/weights_hash.hpp"
#include "runtime/workloads/workloads.hpp"

namespace understudy {
namespace {

// One sample a step and worker, so that every worker weighs the same.
class OneSample final : public BatchSchedule {
 public:
  OneSample(std::size_t steps, std::size_t workers) : steps_(steps), workers_(workers) {}
  std::size_t steps_per_epoch() const override { return steps_; }
  std::vector<std::uint32_t> epoch(std::size_t, std::size_t) const override { return {0}; }
  StepSamples step(std::span<const std::uint32_t> indices, std::size_t) const override {
    return {indices, workers_};
  }

 private:
  std::size_t steps_, workers_;
};

class Quadratic final : public Workload {
 public:
  Quadratic(const QuadraticConfig& config, const StrategyConfig& strategy, WorkloadParts parts)
      : config_(config),
        strategy_(std::get<AllreduceConfig>(strategy)),
        parts_(std::move(parts)),
        batches_(static_cast<std::size_t>(config.updates), parts_.members.size()) {
    for (std::size_t i = 0; i < parts_.members.size(); ++i) {
      learners_.push_back(std::make_unique<QuadraticLearner<double>>(
          QuadraticLearner<double>::Options{pick(config.a, i), pick(config.b, i), config.start}));
    }
  }

  Task<> run(Node& node) override {
    TrainingJob<double> job;
    job.members = members_of(parts_, strategy_.collective, node.rank());
    job.learner = learners_[job.members.takes_part() ? job.members.index : 0].get();
    job.batches = &batches_;
    job.optimizer = config_.optimizer;
    job.lr = std::get<SgdConfig>(config_.optimizer).lr;
    job.updates = config_.updates;
    job.exchange = strategy_;
    job.gradients = parts_.gradients;
    job.observe_every = 1;
    job.observe = [this](Node& n, const TrainingState<double>& state) { return observe(n, state); };
    co_await train_synchronously(node, job);
  }

  std::string weights_hash() const override { return hash_.text(); }
  std::int64_t updates() const override { return config_.updates; }
  std::int64_t updates_per_epoch() const override { return config_.updates; }

 private:
  static double pick(const std::vector<double>& values, std::size_t i) {
    return values.size() == 1 ? values[0] : values.at(i);
  }
  Task<> observe(Node& node, const TrainingState<double>& state) {
    const Position at{.step = static_cast<int>(state.update),
                      .round = static_cast<int>(state.update)};
    node.record("x", node.dry() ? 0 : state.parameters[0], at);
    node.record("train_loss", state.train_loss, at);
    if (state.update == config_.updates && !node.dry()) hash_.add(node.rank(), state.parameters);
    co_return;
  }
  QuadraticConfig config_;
  AllreduceConfig strategy_;
  WorkloadParts parts_;
  OneSample batches_;
  std::vector<std::unique_ptr<QuadraticLearner<double>>> learners_;
  WeightsHash hash_;
};

}  // namespace

std::unique_ptr<Workload> make_quadratic(const QuadraticConfig& config,
                                         const StrategyConfig& strategy, WorkloadParts parts) {
  return std::make_unique<Quadratic>(config, strategy, std::move(parts));
}

}  // namespace understudy
