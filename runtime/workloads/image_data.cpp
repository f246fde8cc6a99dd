#include "runtime/workloads/image_data.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

void require_shape(const LoadedImages& images, const std::string& model) {
  const ActivationShape& image = images.dataset->shape().image;
  const int least = least_image_side(model);
  if (image.rows < least || image.columns < least) {
    throw DataError(
        fmt::format("the images of {} are {}x{}, and the model {} takes {}x{} or more; "
                    "workload.image_size pads them",
                    images.name, image.rows, image.columns, model, least, least));
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

ImageData load_image_data(const ImageClassifierConfig& config, const WorkloadParts& parts) {
  ImageData data;
  data.train = parts.datasets->images(config.dataset, Split::kTrain,
                                      static_cast<std::size_t>(config.train_limit));
  data.test = parts.datasets->images(config.dataset, Split::kTest,
                                     static_cast<std::size_t>(config.test_limit));
  if (config.image_size > 0) {
    pad(data.train, config.image_size);
    pad(data.test, config.image_size);
  }
  require_shape(data.train, config.model);
  require_shape(data.test, config.model);
  require_alike(data);
  require_writers(config, data.train);
  const ImageDataset& train = *data.train.dataset;
  if (parts.members.size() > train.size()) {
    throw ScenarioError(fmt::format("topology: {} workers are more than the {} samples of {}",
                                    parts.members.size(), train.size(), data.train.name));
  }
  if (config.augmentation.any()) {
    data.train.dataset =
        std::make_shared<const ImageDataset>(data.train.dataset->augmented(config.augmentation));
  }
  if (std::holds_alternative<NoLabelNoise>(config.label_noise)) return data;
  const RandomStream random(
      {.seed = parts.seed, .node = UINT32_MAX, .purpose = Purpose::kLabelNoise});
  data.train.dataset = std::make_shared<const ImageDataset>(data.train.dataset->relabelled(
      with_noise(config.label_noise, train.labels(), train.classes(), random)));
  return data;
}

ImageShape expected_shape(const WorkloadConfig& workload) {
  const ImageChoice images = images_of(workload).value();
  ImageShape shape = dataset_taken(images.dataset, {}).shape;
  if (images.image_size > 0) shape.image.rows = shape.image.columns = images.image_size;
  return shape;
}

}  // namespace understudy
