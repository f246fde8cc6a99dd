// The description of logistic regression on a table: data, shards, training.
#pragma once

#include <array>

#include "runtime/workloads/logistic_regression_config.hpp"
#include "scenarios/describe/field.hpp"
#include "scenarios/describe/partition.hpp"
#include "scenarios/describe/training.hpp"

namespace understudy {

inline constexpr std::array<NameDoc, 1> kTabularDatasets = {{
    {"titanic", "The people aboard the Titanic: 2,207, of whom 1,317 were passengers; built in."},
}};
inline constexpr std::array<NameDoc, 17> kTabularFeatures = {{
    {"all", "All features, scaled."},
    {"pca1", "The first principal component."},
    {"pca2", "Two principal components."},
    {"pca3", "Three principal components."},
    {"pca4", "Four principal components."},
    {"pca5", "Five principal components."},
    {"pca6", "Six principal components."},
    {"pca7", "Seven principal components."},
    {"pca8", "Eight principal components."},
    {"pca9", "Nine principal components."},
    {"pca10", "Ten principal components."},
    {"pca11", "Eleven principal components."},
    {"pca12", "Twelve principal components."},
    {"pca13", "Thirteen principal components."},
    {"pca14", "Fourteen principal components."},
    {"pca15", "Fifteen principal components."},
    {"pca16", "Sixteen principal components."},
}};

inline constexpr std::array<Named<RowSelection>, 2> kRowNames = {{
    {RowSelection::kPassengers, "passengers", "The 1st, 2nd and 3rd class."},
    {RowSelection::kAll, "all", "The crew too."},
}};
constexpr std::span<const Named<RowSelection>> names(RowSelection) { return kRowNames; }

inline constexpr std::array<Named<MissingValues>, 3> kMissingNames = {{
    {MissingValues::kMedian, "median", "The column's median; of categories the most frequent."},
    {MissingValues::kMode, "mode", "The most frequent value."},
    {MissingValues::kDrop, "drop", "The row is left out."},
}};
constexpr std::span<const Named<MissingValues>> names(MissingValues) { return kMissingNames; }

inline constexpr std::array<Named<Encoding>, 2> kEncodingNames = {{
    {Encoding::kOneHot, "one_hot", "A feature for each category; of two, one."},
    {Encoding::kOrdinal, "ordinal", "The category's number."},
}};
constexpr std::span<const Named<Encoding>> names(Encoding) { return kEncodingNames; }

inline constexpr std::array<Named<FeatureOrder>, 2> kOrderNames = {{
    {FeatureOrder::kScaleThenPca, "scale_then_pca", "Components of scaled features."},
    {FeatureOrder::kPcaThenScale, "pca_then_scale", "Scaled components, as published."},
}};
constexpr std::span<const Named<FeatureOrder>> names(FeatureOrder) { return kOrderNames; }

inline constexpr std::array<Named<FitOn>, 2> kFitNames = {{
    {FitOn::kTrainingPart, "training_part", "The test part stays unseen."},
    {FitOn::kAllData, "all_data", "As published: the test part leaks in."},
}};
constexpr std::span<const Named<FitOn>> names(FitOn) { return kFitNames; }

inline constexpr std::array<Named<ShardPath>, 2> kShardPathNames = {{
    {ShardPath::kStreamed, "streamed", "Every sample is sent in every epoch."},
    {ShardPath::kCached, "cached", "Samples are sent once."},
}};
constexpr std::span<const Named<ShardPath>> names(ShardPath) { return kShardPathNames; }

inline constexpr std::array<Named<SampleElement>, 3> kElementNames = {{
    {SampleElement::kFloat32, "float32", "Single precision."},
    {SampleElement::kInt16, "int16", "An integer times the shard's scale."},
    {SampleElement::kInt8, "int8", "An integer times the shard's scale."},
}};
constexpr std::span<const Named<SampleElement>> names(SampleElement) { return kElementNames; }

inline constexpr std::array<Named<UpdateRule>, 2> kUpdateNames = {{
    {UpdateRule::kPerBatch, "per_batch", "A step after each batch."},
    {UpdateRule::kAfterEpochs, "after_epochs",
     "One step after all epochs, along the sum of all batches' gradients, as published."},
}};
constexpr std::span<const Named<UpdateRule>> names(UpdateRule) { return kUpdateNames; }

template <class Archive>
void describe(Archive& a, LogisticRegressionConfig& c) {
  a.field("dataset", c.dataset, "The data set.", {.names = kTabularDatasets});
  a.field("file", c.file,
          "A CSV with the columns of `scenarios/data/titanic.csv` or of Kaggle's `train.csv`, "
          "instead of the data set.");
  a.field("rows", c.rows, "Who is counted.");
  a.field("missing", c.missing, "What stands in for a missing value.");
  a.field("encoding", c.encoding, "How categories become numbers.");
  a.field("features", c.features, "All features, or so many principal components.",
          {.names = kTabularFeatures});
  a.field("order", c.order, "Whether features are scaled before their components are taken.");
  a.field("fit", c.fit, "The rows that fillings, scales and components are fitted on.");
  a.field("test_share", c.test_share, "Share of the rows that is tested on, of each label.",
          {.above = 0, .below = 1, .measure = Measure::kFraction});
  a.field("partition", c.partition, "How the training part is divided over the nodes.");
  a.field("shard", c.shard, "How samples come to a board.");
  a.field("element", c.element, "What a feature is sent and kept as.");
  a.field("epochs", c.epochs, "Passes over the shard in a round.", {.min = 1, .max = 1e6});
  a.field("batch", c.batch, "Samples in a batch.", {.min = 1, .max = 65535});
  a.field("lr", c.lr, "Learning rate.", {.above = 0, .max = 1e6});
  a.field("l2", c.l2, "L2 penalty; the intercept is free.", {.min = 0, .max = 1e6});
  a.field("update", c.update, "When the weights change.");
  a.field("rounds", c.rounds, "How often the weights are averaged.", {.min = 1, .max = 1e6});
  a.field("deadline", c.deadline,
          "How long after its start a round ends without those that have not answered; it waits "
          "where nothing is given.",
          {.above = 0});
  a.field("quorum", c.quorum,
          "How many must have answered by then, or the run fails; all where nothing is given.",
          {.min = 1});
}

}  // namespace understudy
