#include "sim/time/inbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {

Inbox::Inbox(FileWatcher& watcher)
    : watcher_(watcher), bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (bell_ < 0) throw RunError("the system has no eventfd left");
  watcher_.watch(bell_, FileEvent::kReadable, [this] { call_all(); });
}

Inbox::~Inbox() {
  watcher_.ignore(bell_, FileEvent::kReadable);
  close(bell_);
}

void Inbox::post(std::function<void()> call) {
  const std::uint64_t one = 1;
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
  if (write(bell_, &one, sizeof one) < 0) return;  // full: it rings already
}

void Inbox::call_all() {
  std::uint64_t rings = 0;
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    if (read(bell_, &rings, sizeof rings) < 0) return;
    calls = std::exchange(calls_, {});
  }
  for (const auto& call : calls) call();
}

}  // namespace understudy
