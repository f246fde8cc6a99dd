#include "runtime/data/idx.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// An element type by its code in the header.
struct ElementType {
  std::uint8_t code;
  std::uint64_t bytes;
  const char* plural;
};
constexpr ElementType kUnsignedByte{0x08, 1, "unsigned bytes"};
constexpr ElementType kInt32{0x0C, 4, "32-bit integers"};
constexpr std::size_t kMaxRank = 4;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

struct GzClose {
  void operator()(gzFile file) const { gzclose(file); }
};

// A file read through zlib, which passes uncompressed files through as they are.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (!file_) fail("can't be opened");
    gzbuffer(file_.get(), 1u << 18);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("the data file {} {}", path_.string(), what));
  }

  // Reads up to `count` bytes; fewer only at the end of the file.
  std::size_t read(std::uint8_t* out, std::size_t count) {
    const int got = gzread(file_.get(), out, static_cast<unsigned>(count));
    int code = Z_OK;
    gzerror(file_.get(), &code);
    if (code == Z_BUF_ERROR) fail("is truncated: its gzip stream ends early");
    if (got < 0 || code < 0) fail("can't be read: it is damaged");
    return static_cast<std::size_t>(got);
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<std::remove_pointer_t<gzFile>, GzClose> file_;
};

std::vector<std::uint32_t> read_shape(Reader& reader, std::size_t rank, const ElementType& type) {
  std::array<std::uint8_t, 4> magic{};
  if (reader.read(magic.data(), 4) != 4 || magic[0] != 0 || magic[1] != 0 ||
      magic[2] != type.code) {
    reader.fail(fmt::format("is not an IDX file of {}", type.plural));
  }
  if (magic[3] != rank) {
    reader.fail(fmt::format("has {} dimensions where {} were expected", magic[3], rank));
  }
  std::vector<std::uint32_t> shape;
  for (std::size_t i = 0; i < rank; ++i) {
    std::array<std::uint8_t, 4> b{};
    if (reader.read(b.data(), 4) != 4) reader.fail("is truncated inside its header");
    shape.push_back(std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 |
                    std::uint32_t{b[2]} << 8 | b[3]);
  }
  return shape;
}

std::uint64_t claimed_bytes(const Reader& reader, const std::vector<std::uint32_t>& shape,
                            const ElementType& type) {
  std::uint64_t bytes = type.bytes;
  for (const std::uint32_t size : shape) {
    if (size != 0 && bytes > kIdxMaxBytes / size) {
      reader.fail(fmt::format("claims more than the {} bytes allowed", kIdxMaxBytes));
    }
    bytes *= size;
  }
  return bytes;
}

// The elements' bytes as they stand in the file.
IdxArray read_array(const std::filesystem::path& file, std::size_t rank, const ElementType& type) {
  UNDERSTUDY_CHECK(rank > 0 && rank <= kMaxRank);
  if (!std::filesystem::is_regular_file(file)) {
    throw DataError(fmt::format("the data file {} does not exist", file.string()));
  }
  Reader reader(file);
  IdxArray array{read_shape(reader, rank, type), {}};
  const std::uint64_t claimed = claimed_bytes(reader, array.shape, type);
  // In chunks, so that a short file with a large claim costs only what it holds.
  while (array.values.size() < claimed) {
    const std::size_t have = array.values.size();
    const std::size_t want = std::min<std::uint64_t>(claimed - have, kChunkBytes);
    array.values.resize(have + want);
    const std::size_t got = reader.read(array.values.data() + have, want);
    if (got < want) {
      reader.fail(fmt::format("is truncated: {} of the {} bytes that its header claims", have + got,
                              claimed));
    }
  }
  std::uint8_t beyond = 0;
  // Also makes zlib verify the checksum, which stands at the end.
  if (reader.read(&beyond, 1) != 0) reader.fail("holds more than its header claims");
  return array;
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& file, std::size_t rank) {
  return read_array(file, rank, kUnsignedByte);
}

std::vector<std::int32_t> read_idx_int32(const std::filesystem::path& file) {
  const IdxArray array = read_array(file, 1, kInt32);
  std::vector<std::int32_t> out;
  out.reserve(array.shape[0]);
  const std::vector<std::uint8_t>& b = array.values;
  for (std::size_t i = 0; i < b.size(); i += 4) {
    out.push_back(static_cast<std::int32_t>(std::uint32_t{b[i]} << 24 |
                                            std::uint32_t{b[i + 1]} << 16 |
                                            std::uint32_t{b[i + 2]} << 8 | b[i + 3]));
  }
  return out;
}

}  // namespace understudy
