#include "runtime/fetch/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockBytes = std::size_t{1} << 16;

struct ArchiveFree {
  void operator()(archive* a) const { archive_read_free(a); }
};

class Unpacking {
 public:
  explicit Unpacking(const fs::path& file) : file_(file), archive_(archive_read_new()) {
    if (!archive_) throw std::bad_alloc();
    archive_read_support_format_tar(archive_.get());
    archive_read_support_format_zip(archive_.get());
    archive_read_support_filter_gzip(archive_.get());
    if (archive_read_open_filename(archive_.get(), file.c_str(), kBlockBytes) != ARCHIVE_OK)
      fail_to_read();
  }

  void run(std::span<const std::string> members, const fs::path& folder) {
    std::vector<std::string> missing(members.begin(), members.end());
    archive_entry* entry = nullptr;
    for (int seen = 0; !missing.empty() && next(entry); ++seen) {
      if (seen == kMostMembers) fail(fmt::format("holds more than {} members", kMostMembers));
      const char* name = archive_entry_pathname(entry);
      const auto found = std::ranges::find(missing, std::string(name == nullptr ? "" : name));
      if (found == missing.end()) continue;
      if (archive_entry_filetype(entry) != AE_IFREG) fail(*found + " is no plain file in it");
      extract(*found, folder);
      missing.erase(found);
    }
    if (!missing.empty()) fail(fmt::format("lacks {}", missing.front()));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("the archive {}: {}", file_.string(), what));
  }
  [[noreturn]] void fail_to_read() const {
    const char* reason = archive_error_string(archive_.get());
    fail(fmt::format("can't be read: {}", reason == nullptr ? "it is damaged" : reason));
  }
  bool next(archive_entry*& entry) const {
    const int code = archive_read_next_header(archive_.get(), &entry);
    if (code == ARCHIVE_EOF) return false;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) fail_to_read();
    return true;
  }

  void extract(const std::string& member, const fs::path& folder) const {
    const fs::path target = folder / fs::path(member).filename();
    const fs::path part = target.string() + ".part";
    try {
      write(member, part);
    } catch (...) {
      std::error_code ignored;
      fs::remove(part, ignored);
      throw;
    }
    fs::rename(part, target);
  }
  void write(const std::string& member, const fs::path& part) const {
    std::ofstream out(part, std::ios::binary);
    copy(member, out);
    out.close();
    if (!out)
      throw RunError(fmt::format("{}: can't be written: {}", part.string(), std::strerror(errno)));
  }
  void copy(const std::string& member, std::ofstream& out) const {
    std::vector<char> block(kBlockBytes);
    std::uint64_t bytes = 0;
    while (out) {
      const la_ssize_t got = archive_read_data(archive_.get(), block.data(), block.size());
      if (got < 0) fail_to_read();
      if (got == 0) return;
      bytes += static_cast<std::uint64_t>(got);
      if (bytes > kMostMemberBytes)
        fail(fmt::format("{} is larger than {} bytes", member, kMostMemberBytes));
      out.write(block.data(), got);
    }
  }

  const fs::path& file_;
  std::unique_ptr<archive, ArchiveFree> archive_;
};

}  // namespace

void unpack(const fs::path& archive, std::span<const std::string> members, const fs::path& folder) {
  Unpacking(archive).run(members, folder);
}

}  // namespace understudy
