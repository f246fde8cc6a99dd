// The description of a scenario's sections.
#pragma once

#include <array>

#include "scenarios/describe/boards.hpp"
#include "scenarios/describe/devices.hpp"
#include "scenarios/describe/emulation.hpp"
#include "scenarios/describe/faults.hpp"
#include "scenarios/describe/network.hpp"
#include "scenarios/describe/strategy.hpp"
#include "scenarios/describe/topology.hpp"
#include "scenarios/describe/workload.hpp"
#include "scenarios/scenario.hpp"

namespace understudy {

inline constexpr std::array<Named<Mode>, 3> kModeNames = {{
    {Mode::kVirtual, "virtual", "One process on a virtual clock."},
    {Mode::kEmulated, "emulated",
     "A process for each node on the wall's clock, with messages that arrive when the network "
     "says."},
    {Mode::kReal, "real",
     "Ranks that a launcher starts, on one host or many, by `understudy worker`; nothing is "
     "injected."},
}};
constexpr std::span<const Named<Mode>> names(Mode) { return kModeNames; }

inline constexpr std::array<Named<KeepWeights>, 3> kKeepWeightsNames = {{
    {KeepWeights::kNone, "none", "No weights."},
    {KeepWeights::kFinal, "final", "Those at the end."},
    {KeepWeights::kBest, "best", "Those at the end, and those of the least validation loss."},
}};
constexpr std::span<const Named<KeepWeights>> names(KeepWeights) { return kKeepWeightsNames; }

template <class Archive>
void describe(Archive& a, ReportConfig& c) {
  a.field("question", c.question, "The question that the report opens with.", {.timing = true});
}

template <class Archive>
void describe(Archive& a, Scenario& c) {
  a.field("name", c.name, "What tables call it; the file's name where none is given.",
          {.timing = true});
  a.field("seed", c.seed, "The source of every random draw.");
  a.field("mode", c.mode, "How time passes.", {.timing = true});
  a.field("repeats", c.repeats, "How often each run is repeated, with draws of its own.",
          {.min = 1, .max = 1000, .timing = true});
  a.field("topology", c.topology,
          "Nodes and links. Of it only the number of workers is a training key, and for a native "
          "`hierarchical` sum their grouping into machines.",
          {.timing = true});
  a.field("network", c.network, "How transfers become arrivals.", {.timing = true});
  a.field("faults", c.faults, "What breaks, and when.", {.timing = true});
  a.field("devices", c.devices, "What compute costs.", {.timing = true});
  a.field("emulation", c.emulation,
          "Of the modes `emulated` and `real`: processes, and in `emulated` their clock.",
          {.timing = true});
  a.field("boards", c.boards,
          "Microcontrollers, in order of the workers that own them; the other workers compute on "
          "the host.");
  a.field("workload", c.workload, "What is run.");
  a.field("strategy", c.strategy, "What nodes exchange, and when.");
  a.field("keep_weights", c.keep_weights,
          "Which trained weights the run directory gets, in `weights/`, as PyTorch's state "
          "dictionaries.",
          {.timing = true});
  a.field("expect", c.expect,
          "Final metrics and what they must satisfy, such as test_accuracy: \">= 0.75\".",
          {.timing = true});
  a.field("report", c.report, "What the report says.", {.timing = true});
  a.field("sweep", c.sweep, "Dotted keys and their alternatives: a run for each combination.",
          {.timing = true});
}

}  // namespace understudy
