#include "runtime/fetch/fetch.hpp"

#include <set>

#include "runtime/base/errors.hpp"
#include "runtime/data/image_files.hpp"
#include "runtime/fetch/sha256.hpp"
#include "tests/data/idx_files.hpp"
#include "tests/fetch/archives.hpp"
#include "tests/fetch/http_server.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

SourceFile file_of(const std::string& name, const std::string& content) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(content)));
  return {name, content.size(), hash.finish()};
}

class Fetching : public testing::Test {
 protected:
  FetchOptions options(const std::vector<std::string>& mirrors = {}) const {
    FetchOptions options;
    options.to = folder_ / "data";
    options.mirrors = mirrors;
    return options;
  }
  TemporaryFolder folder_;
};

TEST_F(Fetching, BringsEveryFileOnce) {
  const HttpServer server({}, {{"/pub/a", "first"}, {"/pub/b", "second"}});
  const Source source{
      "set", {"set"}, {server.url("/pub")}, {file_of("a", "first"), file_of("b", "second")}};
  const auto folder = fetch(source, options());
  EXPECT_EQ(folder, folder_ / "data/set");
  EXPECT_EQ(text_of(folder / "a") + text_of(folder / "b"), "firstsecond");
  fetch(source, options());
  EXPECT_THAT(server.requests(), ElementsAre("/pub/a", "/pub/b"));
}

TEST_F(Fetching, UnpacksWhatALoaderFinds) {
  const std::string images = gzipped(idx_bytes({1, 1, 2}, "ab"));
  const std::string labels = gzipped(idx_bytes({1}, "\5"));
  const std::string images_name = "gzip/emnist-digits-train-images-idx3-ubyte.gz";
  const std::string labels_name = "gzip/emnist-digits-train-labels-idx1-ubyte.gz";
  write_archive(folder_ / "gzip.zip", ArchiveKind::kZip,
                {{"gzip/readme", "text"}, {images_name, images}, {labels_name, labels}});
  const std::string zip = text_of(folder_ / "gzip.zip");
  SourceFile archive = file_of("gzip.zip", zip);
  archive.members = {images_name, labels_name};
  const HttpServer server({}, {{"/gzip.zip", zip}});
  const Source source{"emnist", {"emnist_digits"}, {server.url()}, {archive}};
  const auto folder = fetch(source, options());
  EXPECT_FALSE(std::filesystem::exists(folder / "gzip.zip"));
  EXPECT_EQ(text_of(folder / "emnist-digits-train-images-idx3-ubyte.gz"), images);
  const auto loaded =
      load_image_dataset("emnist_digits", {.data_dir = folder_ / "data"}, Split::kTrain, 0);
  EXPECT_THAT(loaded.dataset->labels(), ElementsAre(5));
  fetch(source, options());
  EXPECT_THAT(server.requests(), ElementsAre("/gzip.zip"));
}

TEST_F(Fetching, MirrorsTakeTheSourcesPlaceInOrder) {
  const HttpServer own({}, {{"/a", "first"}}), lacking({}, {}), wrong({}, {{"/set/a", "fxrst"}}),
      right({}, {{"/mirror/set/a", "first"}});
  const Source source{"set", {"set"}, {own.url()}, {file_of("a", "first")}};
  std::vector<std::string> tried;
  FetchOptions how = options({lacking.url(), wrong.url("/"), right.url("/mirror")});
  how.on_file = [&](const std::string& url) { tried.push_back(url); };
  fetch(source, how);
  EXPECT_THAT(tried,
              ElementsAre(lacking.url("/set/a"), wrong.url("/set/a"), right.url("/mirror/set/a")));
  EXPECT_THAT(own.requests(), ElementsAre());
}

TEST_F(Fetching, TheLastMirrorsErrorIsThrown) {
  const HttpServer lacking({}, {}), wrong({}, {{"/set/a", "fxrst"}});
  const Source source{"set", {"set"}, {}, {file_of("a", "first")}};
  EXPECT_THAT(data_error([&] {
                fetch(source, options({lacking.url(), wrong.url()}));
              }),
              HasSubstr("has the SHA-256"));
  EXPECT_THROW(fetch(source, options({wrong.url(), lacking.url()})), TransportError);
}

TEST_F(Fetching, AnotherArchiveThanTheWantedIsLeftAlone) {
  SourceFile archive = file_of("set.zip", "whatever");
  archive.members = {"a"};
  write_file(folder_ / "data/set/set.zip", "somebody's");
  const Source source{"set", {"set"}, {"http://127.0.0.1:1"}, {archive}};
  EXPECT_THAT(data_error([&] { fetch(source, options()); }), HasSubstr("move it away"));
  EXPECT_EQ(text_of(folder_ / "data/set/set.zip"), "somebody's");
}

TEST_F(Fetching, MirrorsOfTheEnvironment) {
  setenv("UNDERSTUDY_MIRROR", " http://a/b  http://c ", 1);
  EXPECT_THAT(mirrors_of_environment(), ElementsAre("http://a/b", "http://c"));
  unsetenv("UNDERSTUDY_MIRROR");
  EXPECT_THAT(mirrors_of_environment(), ElementsAre());
}

// Every data set that scenarios name can be fetched, and is then found.
TEST(Sources, HoldEveryDataset) {
  for (const KnownDataset& dataset : known_datasets()) {
    const Source& source = source_of(std::string(dataset.name), known_sources());
    EXPECT_THAT(dataset.folders, testing::Contains(source.name)) << dataset.name;
    std::set<std::string> arrives;
    for (const SourceFile& file : source.files) {
      EXPECT_EQ(file.sha256.size(), 64u) << file.name;
      EXPECT_GT(file.size_bytes, 0u) << file.name;
      if (file.members.empty()) arrives.insert(file.name);
      for (const std::string& member : file.members)
        arrives.insert(std::filesystem::path(member).filename().string());
    }
    for (const auto& files : {dataset.train, dataset.test}) {
      for (const std::string& name : files) {
        const bool records = name.ends_with(".bin");
        EXPECT_TRUE(arrives.contains(records ? name : name + "-images-idx3-ubyte.gz")) << name;
        EXPECT_TRUE(arrives.contains(records ? name : name + "-labels-idx1-ubyte.gz")) << name;
      }
    }
  }
  EXPECT_THAT(data_error([] { source_of("emnist_leters", known_sources()); }),
              HasSubstr("did you mean 'emnist_letters'?"));
}

}  // namespace
}  // namespace understudy
