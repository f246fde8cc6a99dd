#include "sim/emulation/network_namespace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// A thread may be in another than its process.
int current() {
  const int file = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw RunError(fmt::format("a network namespace can't be opened: {}", std::strerror(errno)));
  return file;
}

}  // namespace

NetworkNamespace::NetworkNamespace() {
  const int before = current();
  if (unshare(CLONE_NEWNET) != 0) {
    const int problem = errno;
    close(before);
    throw RunError(
        fmt::format("emulation.links: links that the kernel shapes need network namespaces, which "
                    "this process may not make ({}): run it as root, or as 'unshare --user "
                    "--map-root-user --net understudy run ...'",
                    std::strerror(problem)));
  }
  file_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const int problem = errno;
  UNDERSTUDY_CHECK(setns(before, CLONE_NEWNET) == 0);
  close(before);
  if (file_ < 0)
    throw RunError(fmt::format("a network namespace can't be held: {}", std::strerror(problem)));
}

NetworkNamespace::~NetworkNamespace() {
  if (file_ >= 0) close(file_);
}

std::string NetworkNamespace::path() const {
  return fmt::format("/proc/{}/fd/{}", getpid(), file_);
}

InNamespace::InNamespace(const NetworkNamespace& there) : before_(current()) {
  if (setns(there.file(), CLONE_NEWNET) == 0) return;
  const int problem = errno;
  close(before_);
  throw RunError(fmt::format("a network namespace can't be entered: {}", std::strerror(problem)));
}

InNamespace::~InNamespace() {
  UNDERSTUDY_CHECK(setns(before_, CLONE_NEWNET) == 0);
  close(before_);
}

}  // namespace understudy
