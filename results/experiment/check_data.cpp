#include "results/experiment/check_data.hpp"

#include <fmt/format.h>

#include "results/experiment/unit_runner.hpp"
#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

struct Part {
  Split split;
  int limit;
  const char* limit_key;
};

std::string in_run(const ExpandedRun& run) {
  const std::string with = list_of(run.overrides);
  return with.empty() ? "" : fmt::format(" (in the run with {})", with);
}

// Whether it is the limit that does not fit: without it, the data can be read.
bool is_limit_beyond(const std::string& dataset, const Part& part, DatasetCache& datasets) {
  if (part.limit == 0) return false;
  try {
    datasets.images(dataset, part.split, 0);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

LoadedImages load(const Document& document, const ExpandedRun& run, const Part& part,
                  DatasetCache& datasets) {
  const std::string dataset = images_of(run.scenario.workload)->dataset;
  try {
    return datasets.images(dataset, part.split, static_cast<std::size_t>(part.limit));
  } catch (const DataError& problem) {
    const char* key =
        is_limit_beyond(dataset, part, datasets) ? part.limit_key : "workload.dataset";
    throw DataError(fmt::format("{}: {}{}", locate(document, key), problem.what(), in_run(run)));
  }
}

struct NamedModel {
  std::string key;
  ModelConfig model;
};
std::vector<NamedModel> models_of(const WorkloadConfig& workload) {
  if (const auto* c = std::get_if<ImageClassifierConfig>(&workload))
    return {{"workload.model", c->model}};
  std::vector<NamedModel> models;
  if (const auto* c = std::get_if<KnowledgeTransferConfig>(&workload)) {
    models.push_back({"workload.target", c->target});
    for (std::size_t i = 0; i < c->ensemble.size(); ++i)
      models.push_back({fmt::format("workload.ensemble[{}]", i), c->ensemble[i]});
  }
  return models;
}

// Files of models, for the images that they are to take.
void check_models(const Document& document, const ExpandedRun& run, ImageShape shape) {
  const int side = images_of(run.scenario.workload)->image_size;
  if (side > 0) shape.image.rows = shape.image.columns = side;
  for (const auto& [key, model] : models_of(run.scenario.workload)) {
    if (model.file.path.empty() && model.weights.path.empty()) continue;
    try {
      make_model(model, 0, shape);
    } catch (const DataError& problem) {
      throw DataError(fmt::format("{}: {}{}", locate(document, key), problem.what(), in_run(run)));
    }
  }
}

// A table is read, prepared and divided in no time: the workload is made as the run will make it.
void check_table(const Document& document, const ExpandedRun& run) {
  const Scenario& scenario = run.scenario;
  const auto* config = std::get_if<LogisticRegressionConfig>(&scenario.workload);
  if (config == nullptr) return;
  try {
    WorkloadParts parts;
    parts.members = members_of(make_topology(scenario.topology));
    parts.seed = scenario.seed;
    make_workload(scenario.workload, scenario.strategy, std::move(parts));
  } catch (const DataError& problem) {
    const char* key = config->file.path.empty() ? "workload" : "workload.file";
    throw DataError(fmt::format("{}: {}{}", locate(document, key), problem.what(), in_run(run)));
  }
}

}  // namespace

void check_data(const Experiment& experiment, DatasetCache& datasets) {
  const Document& document = experiment.document;
  for (const ExpandedRun& run : experiment.runs) {
    check_table(document, run);
    const ImageInput* config = images_of(run.scenario.workload);
    if (config == nullptr) continue;
    const LoadedImages train =
        load(document, run, {Split::kTrain, config->train_limit, "workload.train_limit"}, datasets);
    load(document, run, {Split::kTest, config->test_limit, "workload.test_limit"}, datasets);
    check_models(document, run, train.dataset->shape());
    const int workers = seating(run.scenario.topology).workers;
    const std::size_t samples = train.dataset->size();
    if (static_cast<std::size_t>(workers) <= samples) continue;
    throw ScenarioError(fmt::format("{}: {} workers are more than the {} samples of {}{}",
                                    locate(document, "topology"), workers, samples, train.name,
                                    in_run(run)));
  }
}

}  // namespace understudy
