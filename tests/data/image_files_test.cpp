// EMNIST and CIFAR from files as they are shipped, made by the tests.
#include "runtime/data/image_files.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Files : public testing::Test {
 protected:
  Files() { unsetenv("UNDERSTUDY_DATA"); }
  LoadedImages load(const std::string& name, Split split = Split::kTrain,
                    std::size_t limit = 0) const {
    return load_image_dataset(name, {folder_.path()}, split, limit);
  }
  std::string error_of(const std::string& name) const {
    return data_error([&] { load(name); });
  }
  TemporaryFolder folder_;
};

// Upright images of 2 rows and 3 columns: the byte at row r, column c of image i is 10 i + 3 r + c.
// NIST writes columns for rows: 3 rows of 2.
std::string transposed_images(std::uint32_t count) {
  std::string bytes;
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t c = 0; c < 3; ++c)
      for (std::uint32_t r = 0; r < 2; ++r) bytes += static_cast<char>(10 * i + 3 * r + c);
  }
  return idx_bytes({count, 3, 2}, bytes);
}

void write_emnist(const std::filesystem::path& folder, const std::string& split,
                  const std::string& labels, const std::string& part = "train") {
  const auto count = static_cast<std::uint32_t>(labels.size());
  const auto stem = folder / fmt::format("emnist-{}-{}", split, part);
  write_file(stem.string() + "-images-idx3-ubyte.gz", gzipped(transposed_images(count)));
  write_file(stem.string() + "-labels-idx1-ubyte.gz", gzipped(idx_bytes({count}, labels)));
}

std::string int32_file(const std::vector<std::uint32_t>& values) {
  std::string bytes = idx_bytes({static_cast<std::uint32_t>(values.size())}, "");
  bytes[2] = '\x0c';
  for (const std::uint32_t value : values) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift & 0xff);
  }
  return bytes;
}

TEST_F(Files, EmnistIsTurnedUpright) {
  write_emnist(folder_ / "emnist", "balanced", {'\0', '\56'});
  const LoadedImages loaded = load("emnist_balanced");
  EXPECT_EQ(loaded.name, "emnist_balanced");
  EXPECT_THAT(loaded.notice, IsEmpty());
  EXPECT_EQ(loaded.dataset->shape(), (ImageShape{{1, 2, 3}, 47}));
  EXPECT_THAT(loaded.dataset->labels(), ElementsAre(0, 46));
  Batch batch;
  loaded.dataset->gather(std::vector<std::uint32_t>{1}, batch);
  const auto at = [](int byte) { return (static_cast<float>(byte) / 255.0f - 0.1751f) / 0.3332f; };
  EXPECT_THAT(batch.inputs, ElementsAre(at(10), at(11), at(12), at(13), at(14), at(15)));
}

TEST_F(Files, EverySplitHasItsClasses) {
  write_emnist(folder_ / "emnist/gzip", "byclass", {'\75', '\0', '\1'});
  write_emnist(folder_ / "EMNIST/raw", "digits", {'\11'}, "train");
  write_emnist(folder_ / "emnist/gzip", "byclass", {'\7'}, "test");
  EXPECT_EQ(load("emnist_byclass").dataset->classes(), 62);
  EXPECT_THAT(load("emnist_byclass", Split::kTest).dataset->labels(), ElementsAre(7));
  EXPECT_EQ(load("emnist_digits").dataset->classes(), 10);
  write_emnist(folder_ / "emnist/gzip", "byclass", {'\76'});
  EXPECT_THAT(error_of("emnist_byclass"), HasSubstr("label 62 is beyond the 62 classes"));
}

// NIST counts letters from 1.
TEST_F(Files, LettersBeginAtZero) {
  write_emnist(folder_ / "emnist", "letters", {'\1', '\32'});
  EXPECT_THAT(load("emnist_letters").dataset->labels(), ElementsAre(0, 25));
  EXPECT_EQ(load("emnist_letters").dataset->classes(), 26);
  write_emnist(folder_ / "emnist", "letters", {'\0'});
  EXPECT_THAT(error_of("emnist_letters"), HasSubstr("ubyte.gz: label 0 is below the first, 1"));
}

TEST_F(Files, WritersAreReadWhereThereAreAny) {
  write_emnist(folder_ / "emnist", "byclass", {'\1', '\2', '\3'});
  const auto file = folder_ / "emnist/emnist-byclass-train-writers-idx1-int";
  EXPECT_THAT(load("emnist_byclass").dataset->writers(), IsEmpty());
  EXPECT_EQ(load("emnist_byclass").writers_file, file);
  write_file(file, int32_file({4100, 7, 0xffffffff}));
  EXPECT_THAT(load("emnist_byclass").dataset->writers(), ElementsAre(4100, 7, -1));
  EXPECT_THAT(load("emnist_byclass", Split::kTrain, 2).dataset->writers(), ElementsAre(4100, 7));
  write_file(file, int32_file({1, 2}));
  EXPECT_THAT(error_of("emnist_byclass"), HasSubstr("holds 2 writers of 3 images"));
  write_file(file, idx_bytes({3}, "abc"));
  EXPECT_THAT(error_of("emnist_byclass"), HasSubstr("is not an IDX file of 32-bit integers"));
}

TEST_F(Files, EmnistFallsBackAndSaysSo) {
  write_file(folder_ / "fashion-mnist/train-images-idx3-ubyte", idx_bytes({1, 1, 1}, "a"));
  write_file(folder_ / "fashion-mnist/train-labels-idx1-ubyte", idx_bytes({1}, "\1"));
  const LoadedImages loaded = load("emnist_letters");
  // A machine that has EMNIST in a system folder takes that one.
  if (!loaded.notice.empty()) {
    EXPECT_EQ(loaded.notice,
              fmt::format(
                  "emnist_letters is not on this machine, so fashion_mnist from {} takes its place",
                  (folder_ / "fashion-mnist").string()));
    EXPECT_EQ(loaded.dataset->classes(), 10);
  }
}

// A record whose red, green and blue pixels are `first`, `first` + 1 and `first` + 2.
std::string cifar_record(const std::string& labels, int first) {
  std::string bytes = labels;
  for (int channel = 0; channel < 3; ++channel)
    bytes += std::string(1024, static_cast<char>(first + channel));
  return bytes;
}

TEST_F(Files, Cifar10IsNormalisedByChannel) {
  for (int i = 1; i <= 5; ++i) {
    write_file(folder_ / fmt::format("cifar-10-batches-bin/data_batch_{}.bin", i),
               cifar_record({static_cast<char>(i)}, 10 * i) + cifar_record({'\11'}, 10 * i + 5));
  }
  write_file(folder_ / "cifar-10-batches-bin/test_batch.bin", cifar_record({'\3'}, 200));
  const auto train = load("cifar10").dataset;
  EXPECT_EQ(train->shape(), (ImageShape{{3, 32, 32}, 10}));
  EXPECT_THAT(train->labels(), ElementsAre(1, 9, 2, 9, 3, 9, 4, 9, 5, 9));
  EXPECT_THAT(load("cifar10", Split::kTest).dataset->labels(), ElementsAre(3));
  EXPECT_THAT(load("cifar10", Split::kTrain, 3).dataset->labels(), ElementsAre(1, 9, 2));
  Batch batch;
  train->gather(std::vector<std::uint32_t>{0, 3}, batch);
  ASSERT_EQ(batch.inputs.size(), 2 * 3072);
  const float mean[] = {0.4914f, 0.4822f, 0.4465f}, deviation[] = {0.2470f, 0.2435f, 0.2616f};
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
    const std::size_t channel = i / 1024 % 3;
    const auto byte = static_cast<float>((i < 3072 ? 10 : 25) + channel);
    ASSERT_EQ(batch.inputs[i], (byte / 255.0f - mean[channel]) / deviation[channel]) << i;
  }
}

TEST_F(Files, Cifar100TakesFineLabels) {
  write_file(folder_ / "cifar-100-binary/train.bin",
             cifar_record({'\23', '\143'}, 0) + cifar_record({'\1', '\2'}, 9));
  EXPECT_THAT(load("cifar100").dataset->labels(), ElementsAre(99, 2));
  EXPECT_EQ(load("cifar100").dataset->classes(), 100);
}

TEST_F(Files, DamagedCifarIsRefused) {
  const auto file = folder_ / "cifar100/train.bin";
  write_file(file, cifar_record({'\1', '\1'}, 0) + "x");
  EXPECT_THAT(error_of("cifar100"),
              HasSubstr("train.bin has 3075 bytes, which are no records of 3074"));
  write_file(file, cifar_record({'\1', '\144'}, 0));
  EXPECT_THAT(error_of("cifar100"), HasSubstr("has the label 100 beyond the 100 classes"));
  write_file(file, "");
  EXPECT_THAT(error_of("cifar100"), HasSubstr("has 0 bytes"));
}

}  // namespace
}  // namespace understudy
