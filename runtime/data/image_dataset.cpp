#include "runtime/data/image_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

std::array<float, 256> table_of(const Normalisation& normalisation) {
  std::array<float, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    table[byte] =
        (static_cast<float>(byte) / 255.0f - normalisation.mean) / normalisation.deviation;
  }
  return table;
}

}  // namespace

ImageDataset::ImageDataset(Contents contents, const std::vector<Normalisation>& normalisations)
    : shape_(contents.shape),
      images_(std::move(contents.images)),
      labels_(std::move(contents.labels)),
      writers_(std::move(contents.writers)) {
  const ActivationShape& image = shape_.image;
  UNDERSTUDY_CHECK(std::ssize(normalisations) == image.channels);
  if (images_.size() != labels_.size() * static_cast<std::size_t>(image.size())) {
    throw DataError(fmt::format("{} labels of {}x{} images do not match {} bytes", labels_.size(),
                                image.rows, image.columns, images_.size()));
  }
  if (!writers_.empty() && writers_.size() != labels_.size()) {
    throw DataError(fmt::format("{} writers are not one for each of {} images", writers_.size(),
                                labels_.size()));
  }
  const auto wrong =
      std::find_if(labels_.begin(), labels_.end(), [&](auto label) { return label >= classes(); });
  if (wrong != labels_.end()) {
    throw DataError(fmt::format("label {} is beyond the {} classes", *wrong, classes()));
  }
  for (const Normalisation& normalisation : normalisations)
    normalised_.push_back(table_of(normalisation));
}

ImageDataset ImageDataset::relabelled(std::vector<std::uint8_t> labels) const {
  UNDERSTUDY_CHECK(labels.size() == labels_.size());
  ImageDataset out = *this;
  out.labels_ = std::move(labels);
  return out;
}

void ImageDataset::gather(std::span<const std::uint32_t> indices, Batch& batch) const {
  const auto image_size = static_cast<std::size_t>(shape_.image.size());
  batch.count = indices.size();
  batch.inputs.resize(indices.size() * image_size);
  batch.labels.resize(indices.size());
  float* out = batch.inputs.data();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    UNDERSTUDY_CHECK(indices[i] < labels_.size());
    batch.labels[i] = labels_[indices[i]];
    const std::uint8_t* plane = images_.data() + indices[i] * image_size;
    for (const auto& table : normalised_) {
      out = std::transform(plane, plane + pixels(), out,
                           [&](std::uint8_t byte) { return table[byte]; });
      plane += pixels();
    }
  }
}

}  // namespace understudy
