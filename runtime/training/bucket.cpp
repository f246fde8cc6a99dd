#include "runtime/training/bucket.hpp"

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
  std::vector<std::size_t> missing;
  for (const Bucket& b : buckets) missing.push_back(b.last_slice - b.first_slice + 1);
  for (KernelCost& kernel : cost) {
    if (!kernel.mark) continue;
    const auto slice = static_cast<std::size_t>(*std::exchange(kernel.mark, std::nullopt));
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      const bool inside = slice >= buckets[b].first_slice && slice <= buckets[b].last_slice;
      if (inside && --missing[b] == 0) kernel.mark = static_cast<int>(b);
    }
  }
  return cost;
}

}  // namespace understudy
