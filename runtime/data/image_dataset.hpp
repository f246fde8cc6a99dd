// Labelled images kept as bytes and normalised as they are gathered into batches.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/data/augmentation.hpp"
#include "runtime/learners/model.hpp"

namespace understudy {

// x = (byte / 255 - mean) / deviation in float, as torchvision's ToTensor and Normalize compute it.
struct Normalisation {
  float mean = 0;
  float deviation = 1;
};

// Immutable, hence thread-safe.
class ImageDataset final : public BatchSource {
 public:
  // `images` row-major [labels.size(), channels, rows, columns]; of writers none, or one for each
  // image. Throws DataError on a mismatch of sizes or a label of `classes` or more.
  struct Contents {
    ImageShape shape;
    std::vector<std::uint8_t> images;
    std::vector<std::uint8_t> labels;
    std::vector<std::int32_t> writers{};
  };
  // One normalisation for each channel.
  ImageDataset(Contents contents, const std::vector<Normalisation>& normalisations);

  std::size_t size() const override { return labels_.size(); }
  // Inputs [count, channels, rows, columns]. Every index must be below size().
  void gather(std::span<const std::uint32_t> indices, Batch& batch) const override;
  void gather_training(std::span<const std::uint32_t> indices, RandomStream random,
                       Batch& batch) const override;

  const ImageShape& shape() const { return shape_; }
  std::uint32_t classes() const { return static_cast<std::uint32_t>(shape_.classes); }
  std::span<const std::uint8_t> labels() const { return labels_; }
  // Who wrote each image; empty where the data set does not say.
  std::span<const std::int32_t> writers() const { return writers_; }
  // The same images with these labels, of which there are as many.
  ImageDataset relabelled(std::vector<std::uint8_t> labels) const;
  // The same images in the middle of `side` rows and columns, at least theirs, of zeros.
  ImageDataset padded(std::int64_t side) const;
  // The same images, varied by gather_training().
  ImageDataset augmented(const AugmentationConfig& augmentation) const;

 private:
  // Where an image stands in what is gathered: how far down and to the right, then whether mirrored.
  struct Place {
    std::int64_t down = 0, right = 0;
    bool flip = false;
  };
  Place middle() const;
  Place draw(RandomStream& random) const;
  // Writes [channels, rows, columns]; returns where it ends.
  float* write(std::uint32_t index, const Place& place, float* out) const;
  void write_row(const std::uint8_t* row, const std::array<float, 256>& table, const Place& place,
                 float* out) const;
  // `place` of each image in turn.
  void gather_at(std::span<const std::uint32_t> indices, const std::function<Place()>& place,
                 Batch& batch) const;

  ImageShape shape_;        // as gathered
  ActivationShape stored_;  // as in the bytes
  AugmentationConfig augmentation_{};
  std::shared_ptr<const std::vector<std::uint8_t>> images_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::int32_t> writers_;
  std::vector<std::array<float, 256>> normalised_;  // of each byte value, by channel
};

}  // namespace understudy
