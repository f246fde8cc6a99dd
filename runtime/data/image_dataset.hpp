// Labelled images kept as bytes and normalised as they are gathered into batches.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/learners/learner.hpp"

namespace understudy {

// x = (byte / 255 - mean) / deviation in float, as torchvision's ToTensor and Normalize compute it.
struct Normalisation {
  float mean = 0;
  float deviation = 1;
};

// Immutable, hence thread-safe.
class ImageDataset final : public BatchSource {
 public:
  // `images` row-major [labels.size(), rows, columns]. Throws DataError on a mismatch of sizes or a
  // label of `classes` or more.
  struct Contents {
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    std::uint32_t classes = 0;
    std::vector<std::uint8_t> images;
    std::vector<std::uint8_t> labels;
  };
  ImageDataset(Contents contents, Normalisation normalisation);

  std::size_t size() const override { return labels_.size(); }
  // Inputs [count, 1, rows, columns]. Every index must be below size().
  void gather(std::span<const std::uint32_t> indices, Batch& batch) const override;

  std::uint32_t rows() const { return rows_; }
  std::uint32_t columns() const { return columns_; }
  std::uint32_t classes() const { return classes_; }
  std::span<const std::uint8_t> labels() const { return labels_; }
  // The same images with these labels, of which there are as many.
  ImageDataset relabelled(std::vector<std::uint8_t> labels) const;

 private:
  std::uint32_t rows_;
  std::uint32_t columns_;
  std::uint32_t classes_;
  std::vector<std::uint8_t> images_;
  std::vector<std::uint8_t> labels_;
  std::array<float, 256> normalised_;  // of each byte value
};

// Where data sets are looked for, in this order: the folder given with --data-dir,
// $UNDERSTUDY_DATA, the system's folders for data sets.
struct DataPaths {
  std::optional<std::filesystem::path> data_dir;
  // The folders in order. Throws DataError if data_dir is given and is no folder.
  std::vector<std::filesystem::path> folders() const;
};

enum class Split { kTrain, kTest };

struct LoadedImages {
  std::shared_ptr<const ImageDataset> dataset;
  std::string name;    // the data set taken
  std::string notice;  // a sentence for the user if that is not the one asked for; else empty
};

std::vector<std::string> image_dataset_names();

// `name` is mnist or fashion_mnist; mnist falls back to fashion_mnist where no folder holds it.
// `limit` keeps the first so many samples, 0 all. Throws DataError for an unknown name, a data set
// that is nowhere, a file that is damaged, or a limit beyond the data.
LoadedImages load_image_dataset(const std::string& name, const DataPaths& paths, Split split,
                                std::size_t limit);

}  // namespace understudy
