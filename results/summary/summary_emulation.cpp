#include "results/summary/summary_emulation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "results/summary/quantity.hpp"

namespace understudy {

const char* name(Mode mode) {
  switch (mode) {
    case Mode::kVirtual:
      return "virtual";
    case Mode::kEmulated:
      return "emulated";
    case Mode::kReal:
      break;
  }
  return "real";
}

nlohmann::ordered_json emulation_json(const EmulationReport& r) {
  const auto late = [&](double q) { return to_seconds(r.lateness.quantile(q)); };
  return {{"transport", name(r.transport)},
          {"links", r.kernel_links ? "kernel" : "model"},
          {"dilation", r.dilation},
          {"lateness_p50_s", late(0.5)},
          {"lateness_p90_s", late(0.9)},
          {"lateness_p99_s", late(0.99)},
          {"lateness_largest_s", to_seconds(r.lateness.largest())},
          {"overruns", r.overruns},
          {"overrun_s", to_seconds(r.overrun_time)},
          {"latest_start_s", to_seconds(r.latest_start)}};
}

std::string emulation_sentence(std::span<const RunSummary> runs) {
  EmulationReport all;
  std::set<std::string> transports, dilations, lacks;
  for (const RunSummary& run : runs) {
    for (const RepeatSummary& repeat : run.repeats) {
      if (!repeat.emulation) continue;
      const EmulationReport& r = *repeat.emulation;
      if (r.kernel_links) {
        lacks.insert(*r.kernel_links);
        all.overruns += r.overruns;
        continue;
      }
      transports.insert(name(r.transport));
      dilations.insert(fmt::format("{:g}", r.dilation));
      all.lateness += r.lateness;
      all.overruns += r.overruns;
      all.latest_start = std::max(all.latest_start, r.latest_start);
    }
  }
  if (!lacks.empty()) {
    return fmt::format("Emulated over links that the kernel shapes; {} computations overran.{}{}",
                       all.overruns, lacks.begin()->empty() ? "" : " ", *lacks.begin());
  }
  if (transports.empty()) return {};
  const auto late = [&](double q) { return format_seconds(to_seconds(all.lateness.quantile(q))); };
  return fmt::format(
      "Emulated over {} with dilation {}: messages were {} late in the median, {} in the worst "
      "hundredth, {} at most; starts were taken up to {} late; {} computations overran.",
      fmt::join(transports, ", "), fmt::join(dilations, ", "), late(0.5), late(0.99),
      format_seconds(to_seconds(all.lateness.largest())),
      format_seconds(to_seconds(all.latest_start)), all.overruns);
}

}  // namespace understudy
