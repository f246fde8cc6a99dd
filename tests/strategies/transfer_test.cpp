// Knowledge transfer update by update: what each model learns from, held against its formula by hand.
#include "runtime/strategies/transfer.hpp"

#include <map>

#include "runtime/learners/torch/torch_learner.hpp"
#include "runtime/training/transfer_loss.hpp"
#include "tests/collectives/harness.hpp"
#include "tests/learners/batches.hpp"

namespace understudy {
namespace {

constexpr std::size_t kSamples = 12, kBatch = 4, kClasses = 10;

// Counts the ways forward that are not for training.
class Counting final : public Learner {
 public:
  explicit Counting(const std::string& name) : inner_(make_torch_learner(make_model(name, 0))) {}
  const Layout& layout() const override { return inner_->layout(); }
  void initial(RandomStream stream, std::span<float> out) const override {
    inner_->initial(stream, out);
  }
  double gradient(std::span<const float> parameters, const Batch& batch, std::span<float> gradient,
                  RandomStream random, const GradientHook& hook) const override {
    return inner_->gradient(parameters, batch, gradient, random, hook);
  }
  std::unique_ptr<ForwardPass<float>> forward(std::span<const float> parameters, const Batch& batch,
                                              RandomStream random) const override {
    return inner_->forward(parameters, batch, random);
  }
  void logits(std::span<const float> parameters, const Batch& batch,
              std::span<float> out) const override {
    inferred += batch.count;
    inner_->logits(parameters, batch, out);
  }
  Evaluation evaluate(std::span<const float> parameters, const BatchSource& source,
                      std::size_t first, std::size_t count) const override {
    return inner_->evaluate(parameters, source, first, count);
  }
  Cost cost(std::size_t count) const override { return inner_->cost(count); }

  mutable std::size_t inferred = 0;

 private:
  std::unique_ptr<Learner> inner_;
};

using Parameters = std::vector<float>;

class Transfer : public testing::Test {
 protected:
  Transfer() {
    job_.member_epochs = 1;
    job_.updates = 1;
    job_.batches = &batches_;
    job_.samples = &samples_;
    job_.sample_count = kSamples;
    job_.classes = kClasses;
    job_.seed = 7;
    for (Counting& learner : learners_)
      job_.models.push_back({&learner, SgdConfig{.lr = 0.5}, &batches_});
    job_.observe = [this](Node&, const TransferState& s) -> Task<> {
      if (s.alone) alone_[s.model].assign(s.parameters.begin(), s.parameters.end());
      losses_[s.model] = s.losses;
      co_return;
    };
    job_.finish = [this](Node&, const TransferState& s) -> Task<> {
      final_[s.model].assign(s.parameters.begin(), s.parameters.end());
      co_return;
    };
  }

  void run(int nodes = 1) {
    const Topology topology = make_topology(MeshConfig{.nodes = nodes});
    VirtualWorld world(topology, WorldOptions{.network = FairShareConfig{}, .seed = 7});
    world.run([&](Node& node) -> Task<> {
      TransferJob mine = job_;
      mine.nodes = communicator_of(topology, node.rank());
      co_await transfer_knowledge(node, mine);
    });
  }

  Parameters initial(std::size_t model) const {
    Parameters out(learners_[model].layout().size);
    learners_[model].initial(RandomStream(transfer_stream(7, model, Purpose::kInit)), out);
    return out;
  }

  // What SGD makes of `from` in one update with rate 0.5, where the model learns from these outputs.
  Parameters taught(std::size_t model, const Parameters& from, const Batch& batch,
                    const std::vector<Parameters>& teachers, double weight, double temperature) {
    const auto pass = learners_[model].forward(from, batch, RandomStream({}));
    std::vector<double> by_logits(batch.count * kClasses);
    cross_entropy(pass->logits(), batch.labels, by_logits);
    const std::vector<std::span<const float>> rows(teachers.begin(), teachers.end());
    transfer_loss<float>(pass->logits(), rows, {weight, temperature, kClasses}, by_logits);
    Parameters gradient(from.size()), out = from;
    pass->backward(Parameters(by_logits.begin(), by_logits.end()), gradient, {});
    for (std::size_t i = 0; i < out.size(); ++i) out[i] -= 0.5f * gradient[i];
    return out;
  }
  Parameters outputs(std::size_t model, const Parameters& parameters, const Batch& batch) const {
    Parameters out(batch.count * kClasses);
    learners_[model].logits(parameters, batch, out);
    return out;
  }
  Batch first_batch() const {
    const auto indices = batches_.epoch(0, 0);
    Batch batch;
    samples_.gather(batches_.step(indices, 0).indices, batch);
    return batch;
  }
  static void expect_near(const Parameters& values, const Parameters& expected) {
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(values[i], expected[i], 1e-6);
  }

  Counting learners_[3]{Counting("lenet"), Counting("logistic"), Counting("logistic")};
  SampledBatches batches_{{.samples = kSamples, .world = 1, .seed = 3, .config = {}}, kBatch};
  BatchAsSource samples_{random_batch(make_model("lenet", 0), kSamples)};
  TransferJob job_;
  std::map<std::size_t, Parameters> alone_, final_;
  std::map<std::size_t, TransferLosses> losses_;
};

TEST_F(Transfer, TeachesTheTargetAsTheFormulaSays) {
  job_.loss = {.weight = 0.8, .temperature = 3};
  run();
  const Batch batch = first_batch();
  const std::vector<Parameters> teachers{outputs(1, alone_[1], batch),
                                         outputs(2, alone_[2], batch)};
  expect_near(final_[0], taught(0, initial(0), batch, teachers, 0.8, 3));
  EXPECT_EQ(final_[1], alone_[1]);  // frozen, to the bit
  EXPECT_EQ(final_[2], alone_[2]);
  EXPECT_NE(alone_[1], initial(1));
  EXPECT_NE(alone_[1], alone_[2]);
}

TEST_F(Transfer, TakesTheMeanOfTheLogitsForOneTeacher) {
  job_.loss = {.mode = TransferMode::kMeanLogit, .weight = 1, .temperature = 3};
  run();
  const Batch batch = first_batch();
  Parameters mean = outputs(1, alone_[1], batch);
  const Parameters other = outputs(2, alone_[2], batch);
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = (mean[i] + other[i]) / 2;
  expect_near(final_[0], taught(0, initial(0), batch, {mean}, 1, 3));
}

// All from what the models were before the update.
TEST_F(Transfer, TeachesMembersWhatTheTargetSays) {
  job_.loss = {
      .mode = TransferMode::kBidirectional, .weight = 0.8, .member_weight = 0.4, .temperature = 3};
  for (const int nodes : {1, 2, 3}) {
    run(nodes);
    const Batch batch = first_batch();
    const Parameters said = outputs(0, initial(0), batch);
    for (const std::size_t m : {1, 2})
      expect_near(final_[m], taught(m, alone_[m], batch, {said}, 0.4, 3));
    const std::vector<Parameters> teachers{outputs(1, alone_[1], batch),
                                           outputs(2, alone_[2], batch)};
    expect_near(final_[0], taught(0, initial(0), batch, teachers, 0.8, 3));
  }
}

TEST_F(Transfer, TeachesEveryoneWhatAllOthersSay) {
  job_.loss = {.mode = TransferMode::kMutual, .weight = 1, .member_weight = 1, .temperature = 1};
  run(3);
  const Batch batch = first_batch();
  const std::vector<Parameters> others{outputs(0, initial(0), batch), outputs(2, alone_[2], batch)};
  expect_near(final_[1], taught(1, alone_[1], batch, others, 1, 1));
}

// The second update of two, from checkpoints of before the first.
TEST_F(Transfer, CodistillsFromWhatOthersWere) {
  job_.loss = {
      .mode = TransferMode::kCodistillation, .weight = 1, .member_weight = 1, .temperature = 2};
  job_.exchange = {.exchange = TransferExchange::kCheckpoints, .every = 2};
  job_.updates = 2;
  run(2);
  const auto indices = batches_.epoch(0, 0);
  Batch first = first_batch(), second;
  samples_.gather(batches_.step(indices, 1).indices, second);
  const auto said = [&](const Batch& batch) {
    return std::vector{outputs(1, alone_[1], batch), outputs(2, alone_[2], batch)};
  };
  const Parameters after_one = taught(0, initial(0), first, said(first), 1, 2);
  expect_near(final_[0], taught(0, after_one, second, said(second), 1, 2));
}

// A weight that rises from 0 to 1 over two updates, and a temperature that falls from 4 to 2.
TEST_F(Transfer, FollowsItsSchedules) {
  job_.loss = {.weight = 1,
               .temperature = 4,
               .weight_course = LinearCourse{},
               .temperature_course = LinearCourse{.start_fraction = 1, .final_fraction = 0.5}};
  job_.updates = 2;
  run();
  const auto indices = batches_.epoch(0, 0);
  Batch first = first_batch(), second;
  samples_.gather(batches_.step(indices, 1).indices, second);
  Parameters plain = initial(0), gradient(plain.size());
  learners_[0].gradient(plain, first, gradient, RandomStream({}), {});
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] -= 0.5f * gradient[i];
  const std::vector<Parameters> teachers{outputs(1, alone_[1], second),
                                         outputs(2, alone_[2], second)};
  expect_near(final_[0], taught(0, plain, second, teachers, 1, 2));
  EXPECT_EQ(losses_[0].with_outputs, 1);
}

// Three epochs, each sample once; on a node of its own and under gradients likewise.
TEST_F(Transfer, AsksFrozenMembersOnceForEachSample) {
  job_.updates = 9;
  for (const int nodes : {1, 3}) {
    for (Counting& learner : learners_) learner.inferred = 0;
    run(nodes);
    EXPECT_EQ(learners_[0].inferred, 0u);
    EXPECT_EQ(learners_[1].inferred, kSamples);
    EXPECT_EQ(learners_[2].inferred, kSamples);
  }
}

// What they say of images that vary is of no use another time.
TEST_F(Transfer, AsksFrozenMembersAgainWhereSamplesVary) {
  job_.updates = 9;
  job_.samples_vary = true;
  run();
  EXPECT_EQ(learners_[1].inferred, 3 * kSamples);
}

}  // namespace
}  // namespace understudy
