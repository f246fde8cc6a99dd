#include "results/experiment/provenance.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/version.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <zlib.h>

#include <boost/version.hpp>
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

// Of those linked into every program, as they were when it was built, or run where they tell.
std::map<std::string, std::string> linked_libraries() {
  const auto number = [](int version, int major, int minor) {
    return fmt::format("{}.{}.{}", version / major, version % major / minor, version % minor);
  };
  return {{"boost", number(BOOST_VERSION, 100'000, 100)},
          {"fmt", number(FMT_VERSION, 10'000, 100)},
          {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                        NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
          {"spdlog", number(SPDLOG_VERSION, 10'000, 100)},
          {"yaml-cpp", UNDERSTUDY_YAML_CPP_VERSION},
          {"zlib", zlibVersion()}};
}

}  // namespace

std::string program_version() {
  return fmt::format("{} (commit {})", UNDERSTUDY_VERSION, UNDERSTUDY_COMMIT);
}

nlohmann::ordered_json run_json(const Provenance& provenance, ExitCode exit) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto libraries = linked_libraries();
  libraries.insert(provenance.libraries.begin(), provenance.libraries.end());
  return {{"version", UNDERSTUDY_VERSION},
          {"commit", UNDERSTUDY_COMMIT},
          {"seed", provenance.seed},
          {"jobs", provenance.jobs},
          {"machine", machine()},
          {"libraries", libraries},
          {"instruction_set", provenance.instruction_set},
          {"start", utc(provenance.start)},
          {"end", utc(std::chrono::system_clock::now())},
          {"exit", static_cast<int>(exit)},
          {"peak_memory_bytes", usage.ru_maxrss * 1024}};
}

}  // namespace understudy
