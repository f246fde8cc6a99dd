// How much later than its latency a link delivers a message: five distributions of mean 0, each as a
// function of a standard normal draw, by which successive draws are correlated.
//
// The draws z of a link are autoregressive, z = c z' + sqrt(1 - c^2) g with g standard normal, so
// that each by itself is standard normal; Phi(z) is uniform, and the inverse distribution of it has
// exactly the distribution that is asked for, whatever the correlation (Cario and Nelson,
// "Autoregressive to anything", Operations Research Letters 19, 1996).
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/file_path.hpp"
#include "runtime/base/random.hpp"
#include "sim/network/network_config.hpp"

namespace understudy {

class Jitter {
 public:
  // Throws ScenarioError for a table that can't be read.
  explicit Jitter(const JitterConfig& config);

  // The next draw after the one that `normal` was for.
  Duration next(double& normal, RandomStream& random) const;
  // The value, in seconds, that is as likely to be exceeded as z is by a standard normal draw.
  double value_s(double z) const;

 private:
  // In the order of JitterConfig's alternatives.
  enum class Kind : std::uint8_t { kUniform, kNormal, kPareto, kParetoNormal, kTable };
  Kind kind_;
  double scale_s_ = 0;
  double correlation_ = 0;
  std::vector<std::int16_t> table_{};  // ascending
};

// The numbers of a table as iproute2 writes it: whole numbers of 16 bits between blanks, lines that
// begin with # are comments. Throws ScenarioError with file and line for anything else, and for more
// than 16,384 numbers.
std::vector<std::int16_t> read_distribution_table(const FilePath& file);

}  // namespace understudy
