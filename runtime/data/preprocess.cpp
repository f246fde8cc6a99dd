#include "runtime/data/preprocess.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/data/linear_transform.hpp"

namespace understudy {
namespace {

using Rows = std::vector<std::uint32_t>;

void shuffle(Rows& rows, RandomStream& random) {
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i)]);
}

Rows kept_rows(const ValueTable& table, MissingValues missing) {
  Rows rows;
  for (std::uint32_t row = 0; row < table.rows(); ++row) {
    const bool complete =
        std::none_of(table.columns.begin(), table.columns.end(),
                     [&](const TableColumn& c) { return std::isnan(c.values[row]); });
    if (complete || missing != MissingValues::kDrop) rows.push_back(row);
  }
  return rows;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Of equally frequent ones the smallest.
double mode(const std::vector<double>& values) {
  std::map<double, std::size_t> counts;
  for (const double value : values) ++counts[value];
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

// What stands in for the column's missing values; anything where none is missing.
double filling(const TableColumn& column, const Rows& fitted, MissingValues missing) {
  if (std::none_of(column.values.begin(), column.values.end(),
                   [](double v) { return std::isnan(v); }))
    return 0;
  std::vector<double> present;
  for (const std::uint32_t row : fitted) {
    if (!std::isnan(column.values[row])) present.push_back(column.values[row]);
  }
  if (present.empty())
    throw DataError(
        fmt::format("the column {} has no value to fill the missing ones from", column.name));
  const bool has_median = missing == MissingValues::kMedian && !column.is_categorical();
  return has_median ? median(std::move(present)) : mode(present);
}

// Filled and encoded, all rows of the table.
struct Encoded {
  Matrix matrix;
  std::vector<std::string> names;
};

void append(Encoded& to, std::string name, std::vector<double> values) {
  // Column by column; turned into rows at the end.
  to.names.push_back(std::move(name));
  to.matrix.values.insert(to.matrix.values.end(), values.begin(), values.end());
}

Encoded encode(const ValueTable& table, const PreprocessConfig& config, const Rows& fitted) {
  Encoded columns;
  for (const TableColumn& column : table.columns) {
    std::vector<double> values = column.values;
    const double fill = filling(column, fitted, config.missing);
    std::replace_if(
        values.begin(), values.end(), [](double v) { return std::isnan(v); }, fill);
    if (config.encoding == Encoding::kOrdinal || column.categories.size() <= 2) {
      append(columns, column.name, std::move(values));
      continue;
    }
    for (std::size_t c = 0; c < column.categories.size(); ++c) {
      std::vector<double> is_category;
      for (const double v : values) is_category.push_back(v == static_cast<double>(c) ? 1 : 0);
      append(columns, column.name + "=" + column.categories[c], std::move(is_category));
    }
  }
  const std::size_t rows = table.rows(), features = columns.names.size();
  Encoded out{{rows, features, std::vector<double>(rows * features)}, std::move(columns.names)};
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < features; ++c)
      out.matrix.at(r, c) = columns.matrix.values[c * rows + r];
  }
  return out;
}

Matrix rows_of(const Matrix& matrix, const Rows& rows) {
  Matrix out{rows.size(), matrix.columns, {}};
  for (const std::uint32_t row : rows) {
    const auto begin = matrix.values.begin() + static_cast<std::ptrdiff_t>(row * matrix.columns);
    out.values.insert(out.values.end(), begin, begin + static_cast<std::ptrdiff_t>(matrix.columns));
  }
  return out;
}

// Scales, and where asked for turns into principal components; fitted on some rows.
void transform(Encoded& data, const PreprocessConfig& config, const Rows& fitted) {
  const auto scale = [&] {
    data.matrix = fit_standardisation(rows_of(data.matrix, fitted)).apply(data.matrix);
  };
  const auto components = static_cast<std::size_t>(config.components);
  if (components > data.matrix.columns) {
    throw DataError(fmt::format("{} components are more than the {} features ({})", components,
                                data.matrix.columns, fmt::join(data.names, ", ")));
  }
  if (components == 0) return scale();
  if (config.order == FeatureOrder::kScaleThenPca) scale();
  data.matrix =
      fit_principal_components(rows_of(data.matrix, fitted), components).apply(data.matrix);
  if (config.order == FeatureOrder::kPcaThenScale) scale();
  data.names.clear();
  for (std::size_t c = 1; c <= components; ++c) data.names.push_back(fmt::format("pc{}", c));
}

LabelledSamples samples_at(const Matrix& matrix, const ValueTable& table, const Rows& rows) {
  LabelledSamples out;
  out.features = matrix.columns;
  for (const std::uint32_t row : rows) {
    for (std::size_t c = 0; c < matrix.columns; ++c)
      out.values.push_back(static_cast<float>(matrix.at(row, c)));
    out.labels.push_back(table.labels[row]);
  }
  return out;
}

void require_both_labels(const char* part, const LabelledSamples& samples) {
  const auto survivors = std::count(samples.labels.begin(), samples.labels.end(), 1);
  if (survivors > 0 && survivors < static_cast<std::ptrdiff_t>(samples.size())) return;
  throw DataError(
      fmt::format("the {} part of {} rows needs rows of both labels", part, samples.size()));
}

}  // namespace

LabelledSamples select(const LabelledSamples& samples, std::span<const std::uint32_t> indices) {
  LabelledSamples out;
  out.features = samples.features;
  for (const std::uint32_t i : indices) {
    const auto row = samples.row(i);
    out.values.insert(out.values.end(), row.begin(), row.end());
    out.labels.push_back(samples.labels[i]);
  }
  return out;
}

RowSplit stratified_split(std::span<const std::uint32_t> rows, std::span<const std::uint8_t> labels,
                          double test_share, RandomStream random) {
  RowSplit split;
  for (const int label : {0, 1}) {
    Rows of_label;
    for (const std::uint32_t row : rows) {
      if (labels[row] == label) of_label.push_back(row);
    }
    shuffle(of_label, random);
    const auto test = std::lround(test_share * static_cast<double>(of_label.size()));
    const auto cut = of_label.begin() + test;
    split.test.insert(split.test.end(), of_label.begin(), cut);
    split.train.insert(split.train.end(), cut, of_label.end());
  }
  std::sort(split.test.begin(), split.test.end());
  shuffle(split.train, random);
  return split;
}

PreparedData prepare(const ValueTable& table, const PreprocessConfig& config, RandomStream random) {
  const Rows rows = kept_rows(table, config.missing);
  RowSplit split = stratified_split(rows, table.labels, config.test_share, random);
  const Rows& fitted = config.fit == FitOn::kAllData ? rows : split.train;
  PreparedData out;
  if (split.train.empty()) require_both_labels("training", out.train);
  Encoded data = encode(table, config, fitted);
  transform(data, config, fitted);
  out.features = std::move(data.names);
  out.train = samples_at(data.matrix, table, split.train);
  out.test = samples_at(data.matrix, table, split.test);
  require_both_labels("training", out.train);
  require_both_labels("test", out.test);
  out.train_rows = std::move(split.train);
  out.test_rows = std::move(split.test);
  return out;
}

}  // namespace understudy
