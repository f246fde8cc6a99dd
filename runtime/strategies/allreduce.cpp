#include "runtime/strategies/allreduce.hpp"

#include <fmt/format.h>

#include <cstring>

#include "runtime/collectives/collective.hpp"
#include "runtime/training/bucket.hpp"
#include "runtime/training/early_stopping.hpp"
#include "runtime/training/optimizer.hpp"
#include "runtime/training/schedule.hpp"

namespace understudy {
namespace {

// Streams of messages: bucket b of every step uses b; the first broadcast the last.
constexpr Tag kBroadcast{UINT32_MAX, 0};

template <class Scalar>
Activity activity_of(const TrainingJob<Scalar>& job, const Bucket& bucket, std::int64_t update) {
  const auto& slices = job.learner->layout().slices;
  const std::string& first = slices[bucket.first_slice].name;
  const std::string& last = slices[bucket.last_slice].name;
  const auto per_epoch = static_cast<std::int64_t>(job.batches->steps_per_epoch());
  return {.collective = name(job.exchange.collective.kind),
          .layers = first == last ? first : first + ".." + last,
          .step = update,
          .epoch = update / per_epoch};
}

// Whether workers observe once that many updates are made.
template <class Scalar>
bool observes_after(const TrainingJob<Scalar>& job, std::int64_t update) {
  const auto per_epoch = static_cast<std::int64_t>(job.batches->steps_per_epoch());
  return update % (job.observe_every > 0 ? job.observe_every : per_epoch) == 0;
}

// After the end of training nobody stops.
template <class Scalar>
Stop stop_after(const TrainingJob<Scalar>& job, std::int64_t update) {
  const auto per_epoch = static_cast<std::int64_t>(job.batches->steps_per_epoch());
  if (update % per_epoch == 0) return Stop::kAlways;
  return observes_after(job, update) ? Stop::kAfterObserving : Stop::kIfAsked;
}

template <class Scalar>
class Worker {
 public:
  Worker(Node& node, const TrainingJob<Scalar>& job)
      : node_(node),
        job_(job),
        layout_(job.learner->layout()),
        buckets_(make_buckets(layout_, job.exchange.bucket, sizeof(Scalar))),
        marks_(buckets_.size()),
        optimizer_(std::get<SgdConfig>(job.optimizer), layout_),
        update_plan_(node.plan(optimizer_.cost())),
        stopping_(job.early_stopping) {
    if (node.dry()) return;
    parameters_.resize(layout_.size);
    gradient_.resize(layout_.size);
  }

  Task<> train() {
    if (const auto state = node_.restored()) {
      restore(*state);
    } else {
      co_await begin();
    }
    const auto per_epoch = static_cast<std::int64_t>(job_.batches->steps_per_epoch());
    while (update_ < job_.updates) {
      co_await step(update_ / per_epoch, static_cast<std::size_t>(update_ % per_epoch));
      ++update_;
      bool last = update_ == job_.updates;
      const Stop stop = stop_after(job_, update_);
      if (observes_after(job_, update_) || last) {
        TrainingState<Scalar> state{update_, parameters_, take_loss(), last};
        if (job_.validate) co_await validate(state);
        last = state.last;
        co_await job_.observe(node_, state);
      }
      if (last) break;
      if (node_.stops(stop)) {
        co_await node_.safe_point([this] { return save(); });
      }
    }
  }

 private:
  // Rank 0's parameters and buffers are everyone's.
  Task<> begin() {
    if (!node_.dry()) job_.learner->initial(node_.random(Purpose::kInit), parameters_);
    if (job_.members.size() == 1) co_return;
    const TimePoint start = node_.now();
    node_.meter().begin(start, "broadcast");
    node_.describe_stream(kBroadcast.stream, [] { return Activity{.collective = "broadcast"}; });
    co_await broadcast(node_, job_.members, values(0, layout_.size, parameters_), kBroadcast);
    node_.meter().end(node_.now(), "broadcast");
    node_.meter().expose(node_.now() - start);
  }

  // A dry run makes the updates that the run that trained made.
  Task<> validate(TrainingState<Scalar>& state) {
    const double loss = co_await job_.validate(node_, state);
    if (node_.dry()) co_return;
    if (stopping_.take(loss) && job_.keep_best) best_ = parameters_;
    state.last |= stopping_.ended();
    state.best = best_;
  }

  Task<> step(std::int64_t epoch, std::size_t step) {
    if (epoch_ != epoch) {
      epoch_ = epoch;
      indices_ = job_.batches->epoch(job_.members.index, static_cast<std::size_t>(epoch));
    }
    const StepSamples samples = job_.batches->step(indices_, step);
    const ComputePlan& plan = plan_for(samples.indices.size());
    marks_.reset();
    Spawned<> averaging;
    if (job_.exchange.overlap) averaging = node_.spawn(average(samples));
    std::exception_ptr failure;
    try {
      co_await node_.compute(
          plan,
          [this, samples, step](const MarkHook& ready) { compute_gradient(samples, step, ready); },
          &marks_);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) co_await abandon(averaging, failure);
    const TimePoint computed = node_.now();
    if (!job_.exchange.overlap) averaging = node_.spawn(average(samples));
    co_await averaging.join();
    node_.meter().expose(node_.now() - computed);
    loss_sum_ += loss_;
    ++losses_;
    co_await node_.compute(update_plan_, [this] {
      optimizer_.step(parameters_, gradient_, current_lr());
      take_buffers<Scalar>(layout_, gradient_, parameters_);
    });
  }

  // The exchange refers to this worker, which the failure is about to end.
  static Task<> abandon(Spawned<> averaging, std::exception_ptr failure) {
    if (averaging.started()) {
      averaging.cancel();
      co_await averaging.ended();
    }
    std::rethrow_exception(failure);
  }

  void compute_gradient(const StepSamples& samples, std::size_t step, const MarkHook& ready) {
    batch_.count = samples.indices.size();
    const auto random = [&](Purpose purpose) {
      return node_.random(purpose, static_cast<std::uint32_t>(epoch_),
                          static_cast<std::uint32_t>(step));
    };
    if (job_.samples != nullptr)
      job_.samples->gather_training(samples.indices, random(Purpose::kAugmentation), batch_);
    const GradientHook hook = ready ? BucketCountdown(buckets_, ready) : GradientHook();
    loss_ = job_.learner->gradient(parameters_, batch_, gradient_, random(Purpose::kDropout), hook);
    if (job_.gradients != nullptr) ++*job_.gradients;
  }

  // One bucket after the other, as collectives on one stream go; each once backward has produced
  // it.
  Task<> average(StepSamples samples) {
    if (job_.members.size() == 1) co_return;
    const double weight =
        static_cast<double>(samples.indices.size()) / static_cast<double>(samples.of_all_workers);
    for (std::size_t b = 0; b < buckets_.size(); ++b) {
      co_await marks_[b];
      const Values bucket = values(buckets_[b].offset, buckets_[b].count, gradient_);
      bucket.scale(weight);
      node_.meter().begin(node_.now(), name(job_.exchange.collective.kind));
      const Stretch stretch{bucket, buckets_[b].offset, layout_.size};
      const Tag tag{static_cast<std::uint32_t>(b), 0};
      node_.describe_stream(tag.stream, [&] { return activity_of(job_, buckets_[b], update_); });
      co_await allreduce(job_.exchange.collective, node_, job_.members, stretch, tag);
      node_.meter().end(node_.now(), name(job_.exchange.collective.kind));
    }
  }

  double take_loss() {
    const double mean = losses_ == 0 ? 0 : loss_sum_ / static_cast<double>(losses_);
    loss_sum_ = 0;
    losses_ = 0;
    return mean;
  }
  double current_lr() const {
    return learning_rate(
        job_.schedule, job_.lr,
        {update_, job_.updates, static_cast<std::int64_t>(job_.batches->steps_per_epoch())});
  }
  Values values(std::size_t offset, std::size_t count, std::vector<Scalar>& of) const {
    if (node_.dry()) return Values::dry(count, Values(std::span<Scalar>()).type());
    return Values(std::span(of).subspan(offset, count));
  }

  // Loading, then the learner's kernels with the buckets' marks. Kept for the two sizes that an
  // epoch has.
  const ComputePlan& plan_for(std::size_t count) {
    for (const auto& [size, plan] : plans_) {
      if (size == count) return *plan;
    }
    Cost cost{load_cost(count)};
    understudy::append(cost, mark_buckets(job_.learner->cost(count), buckets_));
    plans_.emplace_back(count, std::make_unique<ComputePlan>(node_.plan(cost)));
    return *plans_.back().second;
  }

  // A checkpoint: how far the training is, the loss so far, parameters, the best of them where they
  // are kept, and momentum where there is any.
  struct Head {
    std::int64_t update = 0;
    double loss_sum = 0;
    std::int64_t losses = 0;
    EarlyStopping::State stopping{};
    std::uint64_t best = 0;  // how many parameters
  };
  std::string save() const {
    const Head head{update_, loss_sum_, losses_, stopping_.state(), best_.size()};
    std::string state;
    append(state, &head, 1);
    append(state, parameters_.data(), parameters_.size());
    append(state, best_.data(), best_.size());
    const auto momentum = optimizer_.state();
    append(state, momentum.data(), momentum.size());
    return state;
  }
  void restore(const std::string& state) {
    const std::size_t size = parameters_.size();
    Head head;
    const std::size_t values =
        state.size() < sizeof head ? 0 : (state.size() - sizeof head) / sizeof(Scalar);
    const char* at = state.data();
    if (values > 0) take(at, &head, 1);
    if (sizeof head + values * sizeof(Scalar) != state.size() || values < size ||
        (head.best != 0 && head.best != size) || values < size + head.best ||
        values > 2 * size + head.best)
      throw DataError("a checkpoint does not fit the model that it is of");
    update_ = head.update;
    loss_sum_ = head.loss_sum;
    losses_ = head.losses;
    stopping_.restore(head.stopping);
    take(at, parameters_.data(), parameters_.size());
    best_.resize(head.best);
    take(at, best_.data(), best_.size());
    std::vector<Scalar> momentum(values - size - best_.size());
    take(at, momentum.data(), momentum.size());
    optimizer_.restore(momentum);
    if (update_ < 0 || update_ > job_.updates)
      throw DataError(fmt::format("a checkpoint is of update {} of {}", update_, job_.updates));
  }
  template <class T>
  static void append(std::string& to, const T* from, std::size_t count) {
    to.append(reinterpret_cast<const char*>(from), count * sizeof(T));
  }
  template <class T>
  static void take(const char*& from, T* to, std::size_t count) {
    std::memcpy(to, from, count * sizeof(T));
    from += count * sizeof(T);
  }

  Node& node_;
  const TrainingJob<Scalar>& job_;
  const Layout& layout_;
  std::vector<Bucket> buckets_;
  Marks marks_;
  Sgd<Scalar> optimizer_;
  ComputePlan update_plan_;
  std::vector<std::pair<std::size_t, std::unique_ptr<ComputePlan>>> plans_;
  EarlyStopping stopping_;
  std::vector<Scalar> parameters_, gradient_;
  std::vector<Scalar> best_;  // parameters; empty where none are kept
  Batch batch_;
  std::vector<std::uint32_t> indices_;
  std::int64_t update_ = 0;
  std::int64_t epoch_ = -1;
  double loss_ = 0, loss_sum_ = 0;
  std::int64_t losses_ = 0;
};

// The dedicated server sums every bucket of every step; any other node that serves only passes the
// safe points.
template <class Scalar>
Task<> serve(Node& node, const TrainingJob<Scalar>& job) {
  const Layout& layout = job.learner->layout();
  const auto buckets = make_buckets(layout, job.exchange.bucket, sizeof(Scalar));
  // One worker has nobody to exchange with.
  const bool sums = job.members.server == node.rank() && job.members.size() > 1;
  std::int64_t update = 0;
  if (const auto state = node.restored()) {
    if (state->size() != sizeof update) throw DataError("a checkpoint does not fit its server");
    std::memcpy(&update, state->data(), sizeof update);
  }
  while (update < job.updates) {
    for (std::size_t b = 0; sums && b < buckets.size(); ++b) {
      const Values values = Values::dry(buckets[b].count, Values(std::span<Scalar>()).type());
      const Stretch stretch{values, buckets[b].offset, layout.size};
      const Tag tag{static_cast<std::uint32_t>(b), 0};
      node.describe_stream(tag.stream, [&] { return activity_of(job, buckets[b], update); });
      node.meter().begin(node.now(), name(job.exchange.collective.kind));
      co_await allreduce(job.exchange.collective, node, job.members, stretch, tag);
      node.meter().end(node.now(), name(job.exchange.collective.kind));
    }
    ++update;
    if (update < job.updates && node.stops(stop_after(job, update))) {
      co_await node.safe_point(
          [&update] { return std::string(reinterpret_cast<const char*>(&update), sizeof update); });
    }
  }
}

}  // namespace

template <class Scalar>
Task<> train_synchronously(Node& node, const TrainingJob<Scalar>& job) {
  if (!job.members.takes_part()) {
    co_await serve(node, job);
    co_return;
  }
  Worker<Scalar> worker(node, job);
  co_await worker.train();
}

template Task<> train_synchronously(Node&, const TrainingJob<float>&);
template Task<> train_synchronously(Node&, const TrainingJob<double>&);

}  // namespace understudy
