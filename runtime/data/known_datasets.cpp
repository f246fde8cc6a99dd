#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/data/image_files.hpp"

namespace understudy {
namespace {

KnownDataset mnist_like(std::string_view name, Normalisation normalisation,
                        std::vector<std::string> folders, std::string_view fallback) {
  KnownDataset dataset;
  dataset.name = name;
  dataset.normalisations = {normalisation};
  dataset.folders = std::move(folders);
  dataset.train = {"train"};
  dataset.test = {"t10k"};
  dataset.fallback = fallback;
  return dataset;
}

struct Samples {
  std::size_t train, test;
};

// Cohen, Afshar, Tapson, van Schaik, "EMNIST: extending MNIST to handwritten letters", 2017.
KnownDataset emnist(std::string_view name, std::string_view split, Samples samples, int classes,
                    Normalisation normalisation) {
  KnownDataset dataset;
  dataset.name = name;
  dataset.shape.classes = classes;
  dataset.train_samples = samples.train;
  dataset.test_samples = samples.test;
  dataset.normalisations = {normalisation};
  dataset.format = ImageFormat::kTransposedIdx;
  dataset.folders = {"emnist", "emnist/gzip", "EMNIST/raw", "EMNIST"};
  dataset.train = {fmt::format("emnist-{}-train", split)};
  dataset.test = {fmt::format("emnist-{}-test", split)};
  dataset.fallback = "fashion_mnist";
  return dataset;
}

KnownDataset emnist_letters() {
  KnownDataset letters =
      emnist("emnist_letters", "letters", {124'800, 20'800}, 26, {0.1722f, 0.3309f});
  letters.first_label = 1;
  return letters;
}

// Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
KnownDataset cifar10() {
  KnownDataset dataset;
  dataset.name = "cifar10";
  dataset.shape = {{3, 32, 32}, 10};
  dataset.train_samples = 50'000;
  dataset.normalisations = {{0.4914f, 0.2470f}, {0.4822f, 0.2435f}, {0.4465f, 0.2616f}};
  dataset.format = ImageFormat::kCifar10;
  dataset.folders = {"cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"};
  dataset.train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                   "data_batch_5.bin"};
  dataset.test = {"test_batch.bin"};
  return dataset;
}

KnownDataset cifar100() {
  KnownDataset dataset;
  dataset.name = "cifar100";
  dataset.shape = {{3, 32, 32}, 100};
  dataset.train_samples = 50'000;
  dataset.normalisations = {{0.5071f, 0.2673f}, {0.4865f, 0.2564f}, {0.4409f, 0.2762f}};
  dataset.format = ImageFormat::kCifar100;
  dataset.folders = {"cifar100", "cifar-100-binary", "cifar100/cifar-100-binary"};
  dataset.train = {"train.bin"};
  dataset.test = {"test.bin"};
  return dataset;
}

}  // namespace

const std::vector<KnownDataset>& known_datasets() {
  static const std::vector<KnownDataset> known{
      mnist_like("fashion_mnist", {0.2860f, 0.3530f},
                 {"fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST"}, ""),
      mnist_like("mnist", {0.1307f, 0.3081f}, {"mnist", "MNIST/raw", "MNIST"}, "fashion_mnist"),
      emnist("emnist_balanced", "balanced", {112'800, 18'800}, 47, {0.1751f, 0.3332f}),
      emnist_letters(),
      emnist("emnist_byclass", "byclass", {697'932, 116'323}, 62, {0.1736f, 0.3317f}),
      emnist("emnist_digits", "digits", {240'000, 40'000}, 10, {0.1733f, 0.3317f}),
      cifar10(),
      cifar100()};
  return known;
}

std::vector<std::string> image_dataset_names() {
  std::vector<std::string> names;
  for (const KnownDataset& dataset : known_datasets()) names.emplace_back(dataset.name);
  return names;
}

const KnownDataset& known_dataset(const std::string& name) {
  const auto& known = known_datasets();
  const auto found = std::ranges::find(known, name, &KnownDataset::name);
  if (found != known.end()) return *found;
  const std::string nearest = nearest_name(name, image_dataset_names());
  throw DataError(fmt::format("there is no data set '{}'{}", name,
                              nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

}  // namespace understudy
