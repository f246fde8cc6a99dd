#include "runtime/data/idx.hpp"

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::filesystem::path& file, std::size_t rank) {
  return data_error([&] { read_idx(file, rank); });
}

TEST(Idx, ReadsPlainAndGzippedAlike) {
  const TemporaryFolder folder;
  const std::string bytes = idx_bytes({2, 1, 3}, "abcdef");
  write_file(folder / "plain", bytes);
  write_file(folder / "packed.gz", gzipped(bytes));
  for (const char* name : {"plain", "packed.gz"}) {
    const IdxArray array = read_idx(folder / name, 3);
    EXPECT_THAT(array.shape, ElementsAre(2, 1, 3)) << name;
    EXPECT_EQ(std::string(array.values.begin(), array.values.end()), "abcdef") << name;
  }
}

TEST(Idx, NamesAMissingFile) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of(folder / "absent", 1), HasSubstr("absent does not exist"));
  EXPECT_THAT(error_of(folder.path(), 1), HasSubstr("does not exist"));
}

TEST(Idx, RefusesWhatIsNotIdx) {
  const TemporaryFolder folder;
  write_file(folder / "text", "id,label\n1,2\n");
  write_file(folder / "empty", "");
  write_file(folder / "floats", std::string{'\0', '\0', '\x0d', '\x01'} + std::string(8, '\0'));
  for (const char* name : {"text", "empty", "floats"}) {
    EXPECT_THAT(error_of(folder / name, 1), HasSubstr("is not an IDX file of unsigned bytes"))
        << name;
  }
}

TEST(Idx, RefusesAnotherRank) {
  const TemporaryFolder folder;
  write_file(folder / "labels", idx_bytes({2}, "ab"));
  EXPECT_THAT(error_of(folder / "labels", 3), HasSubstr("has 1 dimensions where 3 were expected"));
}

TEST(Idx, FindsTruncationAnywhere) {
  const TemporaryFolder folder;
  const std::string bytes = idx_bytes({4, 5}, std::string(20, 'x'));
  for (std::size_t length = 4; length < bytes.size(); ++length) {
    write_file(folder / "short", bytes.substr(0, length));
    EXPECT_THAT(error_of(folder / "short", 2), HasSubstr("is truncated")) << length;
  }
}

TEST(Idx, FindsATruncatedOrDamagedGzipStream) {
  const TemporaryFolder folder;
  std::string values;
  for (int i = 0; i < 4000; ++i) values += static_cast<char>(i * i % 251);
  const std::string packed = gzipped(idx_bytes({4000}, values));
  write_file(folder / "short.gz", packed.substr(0, packed.size() / 2));
  EXPECT_THAT(error_of(folder / "short.gz", 1), HasSubstr("is truncated"));
  std::string wrong_checksum = packed;
  wrong_checksum[packed.size() - 6] = static_cast<char>(~wrong_checksum[packed.size() - 6]);
  write_file(folder / "damaged.gz", wrong_checksum);
  EXPECT_THAT(error_of(folder / "damaged.gz", 1), HasSubstr("is damaged"));
}

TEST(Idx, RefusesTrailingData) {
  const TemporaryFolder folder;
  write_file(folder / "long", idx_bytes({3}, "abcd"));
  write_file(folder / "bomb.gz", gzipped(idx_bytes({3}, std::string(5'000'000, '\0'))));
  EXPECT_THAT(error_of(folder / "long", 1), HasSubstr("holds more than its header claims"));
  EXPECT_THAT(error_of(folder / "bomb.gz", 1), HasSubstr("holds more than its header claims"));
}

TEST(Idx, RefusesAnImpossibleClaim) {
  const TemporaryFolder folder;
  write_file(folder / "huge", idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, ""));
  EXPECT_THAT(error_of(folder / "huge", 3),
              HasSubstr("claims more than the 1073741824 bytes allowed"));
  write_file(folder / "large", idx_bytes({1u << 30}, "x"));
  EXPECT_THAT(error_of(folder / "large", 1), HasSubstr("is truncated: 1 of the 1073741824 bytes"));
}

}  // namespace
}  // namespace understudy
