#include "runtime/base/errors.hpp"

#include <cstdio>
#include <cstdlib>

namespace understudy {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "internal error: %s does not hold (%s:%d); please report it\n", condition,
               file, line);
  std::abort();
}

}  // namespace understudy
