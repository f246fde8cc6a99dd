// What curvature costs on one thread: gradients and Hessian-vector products at batch 64, and the
// products until eigenpairs of a trained lenet have converged. The peers are pytorch_hvp.py and
// eigenpairs_peer.py, which takes the same model and images from --export=FOLDER.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <string>

#include "runtime/data/image_files.hpp"
#include "runtime/learners/torch/set_up.hpp"
#include "runtime/learners/torch/torch_learner.hpp"
#include "runtime/training/curvature_eigenpairs.hpp"
#include "runtime/training/curvature_estimates.hpp"
#include "runtime/training/optimizer.hpp"

namespace understudy {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kImages = 1000;  // whose loss is looked at

std::vector<std::uint32_t> indices_from(std::size_t first, std::size_t count) {
  std::vector<std::uint32_t> indices(count);
  std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first));
  return indices;
}

// A model trained for one pass over 20,480 images of Fashion-MNIST.
struct Trained {
  explicit Trained(const char* name)
      : model(make_model(name, 0)), learner(make_torch_learner(model)) {
    constexpr std::size_t kTraining = 320 * kBatch;
    images = load_image_dataset("fashion_mnist", {}, Split::kTrain, kTraining).dataset;
    parameters.resize(learner->layout().size);
    std::vector<float> gradient(parameters.size());
    learner->initial(RandomStream({.seed = 1}), parameters);
    Sgd<float> optimizer({.momentum = 0.9}, learner->layout());
    for (std::size_t first = 0; first < kTraining; first += kBatch) {
      images->gather(indices_from(first, kBatch), batch);
      learner->gradient(parameters, batch, gradient, RandomStream({}), {});
      optimizer.step(parameters, gradient, 0.01);
    }
  }

  HessianMap hessian() const {
    return loss_hessian<float>(*learner, parameters, *images, indices_from(0, kImages),
                               {.batch = 100, .kept_batches = kImages / 100});
  }

  Model model;
  std::unique_ptr<Learner> learner;
  std::shared_ptr<const ImageDataset> images;
  std::vector<float> parameters;
  Batch batch;
};

const Trained& trained(const char* name) {
  static std::map<std::string, Trained> all;
  const auto found = all.find(name);
  return found != all.end() ? found->second : all.try_emplace(name, name).first->second;
}

void gradient(benchmark::State& state, const char* name) {
  const Trained& at = trained(name);
  std::vector<float> out(at.parameters.size());
  for (auto _ : state) at.learner->gradient(at.parameters, at.batch, out, RandomStream({}), {});
}

// A product where forward pass and gradient are kept, as in all but the first of many.
void product(benchmark::State& state, const char* name) {
  const Trained& at = trained(name);
  const auto hessian = at.learner->hessian(at.parameters, at.batch);
  const std::vector<float> v(at.parameters.size(), 1);
  std::vector<float> out(v.size());
  for (auto _ : state) hessian->multiply(v, out);
}

// One product with all that it takes.
void single_product(benchmark::State& state, const char* name) {
  const Trained& at = trained(name);
  const std::vector<float> v(at.parameters.size(), 1);
  std::vector<float> out(v.size());
  for (auto _ : state) at.learner->hessian_vector(at.parameters, at.batch, v, out);
}

// To residual 1e-3 on 1,000 images.
void eigenpairs(benchmark::State& state) {
  const Trained& at = trained("lenet");
  const HessianMap hessian = at.hessian();
  const EigenpairOptions options{.k = static_cast<std::size_t>(state.range(0)),
                                 .block = static_cast<std::size_t>(state.range(1))};
  TopEigenpairs pairs;
  for (auto _ : state)
    pairs = top_eigenpairs(hessian, options, RandomStream({.seed = 1, .purpose = Purpose::kTest}));
  state.counters["products"] = static_cast<double>(pairs.cost.products);
  state.counters["largest"] = pairs.values.front();
  state.counters["last"] = pairs.values.back();
  state.counters["residual"] = *std::max_element(pairs.residuals.begin(), pairs.residuals.end());
  state.counters["converged"] = pairs.converged;
}

// The same after ten further steps of training, from the pairs before them.
void warm_eigenpairs(benchmark::State& state) {
  Trained moved("lenet");
  const EigenpairOptions cold{.k = static_cast<std::size_t>(state.range(0))};
  const RandomStream random({.seed = 1, .purpose = Purpose::kTest});
  const TopEigenpairs before = top_eigenpairs(moved.hessian(), cold, random);
  std::vector<float> gradient(moved.parameters.size());
  Sgd<float> optimizer({}, moved.learner->layout());
  for (std::size_t step = 0; step < 10; ++step) {
    moved.images->gather(indices_from(step * kBatch, kBatch), moved.batch);
    moved.learner->gradient(moved.parameters, moved.batch, gradient, RandomStream({}), {});
    optimizer.step(moved.parameters, gradient, 0.01);
  }
  const HessianMap hessian = moved.hessian();
  EigenpairOptions warm = cold;
  warm.start = before.vectors;
  TopEigenpairs pairs;
  for (auto _ : state) pairs = top_eigenpairs(hessian, warm, random);
  state.counters["products"] = static_cast<double>(pairs.cost.products);
  state.counters["products_cold"] =
      static_cast<double>(top_eigenpairs(hessian, cold, random).cost.products);
}

void trace(benchmark::State& state) {
  const HessianMap hessian = trained("lenet").hessian();
  HutchinsonResult result;
  for (auto _ : state) {
    result = hutchinson(hessian, static_cast<std::size_t>(state.range(0)),
                        RandomStream({.seed = 1, .purpose = Purpose::kTest}));
  }
  state.counters["trace"] = result.trace.mean;
  state.counters["error"] = result.trace.error;
}

BENCHMARK_CAPTURE(gradient, cnn, "cnn")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(product, cnn, "cnn")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(single_product, cnn, "cnn")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(gradient, lenet, "lenet")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(product, lenet, "lenet")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(single_product, lenet, "lenet")->Unit(benchmark::kMillisecond);
BENCHMARK(eigenpairs)
    ->ArgNames({"k", "block"})
    ->ArgsProduct({{5, 20}, {1, 2, 5}})
    ->Unit(benchmark::kSecond)
    ->Iterations(1);
BENCHMARK(warm_eigenpairs)->ArgName("k")->Arg(5)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK(trace)->ArgName("probes")->Arg(50)->Unit(benchmark::kSecond)->Iterations(1);

template <class T>
void write(const std::filesystem::path& file, std::span<const T> values) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size_bytes()));
}

// parameters.f32, images.f32 and labels.i64, as they lie in memory.
void export_to(const std::filesystem::path& folder) {
  const Trained& at = trained("lenet");
  Batch batch;
  at.images->gather(indices_from(0, kImages), batch);
  write<float>(folder / "parameters.f32", at.parameters);
  write<float>(folder / "images.f32", batch.inputs);
  write<std::int64_t>(folder / "labels.i64", batch.labels);
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  understudy::set_up_torch();
  benchmark::Initialize(&argc, argv);
  const std::string flag = "--export=";
  if (argc > 1 && std::string(argv[1]).starts_with(flag)) {
    understudy::export_to(std::string(argv[1]).substr(flag.size()));
    return 0;
  }
  benchmark::RunSpecifiedBenchmarks();
}
