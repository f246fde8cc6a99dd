// A file in memory, to hand to a process or to take from it.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "runtime/base/errors.hpp"

namespace understudy {

class MemoryFile {
 public:
  // Holds the text, and stands at its beginning. Throws RunError.
  explicit MemoryFile(const std::string& text) : file_(memfd_create("understudy", MFD_CLOEXEC)) {
    const auto size = static_cast<ssize_t>(text.size());
    if (file_ >= 0 && write(file_, text.data(), text.size()) == size &&
        lseek(file_, 0, SEEK_SET) == 0)
      return;
    const int problem = errno;
    if (file_ >= 0) close(file_);
    throw RunError(
        fmt::format("a process's input can't be handed over: {}", std::strerror(problem)));
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int file() const { return file_; }
  std::string first_line() const {
    std::array<char, 500> text{};
    const ssize_t count = pread(file_, text.data(), text.size(), 0);
    const std::string_view all(text.data(), count < 0 ? 0 : static_cast<std::size_t>(count));
    return std::string(all.substr(0, all.find('\n')));
  }

 private:
  int file_;
};

}  // namespace understudy
