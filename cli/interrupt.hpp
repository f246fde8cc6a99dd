// Ctrl-C as a flag that the run looks at.
#pragma once

#include <atomic>

namespace understudy {

// From now on the first SIGINT or SIGTERM sets the flag; a second one ends the process at once.
const std::atomic<bool>& catch_interrupts();

}  // namespace understudy
