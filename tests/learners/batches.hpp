// Batches of random images for the tests of learners.
#pragma once

#include <algorithm>
#include <vector>

#include "runtime/learners/model.hpp"

namespace understudy {

inline Batch random_batch(const Model& model, std::size_t count, std::uint64_t seed = 1) {
  RandomStream random({.seed = seed, .purpose = Purpose::kTest});
  Batch batch{.count = count, .inputs = {}, .labels = {}};
  batch.inputs.resize(count * static_cast<std::size_t>(model.input.size()));
  for (float& pixel : batch.inputs) pixel = static_cast<float>(random.normal());
  const auto classes = static_cast<std::uint64_t>(class_count(model));
  for (std::size_t i = 0; i < count; ++i)
    batch.labels.push_back(static_cast<std::int64_t>(random.below(classes)));
  return batch;
}

// The smallest images of one channel, in ten classes, that the model of this name takes.
inline ImageShape least_images(const std::string& name) {
  const std::int64_t side = least_image_side(name);
  return {{1, side, side}, 10};
}

// The models whose differences are quick to compute, and a small one of the layers that only large
// ones have.
inline std::vector<std::string> quick_names() {
  return {"cnn", "lenet", "logistic", "two_nn", "two_cnn", "residual"};
}
inline Model quick_model(const std::string& name, double dropout) {
  if (name != "residual") return make_model(name, dropout);
  const auto conv = [](const char* of, int in) {
    return Conv2d{.name = of, .in = in, .out = 8, .kernel = 3, .padding = 1, .bias = false};
  };
  return {name,
          {3, 28, 28},
          {conv("conv1", 3), GroupNorm{"norm1", 4, 8}, Relu{}, MaxPool2d{2}, SkipStart{},
           conv("conv2", 8), GroupNorm{"norm2", 2, 8}, Relu{}, SkipAdd{}, MaxPool2d{4}, Flatten{},
           Linear{"fc", 72, 10, false}, Scale{0.5}}};
}

// Samples first..first+count-1 of a batch.
inline Batch part_of(const Batch& whole, std::size_t first, std::size_t count) {
  const std::size_t pixels = whole.inputs.size() / whole.count;
  const auto inputs = whole.inputs.begin() + static_cast<std::ptrdiff_t>(first * pixels);
  const auto labels = whole.labels.begin() + static_cast<std::ptrdiff_t>(first);
  return {.count = count,
          .inputs = {inputs, inputs + static_cast<std::ptrdiff_t>(count * pixels)},
          .labels = {labels, labels + static_cast<std::ptrdiff_t>(count)}};
}

// A batch as a source of samples.
class BatchAsSource final : public BatchSource {
 public:
  explicit BatchAsSource(Batch all) : all_(std::move(all)) {}
  std::size_t size() const override { return all_.count; }
  void gather(std::span<const std::uint32_t> indices, Batch& batch) const override {
    batch = {.count = indices.size(), .inputs = {}, .labels = {}};
    for (const std::uint32_t i : indices) {
      const Batch one = part_of(all_, i, 1);
      batch.inputs.insert(batch.inputs.end(), one.inputs.begin(), one.inputs.end());
      batch.labels.push_back(one.labels[0]);
    }
  }

 private:
  Batch all_;
};

template <class Scalar>
std::vector<Scalar> initial_parameters(const BasicLearner<Scalar>& learner,
                                       std::uint64_t seed = 1) {
  std::vector<Scalar> parameters(learner.layout().size);
  learner.initial(RandomStream({.seed = seed}), parameters);
  return parameters;
}

}  // namespace understudy
