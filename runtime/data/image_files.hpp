// Image data sets that this program knows, and the files that hold them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/image_dataset.hpp"

namespace understudy {

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
  std::filesystem::path writers_file;  // where writers were looked for; empty: the format has none
};

// idx: MNIST's format. transposed_idx: EMNIST's, with each image's rows and columns exchanged.
// cifar10, cifar100: records (cifar.hpp).
enum class ImageFormat { kIdx, kTransposedIdx, kCifar10, kCifar100 };

struct KnownDataset {
  std::string_view name;
  ImageShape shape;
  std::vector<Normalisation> normalisations;  // of the training images, by channel
  ImageFormat format = ImageFormat::kIdx;
  std::vector<std::string> folders;      // that may hold it, beneath one of the paths
  std::vector<std::string> train, test;  // IDX: what their names begin with; CIFAR: the files
  std::size_t train_samples = 60'000, test_samples = 10'000;  // as published
  int first_label = 0;                                        // in the files
  std::string_view fallback;  // that takes its place where it is on no path; may be empty

  const std::vector<std::string>& files_of(Split split) const {
    return split == Split::kTrain ? train : test;
  }
};

std::vector<std::string> image_dataset_names();
const std::vector<KnownDataset>& known_datasets();
// Throws DataError, naming the nearest.
const KnownDataset& known_dataset(const std::string& name);

// The first folder that holds the training images: both parts must come from one place.
std::optional<std::filesystem::path> find_dataset(const KnownDataset& dataset,
                                                  const DataPaths& paths);

// The data set, or where it is nowhere and what it falls back to is there, that one.
const KnownDataset& dataset_taken(const std::string& name, const DataPaths& paths);

// mnist and emnist_* fall back to fashion_mnist where no folder holds them. `limit` keeps the first
// so many samples, 0 all. Writers are read where there is a file of them: <prefix>-writers-idx1-int,
// one 32-bit number a sample. Throws DataError for an unknown name, a data set that is nowhere, a file
// that is damaged, or a limit beyond the data.
LoadedImages load_image_dataset(const std::string& name, const DataPaths& paths, Split split,
                                std::size_t limit);

}  // namespace understudy
