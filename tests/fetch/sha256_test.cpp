// The examples of FIPS 180-4's companion, "SHA-256 example values" (NIST), and RFC 6234's million.
#include "runtime/fetch/sha256.hpp"

#include "runtime/base/errors.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

std::string hash_of(const std::string& text, std::size_t piece) {
  Sha256 hash;
  for (std::size_t at = 0; at < text.size(); at += piece)
    hash.update(std::as_bytes(std::span(text).subspan(at, std::min(piece, text.size() - at))));
  return hash.finish();
}

TEST(Sha256, OfThePublishedExamples) {
  EXPECT_EQ(hash_of("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, OfAMillionInPiecesOfAnySize) {
  const std::string million(1'000'000, 'a');
  for (const std::size_t piece : {1u, 63u, 64u, 65u, 1'000'000u}) {
    EXPECT_EQ(hash_of(million, piece),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

TEST(Sha256, OfFiles) {
  const TemporaryFolder folder;
  write_file(folder / "abc", "abc");
  EXPECT_EQ(sha256_of(folder / "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_THROW(sha256_of(folder / "absent"), DataError);
}

}  // namespace
}  // namespace understudy
