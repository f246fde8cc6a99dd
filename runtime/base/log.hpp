// Diagnostics on stderr. Results never go through here.
#pragma once

#include <spdlog/spdlog.h>

namespace understudy {

// Call once, from main: until then they go where results do.
void set_up_logging();
// Errors alone.
void quiet_logging();

}  // namespace understudy
