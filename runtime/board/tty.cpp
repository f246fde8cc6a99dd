#include "runtime/board/tty.hpp"

// The kernel's own header: termios.h, with which it can't be combined, knows no 250000 bit/s.
#include <asm/termbits.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/board/serial_ports.hpp"

namespace understudy {
namespace {

constexpr std::size_t kMostRead = 4096;  // bytes at once

std::string group_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return "its group";
  const group* found = getgrgid(status.st_gid);
  return fmt::format("group {}", found != nullptr ? found->gr_name : std::to_string(status.st_gid));
}

[[noreturn]] void refuse_to_open(const std::string& path, int error) {
  if (error == ENOENT || error == ENXIO || error == ENODEV)
    throw BoardError(fmt::format("there is no port {}; {}", path, describe_ports()));
  if (error == EACCES || error == EPERM)
    throw BoardError(fmt::format(
        "no permission for the port {}: become a member of {} (sudo usermod -aG) and log in again",
        path, group_of(path)));
  if (error == EBUSY)
    throw BoardError(fmt::format("the port {} is in use by another program", path));
  throw BoardError(fmt::format("the port {} can't be opened: {}", path, std::strerror(error)));
}

bool set_raw(int file, int baud) {
  termios2 settings{};
  if (ioctl(file, TCGETS2, &settings) != 0) return false;
  settings.c_iflag = IGNBRK | IGNPAR;
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  settings.c_cflag = CS8 | CREAD | CLOCAL | HUPCL | (baud == 0 ? B0 : BOTHER);
  settings.c_ispeed = settings.c_ospeed = static_cast<speed_t>(baud);
  settings.c_cc[VMIN] = 0;
  settings.c_cc[VTIME] = 0;
  return ioctl(file, TCSETS2, &settings) == 0;
}

}  // namespace

Tty::Tty(const std::string& path, int baud) : path_(path), baud_(baud) {
  file_ = open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (file_ < 0) refuse_to_open(path, errno);
  Tty guard(std::move(*this));  // closes the file if what follows throws
  if (isatty(guard.file_) == 0) throw BoardError(fmt::format("{} is not a serial port", path));
  if (flock(guard.file_, LOCK_EX | LOCK_NB) != 0) refuse_to_open(path, EBUSY);
  ioctl(guard.file_, TIOCEXCL);
  if (!set_raw(guard.file_, baud))
    throw BoardError(fmt::format("the port {} does not do {} bit/s", path, baud));
  *this = std::move(guard);
}

Tty::~Tty() {
  if (file_ >= 0) close(file_);
}

Tty::Tty(Tty&& other) noexcept
    : path_(other.path_),
      baud_(other.baud_),
      file_(std::exchange(other.file_, -1)),
      has_modem_lines_(other.has_modem_lines_) {}

Tty& Tty::operator=(Tty&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(baud_, other.baud_);
  std::swap(file_, other.file_);
  std::swap(has_modem_lines_, other.has_modem_lines_);
  return *this;
}

void Tty::set_dtr(bool on) {
  const int line = TIOCM_DTR;
  if (has_modem_lines_) has_modem_lines_ = ioctl(file_, on ? TIOCMBIS : TIOCMBIC, &line) == 0;
  if (!has_modem_lines_) set_raw(file_, on ? baud_ : 0);
}

void Tty::discard() { ioctl(file_, TCFLSH, TCIOFLUSH); }

Tty::State Tty::read(std::vector<std::uint8_t>& bytes) {
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kMostRead);
    const ssize_t count = ::read(file_, bytes.data() + before, kMostRead);
    const int error = errno;
    bytes.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count > 0) continue;
    // With VMIN and VTIME 0 nothing to read is 0, and so is a line that was hung up.
    if (count < 0) return error == EAGAIN || error == EINTR ? State::kOpen : State::kGone;
    pollfd state{.fd = file_, .events = POLLIN, .revents = 0};
    poll(&state, 1, 0);
    return (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 ? State::kGone : State::kOpen;
  }
}

Tty::State Tty::write(std::vector<std::uint8_t>& bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_, bytes.data(), bytes.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR ? State::kOpen : State::kGone;
    bytes.erase(bytes.begin(), bytes.begin() + count);
  }
  return State::kOpen;
}

PseudoTerminal::PseudoTerminal() : file_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
  char path[64] = "";
  if (file_ < 0 || grantpt(file_) != 0 || unlockpt(file_) != 0 ||
      ptsname_r(file_, path, sizeof path) != 0) {
    const int error = errno;
    if (file_ >= 0) close(file_);
    throw BoardError(
        fmt::format("there is no pseudo-terminal to be had: {}", std::strerror(error)));
  }
  path_ = path;
  set_raw(file_, 0);  // of the other side, too: no echo of what is sent before anyone opens it
}

PseudoTerminal::~PseudoTerminal() { close(file_); }

int PseudoTerminal::baud() const {
  pollfd state{.fd = file_, .events = 0, .revents = 0};
  if (poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0) return 0;
  termios2 settings{};
  if (ioctl(file_, TCGETS2, &settings) != 0 || (settings.c_cflag & CBAUD) == B0) return 0;
  return static_cast<int>(settings.c_ospeed);
}

void PseudoTerminal::read(std::vector<std::uint8_t>& bytes) {
  std::uint8_t buffer[kMostRead];
  const ssize_t count = ::read(file_, buffer, sizeof buffer);
  if (count > 0) bytes.insert(bytes.end(), buffer, buffer + count);
}

void PseudoTerminal::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_, bytes.data(), bytes.size());
    if (count <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace understudy
