// How a table becomes features, as a scenario states it.
#pragma once

namespace understudy {

// What stands in for a missing value: the column's median, or its mode; or the row is left out.
// Categories have no median: there both mean the mode.
enum class MissingValues { kMedian, kMode, kDrop };
// A category as its number, or as one feature for each, 0 or 1; of two, one feature.
enum class Encoding { kOrdinal, kOneHot };
enum class FeatureOrder { kScaleThenPca, kPcaThenScale };
// The rows that fillings, scales and components are fitted on. all_data lets the test part leak into
// training.
enum class FitOn { kTrainingPart, kAllData };

struct PreprocessConfig {
  MissingValues missing = MissingValues::kMedian;
  Encoding encoding = Encoding::kOneHot;
  int components = 0;  // principal components; 0: all features, scaled
  FeatureOrder order = FeatureOrder::kScaleThenPca;
  FitOn fit = FitOn::kTrainingPart;
  double test_share = 0.2;  // of the rows
};

}  // namespace understudy
