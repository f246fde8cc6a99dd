#include "runtime/learners/files/torch_archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPickle = "data.pkl";
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kMostBytes = std::size_t{4} << 30;  // what is read stays in memory
constexpr int kMostMembers = 100'000;

struct ArchiveFree {
  void operator()(archive* a) const { archive_free(a); }
};
using ArchivePtr = std::unique_ptr<archive, ArchiveFree>;

class Reading {
 public:
  explicit Reading(const std::string& file) : file_(file), archive_(archive_read_new()) {
    if (!archive_) throw std::bad_alloc();
    archive_read_support_format_zip(archive_.get());
    if (archive_read_open_filename(archive_.get(), file.c_str(), kBlockBytes) != ARCHIVE_OK)
      fail_to_read();
  }

  // The one folder that all lie in is left out of the names.
  std::map<std::string, std::string, std::less<>> members() {
    std::map<std::string, std::string, std::less<>> members;
    archive_entry* entry = nullptr;
    while (next(entry)) {
      if (members.size() == kMostMembers) fail("holds more files than any model has");
      const char* path = archive_entry_pathname(entry);
      const std::string name = path == nullptr ? "" : path;
      members[name.substr(name.find('/') + 1)] = contents();
    }
    return members;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: {}", file_, what));
  }
  [[noreturn]] void fail_to_read() const {
    fail("is no archive of torch.save or torch.jit.save, or a damaged one");
  }
  bool next(archive_entry*& entry) const {
    const int code = archive_read_next_header(archive_.get(), &entry);
    if (code == ARCHIVE_EOF) return false;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) fail_to_read();
    return true;
  }
  std::string contents() {
    std::string bytes;
    while (true) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int code = archive_read_data_block(archive_.get(), &block, &size, &offset);
      if (code == ARCHIVE_EOF) return bytes;
      if (code != ARCHIVE_OK || offset != static_cast<la_int64_t>(bytes.size())) fail_to_read();
      bytes_ += size;
      if (bytes_ > kMostBytes) fail("is larger than 4 GiB");
      bytes.append(static_cast<const char*>(block), size);
    }
  }

  const std::string& file_;
  ArchivePtr archive_;
  std::size_t bytes_ = 0;
};

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = half >> 10 & 0x1fu, fraction = half & 0x3ffu;
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xffu : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}
float bfloat_to_float(std::uint16_t brain) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(brain) << 16);
}

// How an element is stored.
struct ElementType {
  const char* storage;
  std::size_t bytes;
  float (*read)(const char* at);
  bool whole = false;
};
template <class T>
float read_as(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<float>(value);
}
template <float (*Widen)(std::uint16_t)>
float read_wide(const char* at) {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return Widen(bits);
}
constexpr ElementType kElements[] = {
    {"torch.FloatStorage", 4, read_as<float>},
    {"torch.DoubleStorage", 8, read_as<double>},
    {"torch.HalfStorage", 2, read_wide<half_to_float>},
    {"torch.BFloat16Storage", 2, read_wide<bfloat_to_float>},
    {"torch.LongStorage", 8, read_as<std::int64_t>, true},
    {"torch.IntStorage", 4, read_as<std::int32_t>, true},
};
const ElementType* element_type(const PickledTensor& tensor) {
  for (const ElementType& type : kElements) {
    if (tensor.storage.type == type.storage) return &type;
  }
  return nullptr;
}

// Elements of the shape, and the last place that they reach; nullopt where either is too large.
struct Extent {
  std::size_t count = 1;
  std::size_t last = 0;
};
std::optional<Extent> extent_of(const PickledTensor& tensor) {
  Extent extent;
  std::uint64_t last = 0;
  if (tensor.offset < 0) return std::nullopt;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    std::uint64_t reach = 0;
    if (tensor.shape[d] < 0 || tensor.strides[d] < 0) return std::nullopt;
    const auto size = static_cast<std::uint64_t>(tensor.shape[d]);
    if (__builtin_mul_overflow(extent.count, size, &extent.count) || extent.count > kMostBytes)
      return std::nullopt;
    if (size == 0) continue;
    if (__builtin_mul_overflow(size - 1, static_cast<std::uint64_t>(tensor.strides[d]), &reach) ||
        __builtin_add_overflow(last, reach, &last))
      return std::nullopt;
  }
  if (__builtin_add_overflow(last, static_cast<std::uint64_t>(tensor.offset), &extent.last))
    return std::nullopt;
  return extent;
}

// Calls back with the place of each element, in row-major order.
template <class Visit>
void for_each_place(const PickledTensor& tensor, std::size_t dimension, std::size_t place,
                    const Visit& visit) {
  if (dimension == tensor.shape.size()) return visit(place);
  for (std::int64_t i = 0; i < tensor.shape[dimension]; ++i)
    for_each_place(tensor, dimension + 1,
                   place + static_cast<std::size_t>(i * tensor.strides[dimension]), visit);
}

bool begins_as_pickle(const std::string& file) {
  constexpr int kProtocol = 0x80;
  return std::ifstream(file, std::ios::binary).get() == kProtocol;
}

void require(bool done, archive* out, const std::string& file) {
  if (done) return;
  const char* reason = archive_error_string(out);
  throw RunError(fmt::format("{}: can't be written: {}", file, reason == nullptr ? "" : reason));
}

void write_members(const std::string& file, const ArchiveMembers& members) {
  const ArchivePtr out(archive_write_new());
  if (!out) throw std::bad_alloc();
  archive_write_set_format_zip(out.get());
  archive_write_zip_set_compression_store(out.get());
  require(archive_write_open_filename(out.get(), file.c_str()) == ARCHIVE_OK, out.get(), file);
  for (const auto& [name, bytes] : members) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), ("archive/" + name).c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    require(archive_write_header(out.get(), entry.get()) == ARCHIVE_OK, out.get(), file);
    const la_ssize_t written = archive_write_data(out.get(), bytes.data(), bytes.size());
    require(written == static_cast<la_ssize_t>(bytes.size()), out.get(), file);
  }
  require(archive_write_close(out.get()) == ARCHIVE_OK, out.get(), file);
}

}  // namespace

TorchArchive::TorchArchive(const std::string& file) : file_(file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) throw DataError(fmt::format("{}: no such file", file));
  if (begins_as_pickle(file))
    throw DataError(
        fmt::format("{}: is from PyTorch before 1.6, or saved as it did; "
                    "torch.save(torch.load(FILE), FILE) makes an archive of it",
                    file));
  members_ = Reading(file_).members();
  if (member(kPickle) == nullptr)
    throw DataError(fmt::format("{}: is no archive of torch.save or torch.jit.save", file));
}

bool TorchArchive::is_module() const { return member("constants.pkl") != nullptr; }

const std::string* TorchArchive::member(std::string_view name) const {
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : &found->second;
}

Pickle TorchArchive::pickle() const {
  return {*member(kPickle), file_,
          is_module() ? Pickle::Of::kModule : Pickle::Of::kStateDictionary};
}

std::vector<float> TorchArchive::values(const PickledTensor& tensor,
                                        const std::string& name) const {
  const ElementType* type = element_type(tensor);
  if (type == nullptr) {
    throw DataError(fmt::format("{}: '{}' is of {}, which holds no numbers that a model trains on",
                                file_, name, tensor.storage.type));
  }
  const std::string* bytes = member("data/" + tensor.storage.key);
  const std::optional<Extent> extent = extent_of(tensor);
  const bool fits = bytes != nullptr && extent &&
                    (extent->count == 0 || extent->last < bytes->size() / type->bytes) &&
                    extent->count <= bytes->size();
  if (!fits) throw DataError(fmt::format("{}: the values of '{}' are not all there", file_, name));
  std::vector<float> values;
  values.reserve(extent->count);
  if (extent->count > 0) {
    for_each_place(tensor, 0, static_cast<std::size_t>(tensor.offset), [&](std::size_t place) {
      values.push_back(type->read(bytes->data() + place * type->bytes));
    });
  }
  return values;
}

bool holds_whole_numbers(const PickledTensor& tensor) {
  const ElementType* type = element_type(tensor);
  return type != nullptr && type->whole;
}

void write_torch_archive(const std::string& file, const ArchiveMembers& members) {
  const std::string part = file + ".part";
  std::error_code problem;
  try {
    write_members(part, members);
  } catch (...) {
    fs::remove(part, problem);
    throw;
  }
  fs::rename(part, file, problem);
  if (problem) throw RunError(fmt::format("{}: can't be written: {}", file, problem.message()));
}

}  // namespace understudy
