#include "runtime/data/image_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "runtime/base/errors.hpp"
#include "runtime/data/cifar.hpp"
#include "runtime/data/idx.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

bool is_idx(const KnownDataset& dataset) {
  return dataset.format == ImageFormat::kIdx || dataset.format == ImageFormat::kTransposedIdx;
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

fs::path required_file(const fs::path& folder, const std::string& stem) {
  if (auto file = find_file(folder, stem)) return *file;
  throw DataError(fmt::format("the folder {} lacks {} (or {}.gz)", folder.string(), stem, stem));
}

std::optional<fs::path> find_folder(const KnownDataset& dataset,
                                    const std::vector<fs::path>& roots) {
  const std::string mark =
      is_idx(dataset) ? dataset.train[0] + "-images-idx3-ubyte" : dataset.train[0];
  for (const fs::path& root : roots) {
    for (const std::string& folder : dataset.folders) {
      if (find_file(root / folder, mark)) return root / folder;
    }
  }
  return std::nullopt;
}

void check_limit(std::size_t limit, std::size_t there, const fs::path& file) {
  if (limit <= there) return;
  throw DataError(
      fmt::format("{} samples are asked for but {} holds {}", limit, file.string(), there));
}

// As NIST's files have them: read down the columns.
void transpose(std::span<std::uint8_t> images, std::size_t rows, std::size_t columns) {
  const std::size_t pixels = rows * columns;
  std::vector<std::uint8_t> turned(pixels);
  for (; !images.empty(); images = images.subspan(pixels)) {
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) turned[r * columns + c] = images[c * rows + r];
    std::ranges::copy(turned, images.begin());
  }
}

// Labels counted from the data set's first.
void shift_labels(std::vector<std::uint8_t>& labels, int first, const fs::path& file) {
  for (std::uint8_t& label : labels) {
    if (label < first)
      throw DataError(
          fmt::format("{}: label {} is below the first, {}", file.string(), label, first));
    label = static_cast<std::uint8_t>(label - first);
  }
}

std::vector<std::int32_t> read_writers(const fs::path& folder, const std::string& stem,
                                       std::size_t images, std::size_t limit) {
  const auto file = find_file(folder, stem);
  if (!file) return {};
  std::vector<std::int32_t> writers = read_idx_int32(*file);
  if (writers.size() != images) {
    throw DataError(
        fmt::format("{} holds {} writers of {} images", file->string(), writers.size(), images));
  }
  if (limit > 0) writers.resize(limit);
  return writers;
}

ImageDataset load_idx(const KnownDataset& dataset, const fs::path& folder, Split split,
                      std::size_t limit) {
  const std::string& prefix = dataset.files_of(split)[0];
  const fs::path images_file = required_file(folder, prefix + "-images-idx3-ubyte");
  const fs::path labels_file = required_file(folder, prefix + "-labels-idx1-ubyte");
  IdxArray images = read_idx(images_file, 3);
  IdxArray labels = read_idx(labels_file, 1);
  const std::size_t count = images.shape[0];
  if (count != labels.shape[0]) {
    throw DataError(fmt::format("{} holds {} images but {} holds {} labels", images_file.string(),
                                count, labels_file.string(), labels.shape[0]));
  }
  check_limit(limit, count, images_file);
  std::size_t rows = images.shape[1], columns = images.shape[2];
  auto writers = read_writers(folder, prefix + "-writers-idx1-int", count, limit);
  if (limit > 0) {
    images.values.resize(limit * rows * columns);
    images.values.shrink_to_fit();
    labels.values.resize(limit);
  }
  if (dataset.format == ImageFormat::kTransposedIdx) {
    std::swap(rows, columns);
    transpose(images.values, rows, columns);
  }
  shift_labels(labels.values, dataset.first_label, labels_file);
  ImageShape shape = dataset.shape;
  shape.image = {1, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
  try {
    return {{shape, std::move(images.values), std::move(labels.values), std::move(writers)},
            dataset.normalisations};
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", labels_file.string(), error.what()));
  }
}

ImageDataset load_cifar(const KnownDataset& dataset, const fs::path& folder, Split split,
                        std::size_t limit) {
  const int label_bytes = dataset.format == ImageFormat::kCifar100 ? 2 : 1;
  CifarRecords records;
  fs::path file;
  for (const std::string& name : dataset.files_of(split)) {
    if (limit > 0 && records.labels.size() >= limit) break;
    file = required_file(folder, name);
    append_cifar(file, label_bytes, dataset.shape.classes, records);
  }
  check_limit(limit, records.labels.size(), file);
  if (limit > 0) {
    records.labels.resize(limit);
    records.images.resize(limit * kCifarImageBytes);
    records.images.shrink_to_fit();
  }
  return {{dataset.shape, std::move(records.images), std::move(records.labels)},
          dataset.normalisations};
}

LoadedImages load(const KnownDataset& dataset, const fs::path& folder, Split split,
                  std::size_t limit) {
  LoadedImages loaded;
  loaded.name = dataset.name;
  if (is_idx(dataset)) {
    loaded.dataset = std::make_shared<ImageDataset>(load_idx(dataset, folder, split, limit));
    loaded.writers_file = folder / (dataset.files_of(split)[0] + "-writers-idx1-int");
  } else {
    loaded.dataset = std::make_shared<ImageDataset>(load_cifar(dataset, folder, split, limit));
  }
  return loaded;
}

}  // namespace

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

std::optional<fs::path> find_dataset(const KnownDataset& dataset, const DataPaths& paths) {
  return find_folder(dataset, paths.folders());
}

const KnownDataset& dataset_taken(const std::string& name, const DataPaths& paths) {
  const KnownDataset& dataset = known_dataset(name);
  if (dataset.fallback.empty() || find_dataset(dataset, paths)) return dataset;
  const KnownDataset& fallback = known_dataset(std::string(dataset.fallback));
  return find_dataset(fallback, paths) ? fallback : dataset;
}

LoadedImages load_image_dataset(const std::string& name, const DataPaths& paths, Split split,
                                std::size_t limit) {
  const KnownDataset& dataset = dataset_taken(name, paths);
  const auto folder = find_dataset(dataset, paths);
  if (!folder) {
    std::string looked;
    for (const fs::path& root : paths.folders())
      looked += (looked.empty() ? "" : ", ") + root.string();
    throw DataError(fmt::format("the data set {} is in none of the folders {}", name, looked));
  }
  LoadedImages loaded = load(dataset, *folder, split, limit);
  if (dataset.name != name) {
    loaded.notice = fmt::format("{} is not on this machine, so {} from {} takes its place", name,
                                dataset.name, folder->string());
  }
  return loaded;
}

}  // namespace understudy
