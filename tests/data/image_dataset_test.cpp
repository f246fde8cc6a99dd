#include "runtime/data/image_files.hpp"

#include <cstdlib>

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"
#include "tests/data/test_data.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A data set of 2x1 images: image i holds the bytes 2i and 2i + 1, its label is i.
void write_dataset(const std::filesystem::path& folder, std::uint32_t count,
                   const std::string& prefix = "train") {
  std::string images;
  std::string labels;
  for (std::uint32_t i = 0; i < count; ++i) {
    images += static_cast<char>(2 * i);
    images += static_cast<char>(2 * i + 1);
    labels += static_cast<char>(i);
  }
  write_file(folder / (prefix + "-images-idx3-ubyte"), idx_bytes({count, 2, 1}, images));
  write_file(folder / (prefix + "-labels-idx1-ubyte.gz"), gzipped(idx_bytes({count}, labels)));
}

// Only the test's folder counts, whatever the machine holds.
class Lookup : public testing::Test {
 protected:
  Lookup() { unsetenv("UNDERSTUDY_DATA"); }
  LoadedImages load(const std::string& name, std::size_t limit = 0,
                    Split split = Split::kTrain) const {
    return load_image_dataset(name, {folder_.path()}, split, limit);
  }
  std::string error_of(const std::string& name, std::size_t limit = 0) const {
    return data_error([&] { load(name, limit); });
  }
  TemporaryFolder folder_;
};

TEST_F(Lookup, GathersNormalisedImagesInTheOrderAskedFor) {
  write_dataset(folder_ / "mnist", 5);
  const LoadedImages loaded = load("mnist");
  EXPECT_EQ(loaded.name, "mnist");
  EXPECT_THAT(loaded.notice, IsEmpty());
  Batch batch;
  loaded.dataset->gather(std::vector<std::uint32_t>{3, 0}, batch);
  const auto normalised = [](int byte) {
    return (static_cast<float>(byte) / 255.0f - 0.1307f) / 0.3081f;
  };
  EXPECT_EQ(batch.count, 2);
  EXPECT_THAT(batch.inputs,
              ElementsAre(normalised(6), normalised(7), normalised(0), normalised(1)));
  EXPECT_THAT(batch.labels, ElementsAre(3, 0));
}

TEST_F(Lookup, FashionMnistHasItsOwnStatistics) {
  write_dataset(folder_ / "FashionMNIST/raw", 1, "t10k");
  Batch batch;
  load("fashion_mnist", 0, Split::kTest).dataset->gather(std::vector<std::uint32_t>{0}, batch);
  EXPECT_EQ(batch.inputs[0], (0.0f - 0.2860f) / 0.3530f);
}

TEST_F(Lookup, LimitKeepsTheFirstSamples) {
  write_dataset(folder_ / "mnist", 5);
  const auto limited = load("mnist", 3).dataset;
  EXPECT_THAT(limited->labels(), ElementsAre(0, 1, 2));
  EXPECT_EQ(load("mnist", 5).dataset->size(), 5);
  EXPECT_THAT(error_of("mnist", 6), HasSubstr("6 samples are asked for but"));
}

TEST_F(Lookup, MnistFallsBackAndSaysSo) {
  write_dataset(folder_ / "fashion-mnist", 2);
  const LoadedImages loaded = load("mnist");
  // A machine that has MNIST in a system folder takes that one.
  if (loaded.notice.empty()) {
    EXPECT_EQ(loaded.name, "mnist");
  } else {
    EXPECT_EQ(loaded.name, "fashion_mnist");
    EXPECT_THAT(loaded.notice, HasSubstr("mnist is not on this machine, so fashion_mnist from"));
  }
}

TEST_F(Lookup, TheGivenFolderComesBeforeTheVariable) {
  write_dataset(folder_ / "first/mnist", 1);
  write_dataset(folder_ / "second/mnist", 2);
  setenv("UNDERSTUDY_DATA", (folder_ / "second").c_str(), 1);
  EXPECT_EQ(load_image_dataset("mnist", {folder_ / "first"}, Split::kTrain, 0).dataset->size(), 1);
  EXPECT_EQ(load_image_dataset("mnist", {}, Split::kTrain, 0).dataset->size(), 2);
  unsetenv("UNDERSTUDY_DATA");
}

TEST_F(Lookup, NamesTheNearestDataset) {
  EXPECT_THAT(error_of("minst"), HasSubstr("there is no data set 'minst'; did you mean 'mnist'?"));
}

TEST_F(Lookup, RefusesAFolderThatIsNotThere) {
  const DataPaths paths{folder_ / "absent"};
  EXPECT_THAT(data_error([&] { load_image_dataset("mnist", paths, Split::kTrain, 0); }),
              HasSubstr("absent does not exist"));
}

TEST_F(Lookup, NamesAMissingFileOfTheSet) {
  write_dataset(folder_ / "mnist", 2);
  std::filesystem::remove(folder_ / "mnist/train-labels-idx1-ubyte.gz");
  EXPECT_THAT(error_of("mnist"), HasSubstr("lacks train-labels-idx1-ubyte"));
}

TEST_F(Lookup, RefusesLabelsThatDoNotMatch) {
  write_dataset(folder_ / "mnist", 2);
  write_file(folder_ / "mnist/train-labels-idx1-ubyte", idx_bytes({3}, std::string(3, '\1')));
  EXPECT_THAT(error_of("mnist"), HasSubstr("holds 2 images but"));
  write_file(folder_ / "mnist/train-labels-idx1-ubyte", idx_bytes({2}, std::string(2, '\12')));
  EXPECT_THAT(error_of("mnist"),
              HasSubstr("train-labels-idx1-ubyte: label 10 is beyond the 10 classes"));
}

TEST(FashionMnist, IsReadFromTheSystem) {
  const DataPaths paths;
  const auto train = load_image_dataset("fashion_mnist", paths, Split::kTrain, 0).dataset;
  const auto test = load_image_dataset("fashion_mnist", paths, Split::kTest, 0).dataset;
  EXPECT_EQ(train->size(), 60000);
  EXPECT_EQ(test->size(), 10000);
  // Six thousand of each class, and pixels with the mean and deviation that normalise to 0 and 1.
  EXPECT_EQ(std::count(train->labels().begin(), train->labels().end(), 7), 6000);
  Batch batch;
  std::vector<std::uint32_t> all(60000);
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  train->gather(all, batch);
  double sum = 0;
  double squares = 0;
  for (const double x : batch.inputs) {
    sum += x;
    squares += x * x;
  }
  const auto pixels = static_cast<double>(batch.inputs.size());
  EXPECT_NEAR(sum / pixels, 0, 1e-3);
  EXPECT_NEAR(squares / pixels, 1, 1e-3);
}

// The normalisation is that of the training images: mean 0 and deviation 1, to the four digits that
// its constants have.
TEST(FullMnist, IsNormalisedByItsOwnStatistics) {
  UNDERSTUDY_REQUIRE_TEST_DATA();
  const LoadedImages train =
      load_image_dataset("mnist", {.data_dir = test_data()}, Split::kTrain, 0);
  const LoadedImages test = load_image_dataset("mnist", {.data_dir = test_data()}, Split::kTest, 0);
  EXPECT_EQ(train.notice, "");
  ASSERT_EQ(train.dataset->size(), 60'000u);
  EXPECT_EQ(test.dataset->size(), 10'000u);
  double sum = 0, squares = 0;
  Batch batch;
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    train.dataset->gather(std::span(&i, 1), batch);
    for (const float x : batch.inputs) {
      sum += static_cast<double>(x);
      squares += static_cast<double>(x) * static_cast<double>(x);
    }
  }
  const double count = 60'000.0 * 784;
  EXPECT_NEAR(sum / count, 0, 2e-4);
  EXPECT_NEAR(squares / count, 1, 4e-4);
}

}  // namespace
}  // namespace understudy
