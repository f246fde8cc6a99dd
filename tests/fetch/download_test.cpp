#include "runtime/fetch/download.hpp"

#include <fmt/format.h>

#include "runtime/base/errors.hpp"
#include "runtime/fetch/sha256.hpp"
#include "tests/data/idx_files.hpp"
#include "tests/fetch/http_server.hpp"

namespace understudy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string hash_of(const std::string& bytes) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(bytes)));
  return hash.finish();
}

std::string content(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(i * 31 % 251);
  return out;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What it says, whichever of our errors it throws.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Downloads : public testing::Test {
 protected:
  RemoteFile remote(const HttpServer& server) const {
    return {server.url("/file"), whole_.size(), hash_of(whole_)};
  }
  std::string part() const { return target_.string() + ".part"; }

  const std::string whole_ = content(100'000);
  TemporaryFolder folder_;
  const std::filesystem::path target_ = folder_ / "file";
};

TEST_F(Downloads, BringsAFile) {
  const HttpServer server({}, {{"/file", whole_}});
  std::uint64_t last = 0, all = 0;
  download(remote(server), target_, {.on_progress = [&](std::uint64_t have, std::uint64_t of) {
             EXPECT_GT(have, last);
             last = have, all = of;
           }});
  EXPECT_EQ(text_of(target_), whole_);
  EXPECT_EQ(last, whole_.size());
  EXPECT_EQ(all, whole_.size());
  EXPECT_FALSE(std::filesystem::exists(part()));
}

// 30,000 bytes a connection: four of them, each from where the one before ended.
TEST_F(Downloads, GoesOnWhereAConnectionWasCut) {
  const HttpServer server({.most_bytes = 30'000}, {{"/file", whole_}});
  download(remote(server), target_, {});
  EXPECT_EQ(text_of(target_), whole_);
  EXPECT_THAT(server.requests(),
              ElementsAre("/file", "/file from 30000", "/file from 60000", "/file from 90000"));
}

TEST_F(Downloads, GoesOnWithWhatAnEarlierCallLeft) {
  write_file(part(), whole_.substr(0, 70'000));
  const HttpServer server({}, {{"/file", whole_}});
  download(remote(server), target_, {});
  EXPECT_EQ(text_of(target_), whole_);
  EXPECT_THAT(server.requests(), ElementsAre("/file from 70000"));
}

TEST_F(Downloads, AWholePartIsNotFetchedAgain) {
  write_file(part(), whole_);
  const HttpServer server({}, {{"/file", whole_}});
  download(remote(server), target_, {});
  EXPECT_EQ(text_of(target_), whole_);
  EXPECT_THAT(server.requests(), ElementsAre());
}

TEST_F(Downloads, BeginsAnewWhereTheServerKnowsNoRanges) {
  write_file(part(), whole_.substr(0, 70'000));
  const HttpServer server({.ranges = false}, {{"/file", whole_}});
  download(remote(server), target_, {});
  EXPECT_EQ(text_of(target_), whole_);
}

// Another file than the wanted one is no cut connection.
TEST_F(Downloads, AShorterFileIsAskedForOnce) {
  const HttpServer server({.ranges = false}, {{"/file", whole_.substr(0, 70'000)}});
  EXPECT_THAT(data_error([&] { download(remote(server), target_, {}); }),
              HasSubstr("has 70000 bytes, not the 100000"));
  EXPECT_THAT(server.requests(), ElementsAre("/file"));
}

// The second try begins anew and gets no further.
TEST_F(Downloads, GivesUpWhereATryGetsNoFurther) {
  const HttpServer server({.most_bytes = 30'000, .ranges = false}, {{"/file", whole_}});
  EXPECT_THAT([&] { download(remote(server), target_, {}); },
              testing::ThrowsMessage<TransportError>(HasSubstr("after 30000 of 100000 bytes")));
  EXPECT_THAT(server.requests(), ElementsAre("/file", "/file from 30000"));
}

TEST_F(Downloads, KeepsThePartWhereNothingMoreComes) {
  write_file(part(), whole_.substr(0, 70'000));
  const HttpServer server({.most_bytes = 0}, {{"/file", whole_}});
  EXPECT_THAT(error_of([&] { download(remote(server), target_, {}); }),
              HasSubstr("70000 of 100000 bytes have come and are kept"));
  EXPECT_EQ(text_of(part()), whole_.substr(0, 70'000));
}

TEST_F(Downloads, AnotherHashDeletesThePart) {
  std::string altered = whole_;
  altered[5] = 'x';
  const HttpServer server({}, {{"/file", altered}});
  EXPECT_EQ(data_error([&] { download(remote(server), target_, {}); }),
            fmt::format("{}: has the SHA-256 {}, not {}; it was deleted", server.url("/file"),
                        hash_of(altered), hash_of(whole_)));
  EXPECT_FALSE(std::filesystem::exists(part()));
  EXPECT_FALSE(std::filesystem::exists(target_));
}

TEST_F(Downloads, AnotherSizeDeletesThePart) {
  const HttpServer shorter({}, {{"/file", whole_.substr(1)}}),
      longer({}, {{"/file", whole_ + "x"}});
  EXPECT_THAT(data_error([&] { download(remote(shorter), target_, {}); }),
              HasSubstr("was deleted"));
  EXPECT_FALSE(std::filesystem::exists(part()));
  EXPECT_THAT(data_error([&] { download(remote(longer), target_, {}); }),
              HasSubstr("is larger than the 100000 bytes that it may have; it was deleted"));
  EXPECT_FALSE(std::filesystem::exists(part()));
}

TEST_F(Downloads, ATrustedFileIsTakenAsItIsButBounded) {
  const HttpServer server({}, {{"/file", whole_ + "x"}});
  RemoteFile file = remote(server);
  file.trusted = true;
  download(file, target_, {});
  EXPECT_EQ(text_of(target_), whole_ + "x");
  const HttpServer large({}, {{"/file", std::string(200'000 + (1 << 20) + 1, 'x')}});
  file.url = large.url("/file");
  EXPECT_THAT(data_error([&] { download(file, target_, {}); }), HasSubstr("is larger than"));
}

TEST_F(Downloads, SaysWhatTheServerLacks) {
  const HttpServer server({}, {});
  EXPECT_EQ(error_of([&] { download(remote(server), target_, {}); }),
            server.url("/file") + ": the server has no such file (404)");
  EXPECT_THAT(text_of(part()), testing::IsEmpty());
}

TEST_F(Downloads, SaysThatNobodyIsThere) {
  RemoteFile file;
  {
    const HttpServer gone({}, {});
    file = remote(gone);
  }
  EXPECT_THAT([&] { download(file, target_, {}); },
              testing::ThrowsMessage<TransportError>(HasSubstr("can't be reached")));
  file.url = "file:///etc/hostname";
  EXPECT_THROW(download(file, target_, {}), TransportError);
}

TEST_F(Downloads, ASilentServerIsGivenUp) {
  const HttpServer server({.answers = false}, {{"/file", whole_}});
  EXPECT_THROW(download(remote(server), target_, {.stall_s = 1}), TransportError);
}

TEST_F(Downloads, SaysThatTheDiskIsFull) {
  std::filesystem::create_symlink("/dev/full", part());
  const HttpServer server({}, {{"/file", whole_}});
  EXPECT_THAT([&] { download(remote(server), target_, {}); },
              testing::ThrowsMessage<RunError>(HasSubstr("No space left on device")));
}

}  // namespace
}  // namespace understudy
