// Jitter against the distributions in closed form.
#include "sim/network/jitter.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numbers>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

double normal_density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }
double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2)); }

double normal_quantile(double u) {
  double low = -40, high = 40;
  for (int i = 0; i < 200; ++i) (normal_cdf((low + high) / 2) < u ? low : high) = (low + high) / 2;
  return (low + high) / 2;
}

// E[f(Z)] of a standard normal Z, by the trapezoidal rule, which converges fast on smooth functions
// that vanish at the ends.
double mean_of(const std::function<double(double)>& f) {
  constexpr double kStep = 1e-3;
  double sum = 0;
  for (int i = -12'000; i <= 30'000; ++i) sum += f(i * kStep) * normal_density(i * kStep) * kStep;
  return sum;
}

std::vector<JitterConfig> of_a_second(double correlation) {
  return {UniformJitter{1s, correlation}, NormalJitter{1s, correlation},
          ParetoJitter{1s, correlation}, ParetoNormalJitter{1s, correlation}};
}

// By the index of the kind: the value that is not exceeded with probability u.
double quantile(std::size_t kind, double u) {
  const double z = normal_quantile(u);
  const auto pareto = [](double v) { return (std::pow(1 - v, -1.0 / 3) - 1.5) / std::sqrt(0.75); };
  if (kind == 0) return 2 * u - 1;
  if (kind == 1) return z;
  if (kind == 2) return pareto(u);
  // A quarter of the one and three quarters of the other, at one deviation.
  static const double deviation = std::sqrt(mean_of([&](double x) {
    const double tail = normal_cdf(-x);
    const double sum = 0.25 * x + 0.75 * (std::pow(tail, -1.0 / 3) - 1.5) / std::sqrt(0.75);
    return sum * sum;
  }));
  return (0.25 * z + 0.75 * pareto(u)) / deviation;
}

TEST(Jitter, HasTheQuantilesOfItsDistribution) {
  for (std::size_t kind = 0; kind < 4; ++kind) {
    const Jitter jitter(of_a_second(0)[kind]);
    for (const double u : {1e-9, 1e-3, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1 - 1e-6})
      EXPECT_NEAR(jitter.value_s(normal_quantile(u)), quantile(kind, u), 1e-7) << kind << " " << u;
  }
}

TEST(Jitter, HasMeanZeroAndTheDeviation) {
  const double variances[] = {1.0 / 3, 1, 1, 1};
  for (std::size_t kind = 0; kind < 4; ++kind) {
    const Jitter jitter(of_a_second(0)[kind]);
    EXPECT_NEAR(mean_of([&](double z) { return jitter.value_s(z); }), 0, 1e-9) << kind;
    EXPECT_NEAR(mean_of([&](double z) { return std::pow(jitter.value_s(z), 2); }), variances[kind],
                1e-9)
        << kind;
  }
}

std::vector<double> draws_of(const JitterConfig& config, std::size_t count) {
  const Jitter jitter(config);
  RandomStream random({.seed = 11, .purpose = Purpose::kTest});
  double normal = random.normal();
  std::vector<double> draws(count);
  for (double& draw : draws) draw = to_seconds(jitter.next(normal, random));
  return draws;
}

// Whether a draw is below its u-quantile has mean u; over lag k these correlate by at most c^k
// (Gebelein), so that their sum has at most (1 + c) / (1 - c) times the variance of independent
// ones.
TEST(Jitter, IsDistributedAsStatedWhateverTheCorrelation) {
  constexpr std::size_t kDraws = 100'000;
  for (const double correlation : {0.0, 0.3, 0.9}) {
    for (std::size_t kind = 0; kind < 4; ++kind) {
      const auto draws = draws_of(of_a_second(correlation)[kind], kDraws);
      for (const double u : {0.01, 0.1, 0.5, 0.9, 0.99}) {
        const double limit = quantile(kind, u);
        const auto below = static_cast<double>(std::count_if(
            draws.begin(), draws.end(), [limit](double draw) { return draw < limit; }));
        const double variance = u * (1 - u) * (1 + correlation) / (1 - correlation);
        EXPECT_NEAR(below / kDraws, u, 5 * std::sqrt(variance / kDraws))
            << kind << " " << correlation;
      }
    }
  }
}

// Normal jitter correlates as stated, c over one draw and c^2 over two; of uniform jitter it is
// 6/pi asin(c/2) (Pearson, 1907). The estimate over N draws has a variance below (1 + c^2) / N / (1
// - c^2).
TEST(Jitter, CorrelatesWithTheDrawBefore) {
  constexpr std::size_t kDraws = 200'000;
  const auto correlation = [](const std::vector<double>& draws, std::size_t lag) {
    double product = 0, square = 0;
    for (std::size_t i = lag; i < draws.size(); ++i) {
      product += draws[i] * draws[i - lag];
      square += draws[i] * draws[i];
    }
    return product / square;
  };
  for (const double c : {0.0, 0.25, 0.8}) {
    const double bound = 5 * std::sqrt((1 + c * c) / (1 - c * c) / kDraws);
    const auto normal = draws_of(NormalJitter{1s, c}, kDraws);
    EXPECT_NEAR(correlation(normal, 1), c, bound);
    EXPECT_NEAR(correlation(normal, 2), c * c, bound);
    const auto uniform = draws_of(UniformJitter{1s, c}, kDraws);
    EXPECT_NEAR(correlation(uniform, 1), 6 / std::numbers::pi * std::asin(c / 2), bound);
  }
}

class JitterTable : public testing::Test {
 protected:
  JitterTable() { std::filesystem::create_directories(folder_); }
  ~JitterTable() override { std::filesystem::remove_all(folder_); }
  FilePath write(const std::string& text) const {
    const FilePath file{(folder_ / "a.dist").string()};
    std::ofstream(file.path, std::ios::binary) << text;
    return file;
  }
  // The sentence without the folder in front of the file's name.
  std::string error_of(const std::string& text) const {
    try {
      read_distribution_table(write(text));
    } catch (const ScenarioError& problem) {
      const std::string sentence = problem.what();
      return sentence.substr(sentence.find("a.dist"));
    }
    return "";
  }
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("jitter_table_" + std::to_string(::getpid()));
};

// The normal distribution as iproute2 has it: 4,096 quantiles in units of 1/8192.
TEST_F(JitterTable, OfTheNormalDistributionIsTheNormalDistribution) {
  constexpr int kNumbers = 4096;
  std::string text = "# a normal distribution\n";
  for (int i = 0; i < kNumbers; ++i) {
    text += std::to_string(std::lround(8192 * normal_quantile((i + 0.5) / kNumbers)));
    text += i % 8 == 7 ? "\n" : " ";
  }
  const Jitter table(TableJitter{.file = write(text), .deviation = 10ms});
  const Jitter normal(NormalJitter{.deviation = 10ms});
  for (double z = -3; z < 3; z += 0.01) {
    // Between entries as far apart as the density tells, and rounded to a unit.
    const double apart = 1 / (kNumbers * normal_density(std::abs(z) + 0.1));
    EXPECT_NEAR(table.value_s(z), normal.value_s(z), 0.01 * (apart + 1.0 / 8192)) << z;
  }
  EXPECT_NEAR(table.value_s(-9), 0.01 * normal_quantile(0.5 / kNumbers), 0.01 / 8192);
  EXPECT_NEAR(table.value_s(9), -0.01 * normal_quantile(0.5 / kNumbers), 0.01 / 8192);
}

TEST_F(JitterTable, IsReadInAnyOrderAndLayout) {
  EXPECT_EQ(read_distribution_table(write("# one\r\n 5\t-32768  32767\r\n\n#2 3\n-0 7")),
            (std::vector<std::int16_t>{5, -32768, 32767, 0, 7}));
  const Jitter jitter(TableJitter{.file = write("8192 -8192"), .deviation = 1ms});
  EXPECT_EQ(jitter.value_s(-1), -1e-3);
  EXPECT_EQ(jitter.value_s(1), 1e-3);
}

TEST_F(JitterTable, IsRefusedWithFileAndLine) {
  EXPECT_EQ(error_of("1 2\n3 x4 5\n"), "a.dist:2: 'x4' is no whole number from -32768 to 32767");
  EXPECT_EQ(error_of("1 2\n\n32768\n"),
            "a.dist:3: '32768' is no whole number from -32768 to 32767");
  EXPECT_EQ(error_of("1.5"), "a.dist:1: '1.5' is no whole number from -32768 to 32767");
  EXPECT_EQ(error_of("+1"), "a.dist:1: '+1' is no whole number from -32768 to 32767");
  EXPECT_EQ(error_of(std::string(1000, '9')),
            "a.dist:1: '" + std::string(40, '9') + "' is no whole number from -32768 to 32767");
  EXPECT_EQ(error_of(""), "a.dist: holds no numbers");
  EXPECT_EQ(error_of("# only this\n"), "a.dist: holds no numbers");
  std::string most;
  for (int i = 0; i < 16'384; ++i) most += "1\n";
  EXPECT_EQ(error_of(most), "");
  EXPECT_EQ(error_of(most + "1\n"),
            "a.dist:16385: there are more than the 16384 numbers of a table");
  EXPECT_EQ(error_of("1\n#" + std::string(1 << 20, '.')),
            "a.dist: holds more than the 1048576 bytes of a table");
}

TEST_F(JitterTable, ThatIsNotThere) {
  EXPECT_THROW(read_distribution_table(FilePath{}), ScenarioError);
  try {
    read_distribution_table(FilePath{"no/such/a.dist"});
    FAIL();
  } catch (const ScenarioError& problem) {
    EXPECT_STREQ(problem.what(), "no/such/a.dist: No such file or directory");
  }
  EXPECT_THROW(read_distribution_table(FilePath{testing::TempDir()}), ScenarioError);
}

}  // namespace
}  // namespace understudy
