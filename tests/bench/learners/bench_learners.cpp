// Training throughput of the models on one thread: gradient and update. The peer is pytorch_step.py.
#include <benchmark/benchmark.h>

#include "runtime/data/image_dataset.hpp"
#include "runtime/data/sampler.hpp"
#include "runtime/learners/torch/set_up.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "runtime/training/optimizer.hpp"
#include "runtime/training/transfer_loss.hpp"

namespace understudy {
namespace {

constexpr std::size_t kBatch = 64, kLargeBatch = 32;
constexpr ImageShape kPhotographs{{3, 32, 32}, 10};

Batch random_batch(const Model& model, std::size_t count) {
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  Batch batch{.count = count, .inputs = {}, .labels = {}};
  batch.inputs.resize(count * static_cast<std::size_t>(model.input.size()));
  for (float& pixel : batch.inputs) pixel = static_cast<float>(random.normal());
  for (std::size_t i = 0; i < count; ++i)
    batch.labels.push_back(static_cast<std::int64_t>(random.below(10)));
  return batch;
}

struct Step {
  const char* model;
  std::size_t batch = kBatch;
  ImageShape images{};
};
void training_step(benchmark::State& state, const Step& step) {
  const Model model = make_model(step.model, 0, step.images);
  const auto learner = make_torch_learner(model);
  const Batch batch = random_batch(model, step.batch);
  std::vector<float> parameters(learner->layout().size);
  std::vector<float> gradient(learner->layout().size);
  learner->initial(RandomStream({.seed = 1}), parameters);
  Sgd<float> optimizer({.momentum = 0.9}, learner->layout());
  for (auto _ : state) {
    benchmark::DoNotOptimize(learner->gradient(parameters, batch, gradient, RandomStream({}), {}));
    optimizer.step(parameters, gradient, 0.01);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(step.batch));
}

// The cross entropy of a batch and the losses from three other models' outputs, with their gradients: to
// be held against a step of the model that learns from them.
void transfer_losses(benchmark::State& state, std::size_t batch) {
  constexpr std::size_t kClasses = 10, kTeachers = 3;
  RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  std::vector<std::vector<float>> logits(1 + kTeachers, std::vector<float>(batch * kClasses));
  for (auto& of_model : logits) {
    for (float& value : of_model) value = static_cast<float>(random.normal());
  }
  const std::vector<std::span<const float>> teachers(logits.begin() + 1, logits.end());
  const std::vector<std::int64_t> labels(batch, 3);
  std::vector<double> gradient(batch * kClasses);
  for (auto _ : state) {
    std::fill(gradient.begin(), gradient.end(), 0);
    benchmark::DoNotOptimize(cross_entropy<float>(logits[0], labels, gradient));
    benchmark::DoNotOptimize(
        transfer_loss<float>(logits[0], teachers, {0.5, 4, kClasses}, gradient));
  }
}

class RandomSource final : public BatchSource {
 public:
  RandomSource(const Model& model, std::size_t count) : all_(random_batch(model, count)) {}
  std::size_t size() const override { return all_.count; }
  void gather(std::span<const std::uint32_t> indices, Batch& batch) const override {
    const std::size_t pixels = all_.inputs.size() / all_.count;
    batch = {.count = indices.size(), .inputs = {}, .labels = {}};
    for (const std::uint32_t i : indices) {
      batch.inputs.insert(batch.inputs.end(), all_.inputs.begin() + i * pixels,
                          all_.inputs.begin() + (i + 1) * pixels);
      batch.labels.push_back(all_.labels[i]);
    }
  }

 private:
  Batch all_;
};

void evaluation(benchmark::State& state, const char* name) {
  const Model model = make_model(name, 0);
  const auto learner = make_torch_learner(model);
  const RandomSource source(model, 1000);
  std::vector<float> parameters(learner->layout().size);
  learner->initial(RandomStream({.seed = 1}), parameters);
  for (auto _ : state)
    benchmark::DoNotOptimize(learner->evaluate(parameters, source, 0, source.size()));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(source.size()));
}

void sgd_update(benchmark::State& state) {
  const Layout layout = make_layout(make_model("cnn", 0));
  std::vector<float> parameters(layout.size, 1);
  const std::vector<float> gradient(layout.size, 1);
  Sgd<float> optimizer({.momentum = 0.9}, layout);
  for (auto _ : state) optimizer.step(parameters, gradient, 0.01);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(layout.size));
}

// A shuffled batch of 28x28 images out of a data set larger than the cache.
void gather(benchmark::State& state) {
  constexpr std::size_t kImages = 60000;
  ImageDataset::Contents contents{{}, std::vector<std::uint8_t>(kImages * 784), {}};
  for (std::size_t i = 0; i < contents.images.size(); ++i)
    contents.images[i] = static_cast<std::uint8_t>(i * i);
  contents.labels.assign(kImages, 3);
  const ImageDataset dataset(std::move(contents), {{0.2860f, 0.3530f}});
  const auto order = torch_permutation(kImages, 1);
  Batch batch;
  std::size_t at = 0;
  for (auto _ : state) {
    dataset.gather(std::span(order).subspan(at, kBatch), batch);
    at = (at + kBatch) % (kImages - kBatch);
    benchmark::DoNotOptimize(batch.inputs.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

BENCHMARK(gather)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(training_step, cnn, Step{"cnn"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(training_step, lenet, Step{"lenet"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(evaluation, cnn, "cnn")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(evaluation, lenet, "lenet")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(training_step, vgg9, Step{"vgg9"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(training_step, vgg19, Step{"vgg19", kLargeBatch, kPhotographs})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(transfer_losses, of_vgg9, kBatch)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(transfer_losses, of_vgg19, kLargeBatch)->Unit(benchmark::kMicrosecond);
BENCHMARK(sgd_update)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  understudy::set_up_torch();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
