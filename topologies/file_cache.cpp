#include "topologies/file_cache.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "runtime/base/errors.hpp"

namespace understudy {

FileStamp stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw ScenarioError(fmt::format("{}: {}", path, std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) throw ScenarioError(fmt::format("{}: is no file", path));
  return {.path = std::filesystem::absolute(path).string(),
          .device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::string read_file(const std::string& path, std::size_t most_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ScenarioError(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text;
  std::string block(std::size_t{1} << 16, '\0');
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block, 0, static_cast<std::size_t>(file.gcount()));
    if (text.size() > most_bytes) {
      throw ScenarioError(
          fmt::format("{}: is larger than the {} bytes that are allowed", path, most_bytes));
    }
  }
  return text;
}

}  // namespace understudy
