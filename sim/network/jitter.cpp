#include "sim/network/jitter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>
#include <string>
#include <string_view>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr std::size_t kMostNumbers = 16'384;      // as the kernel
constexpr std::size_t kMostTableBytes = 1 << 20;  // with comments
constexpr double kTableUnits = 8192;              // in a deviation
constexpr std::string_view kBlanks = " \t\r";

// The probability that a standard normal draw exceeds z, exact in the upper tail.
double exceeding(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

// Pareto of shape 3 and least value 1 has mean 3/2 and variance 3/4.
double standard_pareto(double z) { return (1 / std::cbrt(exceeding(z)) - 1.5) / std::sqrt(0.75); }

// The quantiles of both, added, as netem does. Both are functions of one draw, so that they covary:
// E[Z P(Z)] = 2/sqrt(3) E[Z (1 - Phi(Z))^(-1/3)], by quadrature.
constexpr double kCovariance = 0.678352789549950;
double standard_pareto_normal(double z) {
  static const double deviation = std::sqrt((1 + 9 + 2 * 3 * kCovariance) / 16);
  return (z + 3 * standard_pareto(z)) / 4 / deviation;
}

[[noreturn]] void fail(const std::string& where, const std::string& sentence) {
  throw ScenarioError(fmt::format("{}: {}", where, sentence));
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostTableBytes + 1, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())
    fail(path, errno != 0 ? std::strerror(errno) : "can't be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostTableBytes)
    fail(path, fmt::format("holds more than the {} bytes of a table", kMostTableBytes));
  return text;
}

void read_line(std::string_view line, const std::string& where, std::vector<std::int16_t>& out) {
  if (line.starts_with('#')) return;
  for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = line.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    const std::string_view word = line.substr(at, end - at);
    std::int16_t number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || rest != word.data() + word.size()) {
      fail(where, fmt::format("'{}' is no whole number from -32768 to 32767",
                              word.substr(0, std::min<std::size_t>(word.size(), 40))));
    }
    if (out.size() == kMostNumbers)
      fail(where, fmt::format("there are more than the {} numbers of a table", kMostNumbers));
    out.push_back(number);
    at = end;
  }
}

}  // namespace

std::vector<std::int16_t> read_distribution_table(const FilePath& file) {
  if (file.path.empty()) throw ScenarioError("jitter of the kind table needs a file");
  const std::string text = content_of(file.path);
  std::vector<std::int16_t> numbers;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    read_line(std::string_view(text).substr(begin, end - begin),
              fmt::format("{}:{}", file.path, ++number), numbers);
    begin = end + 1;
  }
  if (numbers.empty()) fail(file.path, "holds no numbers");
  return numbers;
}

Jitter::Jitter(const JitterConfig& config) : kind_(static_cast<Kind>(config.index())) {
  std::visit(
      [this](const auto& kind) {
        correlation_ = kind.correlation;
        if constexpr (requires { kind.spread; }) {
          scale_s_ = to_seconds(kind.spread);
        } else {
          scale_s_ = to_seconds(kind.deviation);
        }
        if constexpr (requires { kind.file; }) table_ = read_distribution_table(kind.file);
      },
      config);
  std::sort(table_.begin(), table_.end());
}

Duration Jitter::next(double& normal, RandomStream& random) const {
  normal = correlation_ * normal + std::sqrt(1 - correlation_ * correlation_) * random.normal();
  return from_seconds(value_s(normal));
}

double Jitter::value_s(double z) const {
  switch (kind_) {
    case Kind::kUniform:
      return scale_s_ * std::erf(z / std::numbers::sqrt2);
    case Kind::kNormal:
      return scale_s_ * z;
    case Kind::kPareto:
      return scale_s_ * standard_pareto(z);
    case Kind::kParetoNormal:
      return scale_s_ * standard_pareto_normal(z);
    case Kind::kTable:
      break;
  }
  const auto entry = static_cast<std::size_t>(exceeding(-z) * static_cast<double>(table_.size()));
  return scale_s_ * table_[std::min(entry, table_.size() - 1)] / kTableUnits;
}

}  // namespace understudy
