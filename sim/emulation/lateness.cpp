#include "sim/emulation/lateness.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace understudy {

void LatenessHistogram::add(Duration lateness) {
  lateness = std::max(lateness, Duration{0});
  const double ps = static_cast<double>(std::max<std::int64_t>(lateness.count(), 1));
  const auto bucket = static_cast<std::size_t>(std::ceil(std::log2(ps) * kPerDoubling));
  ++buckets_[std::min(bucket, kBuckets - 1)];
  ++count_;
  total_ += lateness;
  largest_ = std::max(largest_, lateness);
}

LatenessHistogram& LatenessHistogram::operator+=(const LatenessHistogram& other) {
  for (std::size_t b = 0; b < kBuckets; ++b) buckets_[b] += other.buckets_[b];
  count_ += other.count_;
  total_ += other.total_;
  largest_ = std::max(largest_, other.largest_);
  return *this;
}

Duration LatenessHistogram::quantile(double q) const {
  const double wanted = q * static_cast<double>(count_);
  std::int64_t below = 0;
  for (std::size_t b = 0; b < kBuckets && count_ > 0; ++b) {
    below += buckets_[b];
    if (static_cast<double>(below) < wanted || below == 0) continue;
    if (b == 0) return Duration{0};
    const double edge = std::exp2(static_cast<double>(b) / kPerDoubling);
    return std::min(Duration{std::llround(edge)}, largest_);
  }
  return Duration{0};
}

nlohmann::ordered_json to_json(const LatenessHistogram& h) {
  nlohmann::ordered_json buckets = nlohmann::ordered_json::array();
  for (std::size_t b = 0; b < LatenessHistogram::kBuckets; ++b)
    if (h.buckets_[b] > 0) buckets.push_back({b, h.buckets_[b]});
  return {{"count", h.count_},
          {"total", h.total_.count()},
          {"largest", h.largest_.count()},
          {"buckets", buckets}};
}

LatenessHistogram parse_lateness(const nlohmann::ordered_json& json) {
  LatenessHistogram h;
  h.count_ = json.at("count").get<std::int64_t>();
  h.total_ = Duration(json.at("total").get<std::int64_t>());
  h.largest_ = Duration(json.at("largest").get<std::int64_t>());
  for (const auto& bucket : json.at("buckets"))
    h.buckets_.at(bucket.at(0).get<std::size_t>()) = bucket.at(1).get<std::int64_t>();
  return h;
}

}  // namespace understudy
