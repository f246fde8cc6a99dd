#include "runtime/transport/local_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr int kBacklog = 4096;
constexpr std::size_t kMostBytes = 4096;  // of a packet
constexpr std::size_t kMostFiles = 4;

struct Address {
  sockaddr_un socket{};
  socklen_t size = sizeof socket;
};

bool has_file(const std::string& path) { return !path.starts_with('@'); }

Address address_of(const std::string& path) {
  Address whole;
  sockaddr_un& address = whole.socket;
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw TransportError(fmt::format("{} is too long for a socket: at most {} characters", path,
                                     sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (has_file(path)) return whole;
  address.sun_path[0] = '\0';  // unix(7): an abstract name, which ends where the address does
  whole.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return whole;
}

OpenFile new_socket() {
  return OpenFile(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

bool is_ours(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

}  // namespace

OpenFile::OpenFile(OpenFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}
void OpenFile::reset() {
  if (file_ >= 0) close(file_);
  file_ = -1;
}

OpenFile listen_at(const std::string& path) {
  const Address address = address_of(path);
  OpenFile file = new_socket();
  if (!file ||
      bind(file.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size) != 0 ||
      listen(file.get(), kBacklog) != 0)
    throw TransportError(fmt::format("cannot listen on {}: {}", path, std::strerror(errno)));
  return file;
}

OpenFile connect_to(const std::string& path) {
  const Address address = address_of(path);
  OpenFile file = new_socket();
  if (!file ||
      connect(file.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size) != 0)
    throw TransportError(fmt::format("cannot connect to {}: {}", path, std::strerror(errno)));
  if (!has_file(path) && !is_ours(file.get()))
    throw TransportError(fmt::format("{} belongs to another user", path));
  return file;
}

std::optional<OpenFile> accept_from(const OpenFile& listener) {
  OpenFile file(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!file || !is_ours(file.get())) return std::nullopt;
  return file;
}

bool send_packet(const OpenFile& socket, std::span<const std::byte> bytes,
                 std::span<const int> files) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFiles * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  UNDERSTUDY_CHECK(files.size() <= kMostFiles);
  if (!files.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(files.size_bytes());
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(files.size_bytes());
    std::memcpy(CMSG_DATA(head), files.data(), files.size_bytes());
  }
  return sendmsg(socket.get(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

PacketState receive_packet(const OpenFile& socket, Packet& packet) {
  packet.bytes.resize(kMostBytes);
  packet.files.clear();
  iovec part{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFiles * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  // The other side left without reading everything; what it had sent comes after that.
  if (count < 0 && errno == ECONNRESET) count = recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  if (count < 0)
    return errno == EAGAIN || errno == EINTR ? PacketState::kNothing : PacketState::kGone;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t files = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < files; ++i) {
      int file = -1;
      std::memcpy(&file, CMSG_DATA(head) + i * sizeof(int), sizeof file);
      packet.files.emplace_back(file);
    }
  }
  packet.bytes.resize(static_cast<std::size_t>(count));
  return count == 0 ? PacketState::kGone : PacketState::kPacket;
}

}  // namespace understudy
