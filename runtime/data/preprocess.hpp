// From a table to samples for training and for testing: split, missing values, encoding, scaling,
// principal components.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/data/preprocess_config.hpp"
#include "runtime/data/tabular_dataset.hpp"

namespace understudy {

// Labelled samples, row-major.
struct LabelledSamples {
  std::size_t features = 0;
  std::vector<float> values;         // [size(), features]
  std::vector<std::uint8_t> labels;  // 0 or 1

  std::size_t size() const { return labels.size(); }
  std::span<const float> row(std::size_t i) const {
    return std::span(values).subspan(i * features, features);
  }
};

// Those at the indices, in their order.
LabelledSamples select(const LabelledSamples& samples, std::span<const std::uint32_t> indices);

struct PreparedData {
  LabelledSamples train;                  // in a random order
  LabelledSamples test;                   // in the table's
  std::vector<std::string> features;      // "age", "class=3rd", "pc1"
  std::vector<std::uint32_t> train_rows;  // of the table, by sample
  std::vector<std::uint32_t> test_rows;
};

struct RowSplit {
  std::vector<std::uint32_t> train, test;
};
// Stratified: of each label's rows, shuffled, the share rounded goes to the test part. `rows` are
// indices of `labels`.
RowSplit stratified_split(std::span<const std::uint32_t> rows, std::span<const std::uint8_t> labels,
                          double test_share, RandomStream random);

// Throws DataError where a part has no row of one of the labels, where a column has no value to fill
// the missing ones from, and for more components than there are features.
PreparedData prepare(const ValueTable& table, const PreprocessConfig& config, RandomStream random);

}  // namespace understudy
