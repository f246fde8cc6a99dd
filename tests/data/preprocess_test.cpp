// Splits, fillings, encodings, scales and components, against values worked out by hand.
#include "runtime/data/preprocess.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/base/errors.hpp"
#include "runtime/data/linear_transform.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

RandomStream random(std::uint64_t seed = 1) {
  return RandomStream({.seed = seed, .purpose = Purpose::kTest});
}

TEST(Standardisation, MeanAndDeviation) {
  // 1, 3, 5: mean 3, variance 8/3. The second is constant.
  const Matrix x{3, 2, {1, 7, 3, 7, 5, 7}};
  const Matrix y = fit_standardisation(x).apply(x);
  const double one = 2 / std::sqrt(8.0 / 3);
  EXPECT_THAT(y.values, ElementsAre(DoubleNear(-one, 1e-15), 0, 0, 0, DoubleNear(one, 1e-15), 0));
}

// Points (2, 1), (-2, -1), (-1, 2), (1, -2) have the covariance [[5/2, 0], [0, 5/2]] times ... : stretched
// along (2, 1) by 3, its eigenvectors are (2, 1) / sqrt 5 and (-1, 2) / sqrt 5, of which the largest
// elements, 2, are positive.
TEST(PrincipalComponents, OfTwoByTwoByHand) {
  const double mean_x = 10, mean_y = -4;
  Matrix x{4, 2, {}};
  for (const auto& [along, across] : {std::pair(3.0, 0.0), {-3.0, 0.0}, {0.0, 1.0}, {0.0, -1.0}}) {
    x.values.push_back(mean_x + 2 * along - across);
    x.values.push_back(mean_y + along + 2 * across);
  }
  const LinearTransform pca = fit_principal_components(x, 2);
  const double s = 1 / std::sqrt(5.0);
  EXPECT_THAT(pca.mean, ElementsAre(DoubleNear(10, 1e-14), DoubleNear(-4, 1e-14)));
  EXPECT_THAT(pca.weights.values, ElementsAre(DoubleNear(2 * s, 1e-14), DoubleNear(-s, 1e-14),
                                              DoubleNear(s, 1e-14), DoubleNear(2 * s, 1e-14)));
  // Scores: lengths along the axes, sqrt 5 a unit.
  const Matrix y = fit_principal_components(x, 1).apply(x);
  EXPECT_THAT(y.values, ElementsAre(DoubleNear(3 / s, 1e-13), DoubleNear(-3 / s, 1e-13),
                                    DoubleNear(0, 1e-13), DoubleNear(0, 1e-13)));
}

// Of (1, -1) and (-1, 1), alike but for the sign, the first element is made positive.
TEST(PrincipalComponents, SignOfEqualElements) {
  const Matrix x{2, 2, {1, -1, -1, 1}};
  const double s = 1 / std::sqrt(2.0);
  EXPECT_THAT(fit_principal_components(x, 1).weights.values,
              ElementsAre(DoubleNear(s, 1e-15), DoubleNear(-s, 1e-15)));
}

TEST(StratifiedSplit, KeepsEachLabelsShareAndCoversAll) {
  std::vector<std::uint8_t> labels(100, 0);
  for (std::size_t i = 0; i < 40; ++i) labels[i * 2] = 1;
  std::vector<std::uint32_t> rows(100);
  std::iota(rows.begin(), rows.end(), 0u);
  const RowSplit split = stratified_split(rows, labels, 0.2, random());
  const auto ones = [&](const std::vector<std::uint32_t>& part) {
    return std::count_if(part.begin(), part.end(), [&](std::uint32_t r) { return labels[r] == 1; });
  };
  EXPECT_EQ(split.test.size(), 20u);
  EXPECT_EQ(ones(split.test), 8);
  EXPECT_EQ(ones(split.train), 32);
  std::vector<std::uint32_t> all = split.train;
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, rows);
  EXPECT_EQ(stratified_split(rows, labels, 0.2, random()).train, split.train);
  EXPECT_NE(stratified_split(rows, labels, 0.2, random(2)).test, split.test);
}

// Six rows, two of them tested on: a number with 100 missing ones would show a leak.
ValueTable small_table() {
  ValueTable table;
  table.columns = {{"n", {}, {1, 2, 2, kNan, 9, 4, 3, 6}},
                   {"c", {"a", "b", "z"}, {0, 1, 2, 1, kNan, 1, 0, 2}},
                   {"two", {"no", "yes"}, {0, 1, 0, 1, 0, 1, 1, 1}}};
  table.labels = {0, 1, 0, 1, 0, 1, 0, 1};
  return table;
}

TEST(Prepare, OneHotHasAFeatureForEachOfManyCategories) {
  const PreparedData data = prepare(small_table(), {.test_share = 0.25}, random());
  EXPECT_THAT(data.features, ElementsAre("n", "c=a", "c=b", "c=z", "two"));
  EXPECT_EQ(data.train.features, 5u);
  EXPECT_EQ(data.train.size(), 6u);
  EXPECT_EQ(data.test.size(), 2u);
  EXPECT_THAT(prepare(small_table(), {.encoding = Encoding::kOrdinal, .test_share = 0.25}, random())
                  .features,
              ElementsAre("n", "c", "two"));
}

// What a column's filled value is, from its standardised ones: x' = (x - mean) / deviation.
double filled(const PreparedData& data, std::uint32_t row, std::size_t feature) {
  const auto at = [&](std::uint32_t wanted) {
    for (std::size_t i = 0; i < data.train_rows.size(); ++i)
      if (data.train_rows[i] == wanted) return double{data.train.row(i)[feature]};
    for (std::size_t i = 0; i < data.test_rows.size(); ++i)
      if (data.test_rows[i] == wanted) return double{data.test.row(i)[feature]};
    return kNan;
  };
  // Rows 0 and 1 hold 1 and 2.
  return 1 + (at(row) - at(0)) / (at(1) - at(0));
}

TEST(Prepare, FillsFromTheRowsThatItIsFittedOn) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const ValueTable table = small_table();
    const PreparedData data = prepare(table, {.test_share = 0.25}, random(seed));
    std::vector<double> seen;
    for (const std::uint32_t row : data.train_rows)
      if (!std::isnan(table.columns[0].values[row])) seen.push_back(table.columns[0].values[row]);
    std::sort(seen.begin(), seen.end());
    const std::size_t n = seen.size();
    const double median = n % 2 == 1 ? seen[n / 2] : (seen[n / 2 - 1] + seen[n / 2]) / 2;
    EXPECT_NEAR(filled(data, 3, 0), median, 1e-5);
    // Of all data: 1 2 2 3 4 6 9, median 3, mode 2.
    const PreparedData leaky =
        prepare(table, {.fit = FitOn::kAllData, .test_share = 0.25}, random(seed));
    EXPECT_NEAR(filled(leaky, 3, 0), 3, 1e-5);
    const PreparedData by_mode = prepare(
        table, {.missing = MissingValues::kMode, .fit = FitOn::kAllData, .test_share = 0.25},
        random(seed));
    EXPECT_NEAR(filled(by_mode, 3, 0), 2, 1e-5);
  }
}

TEST(Prepare, DropsIncompleteRows) {
  const PreparedData data =
      prepare(small_table(), {.missing = MissingValues::kDrop, .test_share = 0.34}, random());
  std::vector<std::uint32_t> rows = data.train_rows;
  rows.insert(rows.end(), data.test_rows.begin(), data.test_rows.end());
  std::sort(rows.begin(), rows.end());
  EXPECT_THAT(rows, ElementsAre(0, 1, 2, 5, 6, 7));
}

// Means and variances of the training part, or of all, are 0 and 1; of scaled features before their
// components only the sum of variances is what it was.
TEST(Prepare, ScalesTheRowsThatItIsFittedOn) {
  const ValueTable table = titanic_table(builtin_titanic(), RowSelection::kPassengers);
  const auto moments = [](const LabelledSamples& s, std::size_t feature) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      sum += s.row(i)[feature];
      squares += double{s.row(i)[feature]} * s.row(i)[feature];
    }
    const auto n = static_cast<double>(s.size());
    return std::pair(sum / n, squares / n - sum / n * sum / n);
  };
  const PreparedData all = prepare(table, {}, random());
  for (std::size_t f = 0; f < all.train.features; ++f) {
    EXPECT_NEAR(moments(all.train, f).first, 0, 1e-6);
    EXPECT_NEAR(moments(all.train, f).second, 1, 1e-5);
    EXPECT_GT(std::abs(moments(all.test, f).first), 1e-4);  // not fitted on it
  }
  const PreparedData scaled_last =
      prepare(table, {.components = 4, .order = FeatureOrder::kPcaThenScale}, random());
  EXPECT_THAT(scaled_last.features, ElementsAre("pc1", "pc2", "pc3", "pc4"));
  const PreparedData scaled_first = prepare(table, {.components = 11}, random());
  double variance = 0, before = std::numeric_limits<double>::infinity();
  for (std::size_t f = 0; f < 11; ++f) {
    const double of_component = moments(scaled_first.train, f).second;
    EXPECT_LE(of_component, before + 1e-6);
    before = of_component;
    variance += of_component;
    if (f < 4) {
      EXPECT_NEAR(moments(scaled_last.train, f).second, 1, 1e-5);
    }
  }
  EXPECT_NEAR(variance, 11, 1e-4);
}

TEST(Prepare, SaysWhatIsMissing) {
  const auto error = [](ValueTable table, PreprocessConfig config) {
    return data_error([&] { prepare(table, config, random()); });
  };
  EXPECT_EQ(error(small_table(), {.components = 6, .test_share = 0.25}),
            "6 components are more than the 5 features (n, c=a, c=b, c=z, two)");
  EXPECT_EQ(error(small_table(), {.test_share = 0.01}),
            "the test part of 0 rows needs rows of both labels");
  ValueTable one_label = small_table();
  std::fill(one_label.labels.begin(), one_label.labels.end(), 1);
  EXPECT_EQ(error(one_label, {}), "the training part of 6 rows needs rows of both labels");
  ValueTable empty_column = small_table();
  std::fill(empty_column.columns[0].values.begin(), empty_column.columns[0].values.end(), kNan);
  EXPECT_EQ(error(empty_column, {.test_share = 0.25}),
            "the column n has no value to fill the missing ones from");
}

}  // namespace
}  // namespace understudy
