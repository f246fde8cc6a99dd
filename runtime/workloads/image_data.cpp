#include "runtime/workloads/image_data.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

void require_shape(const LoadedImages& images, const std::string& model) {
  const ImageDataset& dataset = *images.dataset;
  const ActivationShape wanted = make_model(model, 0).input;
  if (dataset.rows() != wanted.rows || dataset.columns() != wanted.columns) {
    throw DataError(fmt::format("the images of {} are {}x{}, and the model {} takes {}x{}",
                                images.name, dataset.rows(), dataset.columns(), model, wanted.rows,
                                wanted.columns));
  }
  if (dataset.size() == 0) throw DataError(fmt::format("a part of {} is empty", images.name));
}

}  // namespace

ImageData load_image_data(const ImageClassifierConfig& config, const WorkloadParts& parts) {
  ImageData data;
  data.train = parts.datasets->images(config.dataset, Split::kTrain,
                                      static_cast<std::size_t>(config.train_limit));
  data.test = parts.datasets->images(config.dataset, Split::kTest,
                                     static_cast<std::size_t>(config.test_limit));
  require_shape(data.train, config.model);
  require_shape(data.test, config.model);
  const ImageDataset& train = *data.train.dataset;
  if (parts.members.size() > train.size()) {
    throw ScenarioError(fmt::format("topology: {} workers are more than the {} samples of {}",
                                    parts.members.size(), train.size(), data.train.name));
  }
  if (std::holds_alternative<NoLabelNoise>(config.label_noise)) return data;
  const RandomStream random(
      {.seed = parts.seed, .node = UINT32_MAX, .purpose = Purpose::kLabelNoise});
  data.train.dataset = std::make_shared<const ImageDataset>(
      train.relabelled(with_noise(config.label_noise, train.labels(), train.classes(), random)));
  return data;
}

}  // namespace understudy
