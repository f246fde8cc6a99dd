#include "runtime/strategies/transfer.hpp"

#include <algorithm>

#include "runtime/collectives/collective.hpp"
#include "runtime/strategies/transfer_outputs.hpp"
#include "runtime/training/bucket.hpp"
#include "runtime/training/schedule.hpp"

namespace understudy {
namespace {

// Streams of messages beyond those of models: parameters of members to all nodes, and buckets of
// gradients.
constexpr std::uint32_t kReplication = 1u << 16, kGradients = 1u << 17, kMostBuckets = 1u << 10;

class Participant {
 public:
  Participant(Node& node, const TransferJob& job)
      : node_(node),
        job_(job),
        me_(job.nodes.index),
        models_(job.loss, job.exchange, {job.models.size(), job.nodes.size(), job.updates}),
        replicas_(job.models.size()),
        outputs_(node, job, models_, replicas_) {
    for (std::size_t m = 0; m < models_.count(); ++m) {
      if (owns(m) || replicates()) replicas_[m] = std::make_unique<TransferReplica>(job, m);
      if (!replicates()) continue;
      buckets_.push_back(make_buckets(job.models[m].learner->layout(),
                                      job.exchange.gradients.bucket, sizeof(float)));
      UNDERSTUDY_CHECK(buckets_.back().size() <= kMostBuckets);
    }
  }

  Task<> run() {
    if (const auto state = node_.restored()) {
      restore(*state);
    } else {
      begin();
    }
    while (epochs_alone_ < job_.member_epochs) {
      co_await train_alone();
      co_await stop();
    }
    if (update_ == 0) co_await begin_transfer();
    while (update_ < job_.updates) {
      co_await step();
      const bool epoch_ends = update_ % per_epoch() == 0, last = update_ == job_.updates;
      if (epoch_ends || last) co_await observe();
      if (epoch_ends && !last) co_await stop();
    }
    // The target last: it is compared with the ensemble.
    for (std::size_t m = models_.count(); m-- > 0;) {
      if (replicas_[m] == nullptr) continue;
      const TransferState state{.model = m,
                                .owner = owns(m),
                                .update = update_,
                                .parameters = replicas_[m]->parameters()};
      co_await job_.finish(node_, state);
    }
  }

 private:
  bool owns(std::size_t model) const { return models_.owner(model) == me_; }
  bool replicates() const { return job_.exchange.exchange == TransferExchange::kGradients; }
  std::int64_t per_epoch() const {
    return static_cast<std::int64_t>(job_.batches->steps_per_epoch());
  }
  template <class Act>
  void for_trained(const Act& act) {
    for (std::size_t m = 0; m < models_.count(); ++m) {
      if (models_.trains(me_, m)) act(m, *replicas_[m]);
    }
  }

  Task<> stop() {
    if (node_.stops(Stop::kAlways)) co_await node_.safe_point([this] { return save(); });
  }

  void begin() {
    if (node_.dry()) return;
    for (std::size_t m = 0; m < models_.count(); ++m) {
      if (!owns(m) && m != 0) continue;  // others' members come trained
      if (replicas_[m] == nullptr) continue;
      replicas_[m]->initialise();
      replicas_[m]->begin_phase();
    }
  }

  // An epoch of each of the node's own members.
  Task<> train_alone() {
    for (std::size_t m = 1; m < models_.count(); ++m) {
      if (owns(m)) co_await train_alone(m);
    }
    ++epochs_alone_;
  }

  Task<> train_alone(std::size_t m) {
    TransferReplica& replica = *replicas_[m];
    const BatchSchedule& batches = *job_.models[m].batches;
    const auto epoch = static_cast<std::size_t>(epochs_alone_);
    const auto steps = static_cast<std::int64_t>(batches.steps_per_epoch());
    const std::vector<std::uint32_t> indices = batches.epoch(0, epoch);
    for (std::int64_t s = 0; s < steps; ++s) {
      const StepSamples samples = batches.step(indices, static_cast<std::size_t>(s));
      const std::size_t count = samples.indices.size();
      Cost cost{load_cost(count)};
      append(cost, replica.learner().cost(count));
      append(cost, replica.step_cost());
      for (KernelCost& kernel : cost) kernel.mark.reset();
      const ComputePlan plan = node_.plan(cost);
      const double lr =
          learning_rate(job_.schedule, replica.base_lr(),
                        {epochs_alone_ * steps + s, job_.member_epochs * steps, steps});
      const auto at = static_cast<std::size_t>(s);
      const RandomStream dropout = random(Purpose::kDropout, m, epoch, at);
      const RandomStream variation = random(Purpose::kAugmentation, m, epoch, at);
      co_await node_.compute(plan, [this, &replica, samples, lr, dropout, variation] {
        job_.samples->gather_training(samples.indices, variation, batch_);
        replica.forward(batch_, dropout);
        replica.learn(batch_, {}, {});
        replica.step(lr);
        count_gradient();
      });
      replica.count_update(true);
    }
    TransferState state{.model = m, .alone = true, .owner = true};
    state.epoch = static_cast<int>(epoch) + 1;
    state.update = (epochs_alone_ + 1) * steps;
    state.losses = replica.take_losses();
    state.parameters = replica.parameters();
    co_await job_.observe(node_, state);
  }

  Task<> begin_transfer() {
    for (std::size_t m = 1; replicates() && job_.nodes.size() > 1 && m < models_.count(); ++m)
      co_await replicate(m);
    if (node_.dry()) co_return;
    for_trained([](std::size_t, TransferReplica& replica) { replica.begin_phase(); });
  }

  // From its own node to all, by a tree that has it as its root.
  Task<> replicate(std::size_t m) {
    const std::size_t nodes = job_.nodes.size(), root = models_.owner(m);
    std::vector<Rank> members;
    for (std::size_t i = 0; i < nodes; ++i)
      members.push_back(job_.nodes.members[(root + i) % nodes]);
    Communicator turned;
    turned.members = std::move(members);
    turned.index = (me_ + nodes - root) % nodes;
    TransferReplica& replica = *replicas_[m];
    if (!node_.dry()) replica.parameters().resize(replica.size());
    const Values values = whole(replica, replica.parameters());
    const Tag tag{kReplication + static_cast<std::uint32_t>(m), 0};
    const TimePoint start = node_.now();
    node_.meter().begin(start, "broadcast");
    co_await broadcast(node_, turned, values, tag);
    node_.meter().end(node_.now(), "broadcast");
    node_.meter().expose(node_.now() - start);
  }

  Values whole(const TransferReplica& replica, std::vector<float>& of) const {
    if (node_.dry()) return Values::dry(replica.size(), ScalarType::kFloat32);
    return Values(std::span(of));
  }

  Task<> step() {
    co_await outputs_.exchange_checkpoints(update_);
    const auto epoch = update_ / per_epoch();
    if (epoch_ != epoch) {
      epoch_ = epoch;
      indices_ = job_.batches->epoch(replicates() ? me_ : 0, static_cast<std::size_t>(epoch));
    }
    const StepSamples samples =
        job_.batches->step(indices_, static_cast<std::size_t>(update_ % per_epoch()));
    outputs_.begin(update_, samples.indices);
    co_await go_forward(samples);
    co_await outputs_.exchange();
    co_await learn(samples);
    ++update_;
  }

  // Whether a model's loss is more than its cross entropy, and so takes a way forward of its own.
  bool has_teachers(std::size_t m) const { return !models_.teachers(m, update_).empty(); }

  Task<> go_forward(StepSamples samples) {
    const std::size_t count = samples.indices.size();
    Cost cost = outputs_.cost();
    bool needs_batch = !cost.empty();
    for_trained([&](std::size_t m, TransferReplica& replica) {
      needs_batch = true;
      if (has_teachers(m)) append(cost, forward_cost(replica.learner(), count));
    });
    if (!needs_batch) co_return;
    cost.insert(cost.begin(), load_cost(count));
    const ComputePlan plan = node_.plan(cost);
    co_await node_.compute(plan, [this, samples] {
      // All models see the same, wherever they are; under gradients each node its own share.
      job_.samples->gather_training(samples.indices, random_now(Purpose::kAugmentation, 0), batch_);
      for_trained([&](std::size_t m, TransferReplica& replica) {
        if (!has_teachers(m)) return;
        replica.forward(batch_, random_now(Purpose::kDropout, m));
        if (outputs_.is_lent(m)) outputs_.lend(m, replica.outputs());
      });
      outputs_.compute(batch_);
    });
  }

  Task<> learn(StepSamples samples) {
    const std::size_t count = samples.indices.size();
    Cost cost, steps;
    for_trained([&](std::size_t m, TransferReplica& replica) {
      const std::size_t teachers = models_.teachers(m, update_).size();
      if (teachers == 0) append(cost, forward_cost(replica.learner(), count));
      append(cost, learning_cost(replica.learner(), count, teachers, job_.classes));
      append(steps, replica.step_cost());
    });
    if (cost.empty()) co_return;
    const ComputePlan plan = node_.plan(cost);
    co_await node_.compute(plan, [this] {
      for_trained([&](std::size_t m, TransferReplica& replica) { learn(m, replica); });
    });
    co_await average(samples);
    const ComputePlan stepping = node_.plan(steps);
    co_await node_.compute(stepping, [this] {
      for_trained([&](std::size_t, TransferReplica& replica) { replica.step(lr_of(replica)); });
    });
    for_trained([&](std::size_t m, TransferReplica& r) { r.count_update(has_teachers(m)); });
  }

  void learn(std::size_t m, TransferReplica& replica) {
    count_gradient();
    const std::vector<std::size_t> teachers = models_.teachers(m, update_);
    if (teachers.empty()) return replica.learn_plainly(batch_, random_now(Purpose::kDropout, m));
    std::vector<std::span<const float>> outputs;
    for (const std::size_t t : teachers) outputs.push_back(outputs_.of(t));
    if (job_.loss.mode == TransferMode::kMeanLogit) outputs = {mean_of(outputs)};
    const TransferTerm term{models_.weight(m, update_), models_.temperature(update_), job_.classes};
    replica.learn(batch_, outputs, term);
  }

  std::span<const float> mean_of(std::span<const std::span<const float>> outputs) {
    mean_.resize(outputs.front().size());
    for (std::size_t i = 0; i < mean_.size(); ++i) {
      double sum = 0;
      for (const auto& of_one : outputs) sum += static_cast<double>(of_one[i]);
      mean_[i] = static_cast<float>(sum / static_cast<double>(outputs.size()));
    }
    return mean_;
  }

  // Under gradients: those of the nodes' shares of the batch, weighted by samples.
  Task<> average(StepSamples samples) {
    if (!replicates() || job_.nodes.size() == 1) co_return;
    const double weight =
        static_cast<double>(samples.indices.size()) / static_cast<double>(samples.of_all_workers);
    const TimePoint start = node_.now();
    for (std::size_t m = 0; m < models_.count(); ++m) {
      if (models_.trains(me_, m)) co_await average(m, weight);
    }
    node_.meter().expose(node_.now() - start);
  }

  Task<> average(std::size_t m, double weight) {
    const AllreduceConfig& how = job_.exchange.gradients;
    TransferReplica& replica = *replicas_[m];
    const Values all = whole(replica, replica.gradient());
    all.scale(weight);
    const std::vector<Bucket>& buckets = buckets_[m];
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      const Stretch stretch{all.slice(buckets[b].offset, buckets[b].count), buckets[b].offset,
                            replica.size()};
      const Tag tag{kGradients + static_cast<std::uint32_t>(m * kMostBuckets + b), 0};
      node_.describe_stream(tag.stream, [&] {
        return Activity{.collective = name(how.collective.kind), .step = update_};
      });
      node_.meter().begin(node_.now(), name(how.collective.kind));
      co_await allreduce(how.collective, node_, job_.nodes, stretch, tag);
      node_.meter().end(node_.now(), name(how.collective.kind));
    }
  }

  double lr_of(const TransferReplica& replica) const {
    return learning_rate(job_.schedule, replica.base_lr(), {update_, job_.updates, per_epoch()});
  }

  // Epochs in transfer follow those alone. On several nodes that train a model each has its own draws.
  RandomStream random_now(Purpose purpose, std::size_t m) const {
    const std::size_t alone = m == 0 ? 0 : static_cast<std::size_t>(job_.member_epochs);
    const std::size_t model = replicates() ? me_ * models_.count() + m : m;
    return random(purpose, model, alone + static_cast<std::size_t>(update_ / per_epoch()),
                  static_cast<std::size_t>(update_ % per_epoch()));
  }
  RandomStream random(Purpose purpose, std::size_t model, std::size_t epoch,
                      std::size_t step) const {
    StreamKey key = transfer_stream(job_.seed, model, purpose);
    key.round = static_cast<std::uint32_t>(epoch);
    key.step = static_cast<std::uint32_t>(step);
    return RandomStream(key);
  }

  void count_gradient() const {
    if (job_.gradients != nullptr) ++*job_.gradients;
  }

  Task<> observe() {
    for (std::size_t m = 0; m < models_.count(); ++m) {
      if (!models_.trains(me_, m)) continue;
      TransferState state{.model = m, .owner = owns(m), .update = update_};
      state.epoch = static_cast<int>((update_ + per_epoch() - 1) / per_epoch());
      state.losses = replicas_[m]->take_losses();
      state.parameters = replicas_[m]->parameters();
      co_await job_.observe(node_, state);
    }
  }

  std::string save() const {
    StateWriter writer;
    writer.add(epochs_alone_).add(update_);
    for (const auto& replica : replicas_) {
      if (replica != nullptr) replica->save(writer);
    }
    outputs_.save(writer);
    return writer.take();
  }
  void restore(const std::string& state) {
    StateReader reader(state);
    reader.take(epochs_alone_);
    reader.take(update_);
    for (const auto& replica : replicas_) {
      if (replica != nullptr) replica->restore(reader);
    }
    outputs_.restore(reader);
    const bool fits = epochs_alone_ >= 0 && epochs_alone_ <= job_.member_epochs && update_ >= 0 &&
                      update_ < job_.updates;
    if (!fits) throw DataError("a checkpoint does not fit the run that it is of");
  }

  Node& node_;
  const TransferJob& job_;
  const std::size_t me_;
  const TransferModels models_;
  TransferReplicas replicas_;
  std::vector<std::vector<Bucket>> buckets_;  // of each model's gradient; under gradients
  TransferOutputs outputs_;
  std::int64_t epochs_alone_ = 0, update_ = 0;
  std::int64_t epoch_ = -1;
  std::vector<std::uint32_t> indices_;
  Batch batch_;
  std::vector<float> mean_;
};

// A node that only serves passes the safe points.
Task<> stand_by(Node& node, const TransferJob& job) {
  const auto per_epoch = static_cast<std::int64_t>(job.batches->steps_per_epoch());
  std::int64_t passed = 0;
  if (const auto state = node.restored()) {
    StateReader reader(*state);
    reader.take(passed);
  }
  const std::int64_t all = job.member_epochs + (job.updates - 1) / per_epoch;
  while (passed < all) {
    ++passed;
    if (!node.stops(Stop::kAlways)) continue;
    co_await node.safe_point([&passed] { return StateWriter().add(passed).take(); });
  }
}

}  // namespace

Task<> transfer_knowledge(Node& node, const TransferJob& job) {
  if (!job.nodes.takes_part()) {
    co_await stand_by(node, job);
    co_return;
  }
  Participant participant(node, job);
  co_await participant.run();
}

}  // namespace understudy
