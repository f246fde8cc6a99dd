#include "results/experiment/provenance.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace understudy {
namespace {

std::string utc(std::chrono::system_clock::time_point when) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(when)));
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

nlohmann::ordered_json machine() {
  utsname system{};
  uname(&system);
  return {{"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"cpu", cpu_model()},
          {"cores", std::thread::hardware_concurrency()}};
}

}  // namespace

std::string program_version() {
  return fmt::format("{} (commit {})", UNDERSTUDY_VERSION, UNDERSTUDY_COMMIT);
}

nlohmann::ordered_json run_json(const Provenance& provenance, ExitCode exit) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {{"version", UNDERSTUDY_VERSION},
          {"commit", UNDERSTUDY_COMMIT},
          {"seed", provenance.seed},
          {"jobs", provenance.jobs},
          {"machine", machine()},
          {"libraries", provenance.libraries},
          {"instruction_set", provenance.instruction_set},
          {"start", utc(provenance.start)},
          {"end", utc(std::chrono::system_clock::now())},
          {"exit", static_cast<int>(exit)},
          {"peak_memory_bytes", usage.ru_maxrss * 1024}};
}

}  // namespace understudy
