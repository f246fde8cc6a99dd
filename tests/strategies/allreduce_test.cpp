// Synchronous data parallelism over real models: W workers step as one would on the joined batch.
#include "runtime/strategies/allreduce.hpp"

#include <cmath>
#include <map>

#include "runtime/learners/torch/torch_learner.hpp"
#include "runtime/training/bucket.hpp"
#include "runtime/training/optimizer.hpp"
#include "tests/collectives/harness.hpp"
#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

// Worker w has the samples that shares[w] counts, one share after the other, at every step.
class FixedShares final : public BatchSchedule {
 public:
  explicit FixedShares(std::vector<std::size_t> shares) : shares_(std::move(shares)) {
    for (const std::size_t share : shares_) all_ += share;
  }
  std::size_t steps_per_epoch() const override { return 1; }
  std::vector<std::uint32_t> epoch(std::size_t worker, std::size_t) const override {
    std::vector<std::uint32_t> indices(shares_[worker]);
    std::uint32_t next = 0;
    for (std::size_t w = 0; w < worker; ++w) next += static_cast<std::uint32_t>(shares_[w]);
    for (std::uint32_t& index : indices) index = next++;
    return indices;
  }
  StepSamples step(std::span<const std::uint32_t> indices, std::size_t) const override {
    return {indices, all_};
  }
  std::size_t all() const { return all_; }
  std::size_t workers() const { return shares_.size(); }

 private:
  std::vector<std::size_t> shares_;
  std::size_t all_ = 0;
};

template <class Scalar>
struct Setting {
  const BasicLearner<Scalar>& learner;
  const BatchSource& samples;
  const BatchSchedule& batches;
  AllreduceConfig exchange{};
  double momentum = 0;
  double lr = 1;
  std::int64_t updates = 1;
};

// Every worker's parameters after every update: [update][worker].
template <class Scalar>
using History = std::map<std::int64_t, std::vector<std::vector<Scalar>>>;

template <class Scalar>
History<Scalar> train(const Topology& topology, const Setting<Scalar>& setting) {
  History<Scalar> history;
  VirtualWorld world(topology, WorldOptions{.network = FairShareConfig{}, .seed = 11});
  world.run([&](Node& node) -> Task<> {
    TrainingJob<Scalar> job;
    job.learner = &setting.learner;
    job.batches = &setting.batches;
    job.samples = &setting.samples;
    job.optimizer = SgdConfig{.momentum = setting.momentum};
    job.lr = setting.lr;
    job.updates = setting.updates;
    job.exchange = setting.exchange;
    job.members = communicator_of(topology, node.rank());
    job.observe_every = 1;
    const std::size_t worker = job.members.index;
    job.observe = [&, worker](Node&, const TrainingState<Scalar>& state) -> Task<> {
      auto& workers = history[state.update];
      workers.resize(std::max(workers.size(), worker + 1));
      workers[worker].assign(state.parameters.begin(), state.parameters.end());
      co_return;
    };
    co_await train_synchronously(node, job);
  });
  return history;
}

// With lr = 1 and no momentum the first update is the gradient, up to the rounding of parameters
// that are some ten times as large. The largest relative difference of a tensor's norm.
template <class Scalar>
double worst_difference(const Layout& layout, const std::vector<Scalar>& a,
                        const std::vector<Scalar>& b, const std::vector<Scalar>& initial) {
  double worst = 0;
  for (const Slice& slice : layout.slices) {
    double difference = 0, norm = 0;
    for (std::size_t i = slice.offset; i < slice.offset + slice.size; ++i) {
      difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
      norm += std::pow(static_cast<double>(a[i]) - static_cast<double>(initial[i]), 2);
    }
    worst = std::max(worst, std::sqrt(difference / norm));
  }
  return worst;
}

constexpr CollectiveKind kAll[] = {CollectiveKind::kRing, CollectiveKind::kTree,
                                   CollectiveKind::kHalvingDoubling,
                                   CollectiveKind::kParameterServer, CollectiveKind::kHierarchical};
constexpr std::int64_t kBuckets[] = {1 << 10, 100'000, 25 << 20};

// Two machines of two, so that `hierarchical` has both its levels.
Topology four_workers() {
  return make_topology(ClusterConfig{.machines = 2, .devices_per_machine = 2});
}

// Joined on one worker against ragged shares of 3, 7, 1 and 5 on four.
template <class Scalar>
double difference_of(const BasicLearner<Scalar>& learner, const Model& model, CollectiveKind kind,
                     std::int64_t bucket) {
  const BatchAsSource samples(random_batch(model, 16));
  const FixedShares joined({16}), ragged({3, 7, 1, 5});
  Setting<Scalar> one{learner, samples, joined}, four{learner, samples, ragged};
  four.exchange = {.collective = {.kind = kind}, .bucket = Bytes{bucket}};
  const auto alone = train(make_topology(ClusterConfig{}), one);
  const auto spread = train(four_workers(), four);
  auto initial = std::vector<Scalar>(learner.layout().size);
  learner.initial(RandomStream({.seed = 11, .node = 0, .purpose = Purpose::kInit}), initial);
  return worst_difference(learner.layout(), alone.at(1)[0], spread.at(1)[0], initial);
}

class EveryCollective : public testing::TestWithParam<CollectiveKind> {};
INSTANTIATE_TEST_SUITE_P(Collectives, EveryCollective, testing::ValuesIn(kAll),
                         [](const auto& test) { return std::string(name(test.param)); });

TEST_P(EveryCollective, StepsAsOneWorkerOnTheJoinedBatchInFloat) {
  const Model lenet = make_model("lenet", 0), cnn = make_model("cnn", 0);
  for (const std::int64_t bucket : kBuckets)
    EXPECT_LT(difference_of(*make_torch_learner(lenet), lenet, GetParam(), bucket), 2e-5) << bucket;
  EXPECT_LT(difference_of(*make_torch_learner(cnn), cnn, GetParam(), 1 << 20), 2e-5);
}

TEST_P(EveryCollective, StepsAsOneWorkerOnTheJoinedBatchInDouble) {
  const Model lenet = make_model("lenet", 0);
  for (const std::int64_t bucket : kBuckets)
    EXPECT_LT(difference_of(*make_torch_learner_double(lenet), lenet, GetParam(), bucket), 1e-13)
        << bucket;
}

TEST_P(EveryCollective, AllWorkersHaveTheSameBytesAfterEveryUpdate) {
  const Model lenet = make_model("lenet", 0);
  const auto learner = make_torch_learner(lenet);
  const BatchAsSource samples(random_batch(lenet, 16));
  const FixedShares ragged({3, 7, 1, 5});
  Setting<float> setting{*learner, samples, ragged};
  setting.exchange = {.collective = {.kind = GetParam()}, .bucket = Bytes{10'000}};
  setting.momentum = 0.9;
  setting.lr = 0.05;
  setting.updates = 4;
  const auto history = train(four_workers(), setting);
  ASSERT_EQ(history.size(), 4u);
  for (const auto& [update, workers] : history) {
    ASSERT_EQ(workers.size(), 4u);
    for (const auto& parameters : workers) EXPECT_EQ(parameters, workers[0]) << update;
  }
  EXPECT_NE(history.at(1)[0], history.at(4)[0]);
}

// Two workers and a ring over them, everything declared: 1 GFLOP/s and no other cost, 1 ms and
// 100 Mbit/s between them. lenet in buckets of 40 KiB: bucket b's all-reduce takes
// A_b = 2 (a + S_b/2 / B) + its half's additions, and begins once backward has marked it and the one
// before it has ended. The halves of a bucket differ by up to a block of 256 elements, 82 us.
class DeclaredStep : public testing::Test {
 protected:
  static constexpr double kFlops = 1e9, kBytesPerSecond = 12.5e6, kLatency = 1e-3;
  static constexpr double kBlock = 256 * sizeof(float) / kBytesPerSecond;
  static constexpr std::size_t kBatch = 16;

  // Seconds of one update, of them exposed on worker 1, and what its exchanges were.
  struct Outcome {
    double time, exposed;
    ExchangesByKind exchanges;
  };
  Outcome run(bool overlap) const {
    const FixedShares shares({kBatch, kBatch});
    const BatchAsSource samples(random_batch(model_, 2 * kBatch));
    WorldOptions options{.network = IdealConfig{}};
    options.devices.profiles["declared"] = {.flops_per_s = kFlops};
    options.dry = true;
    const Topology topology = make_topology(
        ClusterConfig{.machines = 2,
                      .device = "declared",
                      .inter = {Bandwidth{8 * kBytesPerSecond}, from_seconds(kLatency)}});
    VirtualWorld world(topology, options);
    world.run([&](Node& node) -> Task<> {
      TrainingJob<float> job;
      job.learner = &learner_;
      job.batches = &shares;
      job.samples = &samples;
      job.updates = 1;
      job.exchange = {.bucket = Bytes{40 << 10}, .overlap = overlap};
      job.members = communicator_of(topology, node.rank());
      job.observe = [](Node&, const TrainingState<float>&) -> Task<> { co_return; };
      co_await train_synchronously(node, job);
    });
    const CommunicationMeter& meter = world.node(Rank{1}).meter();
    return {to_seconds(world.snapshot().time), to_seconds(meter.exposed()), meter.by_kind()};
  }
  double computing(const Cost& cost) const {
    double flops = 0;
    for (const KernelCost& kernel : cost) flops += kernel.flops;
    return flops / kFlops;
  }
  double broadcast() const {
    return kLatency + static_cast<double>(learner_.layout().size * sizeof(float)) / kBytesPerSecond;
  }
  double allreduce(const Bucket& bucket) const {
    const auto elements = static_cast<double>(bucket.count);
    return 2 * (kLatency + elements / 2 * sizeof(float) / kBytesPerSecond) + elements / 2 / kFlops;
  }
  double update() const { return computing(Sgd<float>({}, learner_.layout()).cost()); }

  Model model_ = make_model("lenet", 0);
  DryLearner learner_{model_};
  std::vector<Bucket> buckets_ = make_buckets(learner_.layout(), Bytes{40 << 10}, sizeof(float));
};

TEST_F(DeclaredStep, WithoutOverlapTheBucketsFollowBackward) {
  ASSERT_GT(buckets_.size(), 1u);
  double exchange = 0;
  for (const Bucket& bucket : buckets_) exchange += allreduce(bucket);
  const auto [time, exposed, exchanges] = run(false);
  EXPECT_NEAR(time, broadcast() + computing(learner_.cost(kBatch)) + exchange + update(), kBlock);
  EXPECT_NEAR(exposed, broadcast() + exchange, kBlock);
  ASSERT_EQ(exchanges.size(), 2u);
  EXPECT_EQ(exchanges.at("ring").calls, static_cast<std::int64_t>(buckets_.size()));
  EXPECT_NEAR(to_seconds(exchanges.at("ring").time), exchange, kBlock);
  EXPECT_EQ(exchanges.at("broadcast").calls, 1);
  EXPECT_NEAR(to_seconds(exchanges.at("broadcast").time), broadcast(), kBlock);
}

TEST_F(DeclaredStep, WithOverlapOnlyWhatOutlastsBackwardIsExposed) {
  double at = 0, exchanged = 0;
  for (const KernelCost& kernel : mark_buckets(learner_.cost(kBatch), buckets_)) {
    at += kernel.flops / kFlops;
    if (kernel.mark)
      exchanged =
          std::max(exchanged, at) + allreduce(buckets_[static_cast<std::size_t>(*kernel.mark)]);
  }
  const double whole = std::max(at, exchanged);
  const auto [time, exposed, exchanges] = run(true);
  EXPECT_NEAR(time, broadcast() + whole + update(), kBlock);
  EXPECT_NEAR(exposed, broadcast() + whole - at, kBlock);
  EXPECT_LT(time, run(false).time - 1e-3);
}

}  // namespace
}  // namespace understudy
