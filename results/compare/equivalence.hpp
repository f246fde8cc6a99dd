// Two finished runs of one scenario side by side: what one predicts, in virtual time as a rule, and
// what the other measured on the wall's clock. Times, per collective and per step; and whether what
// must be equal is: weights, records, messages. Of a real run and an emulated one the first is without
// the network's links, and the second shows what they cost.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "results/summary/summary.hpp"

namespace understudy {

// A run directory's contents.
struct FinishedRun {
  std::string path;
  Experiment experiment;
  std::vector<Unit> units;
};

// One number, of both sides.
struct Paired {
  double predicted = 0, measured = 0;
  // Relative to the prediction; none where that is zero and the measurement is not.
  std::optional<double> error() const;
};

// One kind of exchange over all nodes.
struct PairedExchange {
  std::string kind;  // "ring", "broadcast", "messages"
  std::int64_t predicted_calls = 0, measured_calls = 0;
  Paired mean_s;  // from start to end of one, on one node
};

// Steps of all nodes, from one record to the next; of traffic the flows.
struct PairedSteps {
  std::string metric;  // whose records mark them
  std::size_t count = 0;
  double median = 0, p90 = 0;  // of the errors' sizes
  double largest = 0;          // of the errors, by size
  std::size_t node = 0;        // where that is
  int step = 0;
};

enum class Sameness { kNothingToCompare, kSame, kDifferent };

struct PairedRepeat {
  std::size_t repeat = 0;
  Paired time_s, compute_s;  // compute without reductions, as a summary has it
  std::vector<std::pair<std::string, Paired>> phases_s;  // means over the workers
  std::vector<PairedExchange> exchanges;
  std::optional<PairedSteps> steps;
  Sameness weights = Sameness::kNothingToCompare;
  Sameness records =
      Sameness::kNothingToCompare;  // names and positions; values but for times, to the bit
  std::string first_difference;     // of the records: "train_loss of node 1 at step 3"
  Paired messages, bytes;
  std::optional<EmulationReport> emulation;  // of the measured side
};

struct PairedRun {
  std::string label;  // what sets it apart; empty where nothing does
  Mode predicted_mode = Mode::kVirtual, measured_mode = Mode::kVirtual;
  bool predicted_declares = true, measured_declares = true;  // what computing costs
  std::string difference;             // of the scenarios, where they were forced together
  std::size_t wanted = 0;             // repeats of the scenario
  std::vector<PairedRepeat> repeats;  // that both sides have finished
};

struct Equivalence {
  std::string predicted_path, measured_path;
  std::vector<PairedRun> runs;
  std::vector<std::string> only_predicted, only_measured;  // labels of runs without a partner
};

// Where only the second is virtual, it is the one that predicts; where it is real and the first is
// emulated, it comes first. Runs belong together that differ at most in mode, emulation and devices. Throws ScenarioError naming the first key that differs where
// none do, unless they are forced together in their order, and where nothing has finished.
Equivalence compare(FinishedRun first, FinishedRun second, bool force = false);

// The error furthest from zero, of a time, an exchange, a step or all computing.
struct LargestError {
  double error = 0;
  std::string where;  // "step 3 of node 0, ring"
};
std::optional<LargestError> largest_error(const Equivalence& equivalence);

// "Emulated is within 2.2 % of virtual: ...", or what links cost; and whether the rest is the same.
std::string verdict(const Equivalence& equivalence);
std::string to_text(const Equivalence& equivalence);
nlohmann::ordered_json to_json(const Equivalence& equivalence);

}  // namespace understudy
