#include "runtime/fetch/unpack.hpp"

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"
#include "tests/fetch/archives.hpp"

namespace understudy {
namespace {

using testing::HasSubstr;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Unpacking : public testing::TestWithParam<ArchiveKind> {
 protected:
  Unpacking() { std::filesystem::create_directory(folder_ / "out"); }
  void unpack_all(const std::vector<std::string>& members) {
    unpack(folder_ / "archive", members, folder_ / "out");
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_ / "out"),
                      std::filesystem::directory_iterator()));
  }
  TemporaryFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, Unpacking, testing::Values(ArchiveKind::kZip, ArchiveKind::kTarGz));

TEST_P(Unpacking, TakesTheNamedMembersAlone) {
  const std::string large(300'000, 'l');
  write_archive(folder_ / "archive", GetParam(),
                {{"set/", ""}, {"set/a", "first"}, {"../evil", "x"}, {"set/b", large}});
  unpack_all({"set/b", "set/a"});
  EXPECT_EQ(text_of(folder_ / "out/a"), "first");
  EXPECT_EQ(text_of(folder_ / "out/b"), large);
  EXPECT_EQ(files(), 2u);
}

TEST_P(Unpacking, NamesWhatIsMissing) {
  write_archive(folder_ / "archive", GetParam(), {{"set/a", "first"}});
  EXPECT_THAT(data_error([&] { unpack_all({"set/a", "set/b"}); }), HasSubstr("lacks set/b"));
}

TEST_P(Unpacking, RefusesAFolderOfTheName) {
  write_archive(folder_ / "archive", GetParam(), {{"set/a/", ""}});
  EXPECT_THAT(data_error([&] { unpack_all({"set/a/"}); }), HasSubstr("is no plain file"));
}

TEST_P(Unpacking, RefusesWhatIsCutOff) {
  std::string noise;
  for (int i = 0; i < 200'000; ++i) noise += static_cast<char>(i * 7919 % 65'537);
  write_archive(folder_ / "archive", GetParam(), {{"set/a", noise}});
  std::filesystem::resize_file(folder_ / "archive", 5'000);
  EXPECT_THAT(data_error([&] { unpack_all({"set/a"}); }), HasSubstr("can't be read"));
  EXPECT_EQ(files(), 0u);
}

TEST(Unpacking, RefusesWhatIsNoArchive) {
  const TemporaryFolder folder;
  write_file(folder / "archive", "no archive at all");
  EXPECT_THAT(
      data_error([&] { unpack(folder / "archive", std::vector<std::string>{"a"}, folder.path()); }),
      HasSubstr("can't be read"));
  EXPECT_THAT(
      data_error([&] { unpack(folder / "absent", std::vector<std::string>{"a"}, folder.path()); }),
      HasSubstr("can't be read"));
}

}  // namespace
}  // namespace understudy
