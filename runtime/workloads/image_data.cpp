#include "runtime/workloads/image_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

void require_shape(const LoadedImages& images, std::span<const ModelConfig> models) {
  const ActivationShape& image = images.dataset->shape().image;
  for (const ModelConfig& model : models) {
    const int least = least_image_side(model);
    if (image.rows >= least && image.columns >= least) continue;
    throw DataError(
        fmt::format("the images of {} are {}x{}, and the model {} takes {}x{} or more; "
                    "workload.image_size pads them",
                    images.name, image.rows, image.columns, model.kind, least, least));
  }
  if (images.dataset->size() == 0)
    throw DataError(fmt::format("a part of {} is empty", images.name));
}

void pad(LoadedImages& images, int side) {
  const ActivationShape& image = images.dataset->shape().image;
  if (side < image.rows || side < image.columns) {
    throw DataError(fmt::format("workload.image_size: the images of {} are {}x{}, more than {}x{}",
                                images.name, image.rows, image.columns, side, side));
  }
  images.dataset = std::make_shared<const ImageDataset>(images.dataset->padded(side));
}

// The two parts are files of their own.
void require_alike(const ImageData& data) {
  const ActivationShape &train = data.train.dataset->shape().image,
                        &test = data.test.dataset->shape().image;
  if (train == test) return;
  throw DataError(fmt::format("the training images of {} are {}x{}, and its test images {}x{}",
                              data.train.name, train.rows, train.columns, test.rows, test.columns));
}

void require_writers(const ImageClassifierConfig& config, const LoadedImages& images) {
  if (!std::holds_alternative<WriterPartition>(config.partition)) return;
  if (!images.dataset->writers().empty()) return;
  if (images.writers_file.empty()) {
    throw DataError(fmt::format(
        "workload.partition: nobody wrote the images of {}, which can't be divided by writer",
        images.name));
  }
  throw DataError(
      fmt::format("workload.partition: to divide {} by writer takes {}, an IDX file of one 32-bit "
                  "number of a writer for each training sample",
                  images.name, images.writers_file.string()));
}

}  // namespace

ImageData load_image_data(const ImageInput& input, std::span<const ModelConfig> models,
                          const WorkloadParts& parts) {
  ImageData data;
  data.train = parts.datasets->images(input.dataset, Split::kTrain,
                                      static_cast<std::size_t>(input.train_limit));
  data.test = parts.datasets->images(input.dataset, Split::kTest,
                                     static_cast<std::size_t>(input.test_limit));
  if (input.image_size > 0) {
    pad(data.train, input.image_size);
    pad(data.test, input.image_size);
  }
  require_shape(data.train, models);
  require_shape(data.test, models);
  require_alike(data);
  if (parts.members.size() > data.train.dataset->size()) {
    throw ScenarioError(fmt::format("topology: {} workers are more than the {} samples of {}",
                                    parts.members.size(), data.train.dataset->size(),
                                    data.train.name));
  }
  if (input.augmentation.any()) {
    data.train.dataset =
        std::make_shared<const ImageDataset>(data.train.dataset->augmented(input.augmentation));
  }
  return data;
}

ImageData load_image_data(const ImageClassifierConfig& config, const WorkloadParts& parts) {
  ImageData data = load_image_data(config, {&config.model, 1}, parts);
  require_writers(config, data.train);
  if (std::holds_alternative<NoLabelNoise>(config.label_noise)) return data;
  const ImageDataset& train = *data.train.dataset;
  const RandomStream random(
      {.seed = parts.seed, .node = UINT32_MAX, .purpose = Purpose::kLabelNoise});
  data.train.dataset = std::make_shared<const ImageDataset>(
      train.relabelled(with_noise(config.label_noise, train.labels(), train.classes(), random)));
  return data;
}

WithheldSamples withhold(std::size_t samples, double share, std::uint64_t seed) {
  WithheldSamples out;
  std::vector<std::uint32_t>& order = out.training;
  order.resize(samples);
  std::iota(order.begin(), order.end(), 0u);
  const auto withheld = static_cast<std::size_t>(share * static_cast<double>(samples));
  if (withheld == 0) return out;
  if (withheld == samples)
    throw ScenarioError("workload.validation: no sample is left to train on");
  RandomStream draw({.seed = seed, .node = UINT32_MAX, .purpose = Purpose::kPartition, .round = 2});
  for (std::size_t i = samples; i > 1; --i) std::swap(order[i - 1], order[draw.below(i)]);
  const auto cut = order.end() - static_cast<std::ptrdiff_t>(withheld);
  out.validation.assign(cut, order.end());
  order.erase(cut, order.end());
  std::sort(order.begin(), order.end());
  std::sort(out.validation.begin(), out.validation.end());
  return out;
}

ImageShape expected_shape(const ImageInput& input) {
  ImageShape shape = dataset_taken(input.dataset, {}).shape;
  if (input.image_size > 0) shape.image.rows = shape.image.columns = input.image_size;
  return shape;
}

}  // namespace understudy
