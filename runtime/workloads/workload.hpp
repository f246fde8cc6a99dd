// The workload seam: model, data, strategy and metrics of a scenario, as a program for each node.
// One object serves one repeat of one run.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/collectives/communicator.hpp"
#include "runtime/data/image_files.hpp"
#include "runtime/learners/model.hpp"
#include "runtime/node/node.hpp"
#include "runtime/strategies/strategy_config.hpp"
#include "runtime/workloads/keep_weights.hpp"
#include "runtime/workloads/workload_config.hpp"

namespace understudy {

// Image data sets, each read once and shared. Thread-safe.
class DatasetCache {
 public:
  explicit DatasetCache(DataPaths paths);
  ~DatasetCache();
  LoadedImages images(const std::string& name, Split split, std::size_t limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Samples in the training and in the test set; zero where nothing is trained.
struct DataSizes {
  std::size_t train = 0, test = 0;
  std::vector<std::size_t> shards{};   // training samples of each worker, where each has its own
  std::optional<ImageShape> images{};  // of the data set that was used, where it has images
};

// Trained weights as they are kept in a file.
struct KeptWeights {
  std::string name;  // what is added to the file's name: "", "best", "target", "member_0"
  const Layout* layout = nullptr;
  std::vector<float> values;
};
// Per metric what clients scored at the last evaluation, of those that were scored.
using ClientScores = std::map<std::string, std::vector<double>>;

// What a workload is made from.
struct WorkloadParts {
  // Which node is which; a Communicator's index is filled in per node.
  Communicator members;
  // Which members are neighbours, by their places among the members; where the strategy asks for it.
  SharedList<std::vector<std::uint32_t>> neighbours{};
  std::uint64_t seed = 0;
  bool one_process = true;  // all nodes share this process
  // Computes models. Without it the workload can only be replayed dry.
  std::function<std::unique_ptr<Learner>(const Model&)> make_learner;
  DatasetCache* datasets = nullptr;  // with make_learner
  DataSizes data_sizes;              // dry only: those of the run that trained
  std::int64_t updates = 0;          // dry only: those that it made; 0: as many as are planned
  KeepWeights keep = KeepWeights::kNone;
  std::atomic<std::int64_t>* gradients =
      nullptr;  // counts those computed, for progress; may be null
};

class Workload {
 public:
  virtual ~Workload() = default;
  virtual Task<> run(Node& node) = 0;
  // 64-bit FNV-1a of the final weights in hex; empty where nothing is trained, or in a dry replay.
  virtual std::string weights_hash() const { return {}; }
  virtual DataSizes data_sizes() const { return {}; }
  // Once it has run, where this process has them; their layouts live as long as the workload.
  virtual std::vector<KeptWeights> kept_weights() const { return {}; }
  // Of the parameters, in all, once it has run those that were made, and in one pass over the data; 0 where nothing is trained.
  virtual std::int64_t updates() const { return 0; }
  virtual std::int64_t updates_per_epoch() const { return 0; }
  // Nodes that run() is not to be called for at the start; nullptr: none. Where all share a process.
  virtual Sleepers* sleepers() { return nullptr; }
  // Empty where there are no clients that are scored, and in a dry replay.
  virtual ClientScores client_scores() const { return {}; }
  // A sentence for the user, such as which data set stands in for the one asked for; usually empty.
  virtual std::string notice() const { return {}; }
};

// Throws ScenarioError or DataError where the parts do not go together (a world larger than the
// data).
std::unique_ptr<Workload> make_workload(const WorkloadConfig& config,
                                        const StrategyConfig& strategy, WorkloadParts parts);

}  // namespace understudy
