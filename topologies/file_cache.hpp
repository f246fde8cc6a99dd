// Files as what was read from them. A scenario's file is asked for again and again (how many nodes,
// which topology, for every run of a sweep), so the last few stay, as long as they don't change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace understudy {

// One state of a file, as the file system tells it.
struct FileStamp {
  std::string path;  // absolute
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
// Both throw ScenarioError, "PATH: sentence": missing, a folder, larger than allowed.
FileStamp stamp_of(const std::string& path);
std::string read_file(const std::string& path, std::size_t most_bytes);

// Thread-safe.
template <class T>
class FileCache {
 public:
  // Throws ScenarioError for what is no such file; `source` is its name in messages.
  using Parse = T (*)(std::string_view text, const std::string& source);
  FileCache(Parse parse, std::size_t most_bytes) : parse_(parse), most_bytes_(most_bytes) {}

  std::shared_ptr<const T> get(const std::string& path) {
    const FileStamp stamp = stamp_of(path);
    const std::lock_guard lock(mutex_);
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->stamp != stamp) continue;
      entries_.splice(entries_.begin(), entries_, at);
      return at->content;
    }
    auto content = std::make_shared<const T>(parse_(read_file(path, most_bytes_), path));
    entries_.push_front({stamp, content});
    if (entries_.size() > kMostFiles) entries_.pop_back();
    return content;
  }

 private:
  static constexpr std::size_t kMostFiles = 8;
  struct Entry {
    FileStamp stamp;
    std::shared_ptr<const T> content;
  };
  Parse parse_;
  std::size_t most_bytes_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the last used first
};

}  // namespace understudy
