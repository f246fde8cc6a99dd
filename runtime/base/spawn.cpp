#include "runtime/base/spawn.hpp"

namespace understudy {

Task<> when_all(std::vector<Spawned<>> tasks) {
  std::exception_ptr first;
  try {
    for (auto& task : tasks) co_await task.join();
  } catch (...) {
    first = std::current_exception();
  }
  if (!first) co_return;
  for (auto& task : tasks) task.cancel();
  for (auto& task : tasks) co_await task.ended();
  std::rethrow_exception(first);
}

}  // namespace understudy
