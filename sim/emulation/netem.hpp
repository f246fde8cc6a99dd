// A link's latency and impairments in the words of the kernel's delay line, tc-netem(8).
#pragma once

#include <string>

#include "sim/network/conditions_config.hpp"

namespace understudy {

// "delay 20000us 1000us 25% distribution normal loss random 1%", behind `netem`; empty where the link has
// neither. The kernel draws for each packet; what is drawn for messages in the models is drawn so, too.
// `impairment` may be null, and has no jitter from a table, which tc looks for in folders of its own.
std::string netem_options(Duration latency, const ImpairmentConfig* impairment);

}  // namespace understudy
