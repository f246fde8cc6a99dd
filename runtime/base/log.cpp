#include "runtime/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace understudy {

void set_up_logging() {
  auto logger = spdlog::stderr_color_mt("understudy");
  logger->set_pattern("%^%l%$: %v");
  spdlog::set_default_logger(std::move(logger));
}

void quiet_logging() { spdlog::set_level(spdlog::level::err); }

}  // namespace understudy
