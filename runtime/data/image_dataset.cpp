#include "runtime/data/image_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/data/idx.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

// A data set that this program knows: the folders that may hold it, and the statistics of its
// training images.
struct KnownDataset {
  std::string name;
  std::vector<std::string> folders;
  Normalisation normalisation;
  std::string fallback;
};

const std::vector<KnownDataset>& known_datasets() {
  static const std::vector<KnownDataset> known{
      {"mnist", {"mnist", "MNIST/raw", "MNIST"}, {0.1307f, 0.3081f}, "fashion_mnist"},
      {"fashion_mnist",
       {"fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST"},
       {0.2860f, 0.3530f},
       ""}};
  return known;
}

constexpr std::uint32_t kClasses = 10;

const KnownDataset* find_known(const std::string& name) {
  const auto& known = known_datasets();
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const auto& d) { return d.name == name; });
  return found == known.end() ? nullptr : &*found;
}

// The file of this stem, gzip'd or not, in the folder.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& stem) {
  for (const char* ending : {"", ".gz"}) {
    fs::path file = folder / (stem + ending);
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) return file;
  }
  return std::nullopt;
}

// The first folder that holds the training images: the training and test sets must come from one
// place.
std::optional<fs::path> find_folder(const KnownDataset& dataset,
                                    const std::vector<fs::path>& roots) {
  for (const fs::path& root : roots) {
    for (const std::string& folder : dataset.folders) {
      if (find_file(root / folder, "train-images-idx3-ubyte")) return root / folder;
    }
  }
  return std::nullopt;
}

fs::path required_file(const fs::path& folder, const std::string& stem) {
  if (auto file = find_file(folder, stem)) return *file;
  throw DataError(fmt::format("the folder {} lacks {} (or {}.gz)", folder.string(), stem, stem));
}

std::shared_ptr<const ImageDataset> load(const KnownDataset& dataset, const fs::path& folder,
                                         Split split, std::size_t limit) {
  const std::string prefix = split == Split::kTrain ? "train" : "t10k";
  const fs::path images_file = required_file(folder, prefix + "-images-idx3-ubyte");
  const fs::path labels_file = required_file(folder, prefix + "-labels-idx1-ubyte");
  IdxArray images = read_idx(images_file, 3);
  IdxArray labels = read_idx(labels_file, 1);
  if (images.shape[0] != labels.shape[0]) {
    throw DataError(fmt::format("{} holds {} images but {} holds {} labels", images_file.string(),
                                images.shape[0], labels_file.string(), labels.shape[0]));
  }
  if (limit > images.shape[0]) {
    throw DataError(fmt::format("{} samples are asked for but {} holds {}", limit,
                                images_file.string(), images.shape[0]));
  }
  if (limit > 0) {
    images.values.resize(limit * images.shape[1] * images.shape[2]);
    images.values.shrink_to_fit();
    labels.values.resize(limit);
  }
  try {
    return std::make_shared<ImageDataset>(
        ImageDataset::Contents{images.shape[1], images.shape[2], kClasses, std::move(images.values),
                               std::move(labels.values)},
        dataset.normalisation);
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", labels_file.string(), error.what()));
  }
}

}  // namespace

ImageDataset::ImageDataset(Contents contents, Normalisation normalisation)
    : rows_(contents.rows),
      columns_(contents.columns),
      classes_(contents.classes),
      images_(std::move(contents.images)),
      labels_(std::move(contents.labels)) {
  if (images_.size() != labels_.size() * rows_ * columns_) {
    throw DataError(fmt::format("{} labels of {}x{} images do not match {} bytes", labels_.size(),
                                rows_, columns_, images_.size()));
  }
  const auto wrong =
      std::find_if(labels_.begin(), labels_.end(), [&](auto label) { return label >= classes_; });
  if (wrong != labels_.end()) {
    throw DataError(fmt::format("label {} is beyond the {} classes", *wrong, classes_));
  }
  for (std::size_t byte = 0; byte < normalised_.size(); ++byte) {
    normalised_[byte] =
        (static_cast<float>(byte) / 255.0f - normalisation.mean) / normalisation.deviation;
  }
}

ImageDataset ImageDataset::relabelled(std::vector<std::uint8_t> labels) const {
  UNDERSTUDY_CHECK(labels.size() == labels_.size());
  ImageDataset out = *this;
  out.labels_ = std::move(labels);
  return out;
}

void ImageDataset::gather(std::span<const std::uint32_t> indices, Batch& batch) const {
  const std::size_t pixels = std::size_t{rows_} * columns_;
  batch.count = indices.size();
  batch.inputs.resize(indices.size() * pixels);
  batch.labels.resize(indices.size());
  float* out = batch.inputs.data();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    UNDERSTUDY_CHECK(indices[i] < labels_.size());
    batch.labels[i] = labels_[indices[i]];
    const std::uint8_t* image = images_.data() + indices[i] * pixels;
    out = std::transform(image, image + pixels, out,
                         [&](std::uint8_t byte) { return normalised_[byte]; });
  }
}

std::vector<fs::path> DataPaths::folders() const {
  std::vector<fs::path> folders;
  if (data_dir) {
    if (!fs::is_directory(*data_dir)) {
      throw DataError(fmt::format("the data folder {} does not exist", data_dir->string()));
    }
    folders.push_back(*data_dir);
  }
  if (const char* variable = std::getenv("UNDERSTUDY_DATA"); variable && *variable)
    folders.emplace_back(variable);
  if (const char* home = std::getenv("HOME"); home && *home) {
    folders.push_back(fs::path(home) / ".local/share/datasets");
  }
  folders.emplace_back("/usr/local/share/datasets");
  folders.emplace_back("/usr/share/datasets");
  return folders;
}

std::vector<std::string> image_dataset_names() {
  std::vector<std::string> names;
  for (const KnownDataset& dataset : known_datasets()) names.push_back(dataset.name);
  return names;
}

LoadedImages load_image_dataset(const std::string& name, const DataPaths& paths, Split split,
                                std::size_t limit) {
  const KnownDataset* dataset = find_known(name);
  if (!dataset) {
    const std::string nearest = nearest_name(name, image_dataset_names());
    throw DataError(
        fmt::format("there is no data set '{}'{}", name,
                    nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  const std::vector<fs::path> roots = paths.folders();
  if (const auto folder = find_folder(*dataset, roots)) {
    return {load(*dataset, *folder, split, limit), name, ""};
  }
  const KnownDataset* fallback = find_known(dataset->fallback);
  if (const auto folder = fallback ? find_folder(*fallback, roots) : std::nullopt) {
    return {load(*fallback, *folder, split, limit), fallback->name,
            fmt::format("{} is not on this machine, so {} from {} takes its place", name,
                        fallback->name, folder->string())};
  }
  std::string looked;
  for (const fs::path& root : roots) looked += (looked.empty() ? "" : ", ") + root.string();
  throw DataError(fmt::format("the data set {} is in none of the folders {}", name, looked));
}

}  // namespace understudy
