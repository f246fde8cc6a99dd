// Files over HTTP, resumed where they were cut off and checked before they count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace understudy {

struct RemoteFile {
  std::string url;  // http or https
  std::uint64_t size_bytes = 0;
  std::string sha256;    // hex
  bool trusted = false;  // whatever the server has is taken, up to twice the size
};

struct DownloadOptions {
  int stall_s = 60;    // given up after so long without a byte
  int connect_s = 30;  // and for connecting
  // Called as bytes arrive; may be empty.
  std::function<void(std::uint64_t have, std::uint64_t all)> on_progress{};
};

// Brings the file to `target`, whose folder is there. What has arrived lies in `target`.part: later
// calls, and attempts within one as long as each brings something, go on from its end where the
// server can, and from the start where it can't. The hash is checked before the rename. Throws
// TransportError naming the URL: no such file, no connection, cut off; DataError for another size or
// hash, where the part is deleted; RunError where the disk does not take it.
void download(const RemoteFile& file, const std::filesystem::path& target,
              const DownloadOptions& options);

}  // namespace understudy
