// How late messages were, as a histogram of few bytes: the quantiles of millions of them.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "runtime/base/units.hpp"

namespace understudy {

class LatenessHistogram {
 public:
  void add(Duration lateness);  // less than none counts as none
  LatenessHistogram& operator+=(const LatenessHistogram& other);

  std::int64_t count() const { return count_; }
  Duration total() const { return total_; }
  Duration largest() const { return largest_; }
  // The lateness that the share q (0..1) of the messages did not exceed, to 9 %; none without any.
  Duration quantile(double q) const;

 private:
  friend nlohmann::ordered_json to_json(const LatenessHistogram&);
  friend LatenessHistogram parse_lateness(const nlohmann::ordered_json&);
  // Eight for each doubling: bucket b holds up to 2^(b/8) ps.
  static constexpr std::size_t kPerDoubling = 8, kBuckets = 63 * kPerDoubling + 1;
  std::array<std::int64_t, kBuckets> buckets_{};
  std::int64_t count_ = 0;
  Duration total_{0}, largest_{0};
};

nlohmann::ordered_json to_json(const LatenessHistogram& histogram);
LatenessHistogram parse_lateness(const nlohmann::ordered_json& json);

}  // namespace understudy
