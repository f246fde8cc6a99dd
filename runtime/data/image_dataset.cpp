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
      stored_(shape_.image),
      images_(std::make_shared<const std::vector<std::uint8_t>>(std::move(contents.images))),
      labels_(std::move(contents.labels)),
      writers_(std::move(contents.writers)) {
  const ActivationShape& image = shape_.image;
  UNDERSTUDY_CHECK(std::ssize(normalisations) == image.channels);
  if (images_->size() != labels_.size() * static_cast<std::size_t>(image.size())) {
    throw DataError(fmt::format("{} labels of {}x{} images do not match {} bytes", labels_.size(),
                                image.rows, image.columns, images_->size()));
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

ImageDataset ImageDataset::padded(std::int64_t side) const {
  UNDERSTUDY_CHECK(side >= stored_.rows && side >= stored_.columns);
  ImageDataset out = *this;
  out.shape_.image.rows = out.shape_.image.columns = side;
  return out;
}

ImageDataset ImageDataset::augmented(const AugmentationConfig& augmentation) const {
  ImageDataset out = *this;
  out.augmentation_ = augmentation;
  return out;
}

ImageDataset::Place ImageDataset::middle() const {
  return {(shape_.image.rows - stored_.rows) / 2, (shape_.image.columns - stored_.columns) / 2};
}

ImageDataset::Place ImageDataset::draw(RandomStream& random) const {
  Place place = middle();
  if (augmentation_.crop > 0) {
    const auto shifts = static_cast<std::uint64_t>(2 * augmentation_.crop + 1);
    place.down += static_cast<std::int64_t>(random.below(shifts)) - augmentation_.crop;
    place.right += static_cast<std::int64_t>(random.below(shifts)) - augmentation_.crop;
  }
  if (augmentation_.flip) place.flip = random.below(2) == 1;
  return place;
}

void ImageDataset::write_row(const std::uint8_t* row, const std::array<float, 256>& table,
                             const Place& place, float* out) const {
  const std::int64_t first = std::max<std::int64_t>(0, -place.right);
  const std::int64_t last = std::min(stored_.columns, shape_.image.columns - place.right);
  if (first >= last) return;
  const auto value = [&](std::uint8_t byte) { return table[byte]; };
  float* begin = out + place.right + first;
  std::transform(row + first, row + last, begin, value);
  if (place.flip) std::reverse(out, out + shape_.image.columns);
}

float* ImageDataset::write(std::uint32_t index, const Place& place, float* out) const {
  UNDERSTUDY_CHECK(index < labels_.size());
  const ActivationShape& image = shape_.image;
  const std::uint8_t* plane = images_->data() + index * static_cast<std::size_t>(stored_.size());
  for (const auto& table : normalised_) {
    const std::int64_t first = std::max<std::int64_t>(0, -place.down);
    const std::int64_t last = std::min(stored_.rows, image.rows - place.down);
    if (image != stored_ || place.down != 0 || place.right != 0)
      std::fill_n(out, image.rows * image.columns, table[0]);
    for (std::int64_t row = first; row < last; ++row)
      write_row(plane + row * stored_.columns, table, place,
                out + (row + place.down) * image.columns);
    plane += stored_.rows * stored_.columns;
    out += image.rows * image.columns;
  }
  return out;
}

void ImageDataset::gather_at(std::span<const std::uint32_t> indices,
                             const std::function<Place()>& place, Batch& batch) const {
  batch.count = indices.size();
  batch.inputs.resize(indices.size() * static_cast<std::size_t>(shape_.image.size()));
  batch.labels.resize(indices.size());
  float* out = batch.inputs.data();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    out = write(indices[i], place(), out);
    batch.labels[i] = labels_[indices[i]];
  }
}

void ImageDataset::gather(std::span<const std::uint32_t> indices, Batch& batch) const {
  gather_at(
      indices, [this] { return middle(); }, batch);
}

void ImageDataset::gather_training(std::span<const std::uint32_t> indices, RandomStream random,
                                   Batch& batch) const {
  gather_at(
      indices, [&] { return draw(random); }, batch);
}

}  // namespace understudy
