// Diagnostics on stderr. Results never go through here.
#pragma once

#include <spdlog/spdlog.h>

namespace understudy {

enum class Verbosity { kQuiet, kNormal, kVerbose };

// Call once, from main.
void set_up_logging(Verbosity verbosity);

}  // namespace understudy
