// Quantities to look at: four digits. format() in units.hpp writes them out in full.
#pragma once

#include <string>

#include "runtime/base/units.hpp"

namespace understudy {

std::string readable(Duration duration);    // "11.88ms"
std::string readable(Bandwidth bandwidth);  // "2.5Gbit/s"

}  // namespace understudy
