#include "runtime/training/bucket.hpp"

#include <optional>

namespace understudy {

std::vector<Bucket> make_buckets(const Layout& layout, Bytes limit, std::size_t bytes_per_element) {
  std::vector<Bucket> buckets;
  const auto fits = [&](const Slice& slice) {
    const std::size_t bytes = (buckets.back().count + slice.size) * bytes_per_element;
    return static_cast<std::int64_t>(bytes) <= limit.count;
  };
  for (std::size_t i = layout.slices.size(); i-- > 0;) {
    const Slice& slice = layout.slices[i];
    if (buckets.empty() || !fits(slice)) buckets.push_back({slice.offset + slice.size, 0, i, i});
    Bucket& bucket = buckets.back();
    bucket.offset -= slice.size;
    bucket.count += slice.size;
    bucket.first_slice = i;
  }
  return buckets;
}

Cost mark_buckets(Cost cost, const std::vector<Bucket>& buckets) {
  std::optional<int> completed;
  BucketCountdown countdown(buckets, [&](std::size_t b) { completed = static_cast<int>(b); });
  for (KernelCost& kernel : cost) {
    if (!kernel.mark) continue;
    completed.reset();
    countdown(static_cast<std::size_t>(*kernel.mark));
    kernel.mark = completed;
  }
  return cost;
}

BucketCountdown::BucketCountdown(std::span<const Bucket> buckets,
                                 std::function<void(std::size_t)> ready)
    : buckets_(buckets), ready_(std::move(ready)) {
  for (const Bucket& b : buckets_) missing_.push_back(b.last_slice - b.first_slice + 1);
}

void BucketCountdown::operator()(std::size_t slice) {
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    const bool inside = slice >= buckets_[b].first_slice && slice <= buckets_[b].last_slice;
    if (inside && --missing_[b] == 0) ready_(b);
  }
}

}  // namespace understudy
