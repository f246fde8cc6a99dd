// Unix sockets that carry packets and open files between processes of one user.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace understudy {

// An open file (or socket, or eventfd), closed by the destructor.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int file) : file_(file) {}
  ~OpenFile() { reset(); }
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  int get() const { return file_; }
  explicit operator bool() const { return file_ >= 0; }
  void reset();

 private:
  int file_ = -1;
};

// Throw TransportError. The file of a listening socket is the caller's to remove; "@name" has none, and
// connecting to another user's is refused.
OpenFile listen_at(const std::string& path);
OpenFile connect_to(const std::string& path);
// Nothing: nobody is there, or a process of another user is.
std::optional<OpenFile> accept_from(const OpenFile& listener);

// A packet with files; false: the other side has gone, or does not read.
bool send_packet(const OpenFile& socket, std::span<const std::byte> bytes,
                 std::span<const int> files = {});

struct Packet {
  std::vector<std::byte> bytes;
  std::vector<OpenFile> files;
};
enum class PacketState { kPacket, kNothing, kGone };
PacketState receive_packet(const OpenFile& socket, Packet& packet);

}  // namespace understudy
