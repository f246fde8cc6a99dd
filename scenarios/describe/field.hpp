// What a description says about one field. A description is a function template
//   template <class Archive> void describe(Archive& archive, SomeConfig& config)
// that calls archive.field(key, member, sentence, limits) once for each member. Archives read,
// write, document. A variant's alternatives are named by kinds(), an enumeration's values by
// names(), found by their argument.
#pragma once

#include <limits>
#include <span>

namespace understudy {

// A name that a scenario may use, and a sentence about it.
struct NameDoc {
  const char* name;
  const char* doc;
};

// One value of an enumeration.
template <class Enum>
struct Named {
  Enum value;
  const char* name;
  const char* doc;
};

// How a double is written, where it is no plain number.
enum class Measure { kPlain, kFraction, kFlops, kByteRate };

inline constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// The values that a field may have: numbers as they are, times in seconds, sizes in bytes, rates in
// bits (or bytes, or operations) a second. For a list, each item.
struct Limits {
  double min = -kUnbounded;
  double above = -kUnbounded;  // exclusive
  double max = kUnbounded;
  double below = kUnbounded;  // exclusive
  Measure measure = Measure::kPlain;
  bool timing = false;               // a timing key: changes when things happen, never the weights
  std::span<const NameDoc> names{};  // of a text: the names there are; empty: any
};

}  // namespace understudy
