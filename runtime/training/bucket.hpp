// Gradients travel in buckets of whole tensors, in the order in which backward produces them (Li et
// al., "PyTorch Distributed", VLDB 2020).
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "runtime/base/units.hpp"
#include "runtime/learners/learner.hpp"

namespace understudy {

// A contiguous stretch of the flat vector, in elements, that spans slices first_slice..last_slice.
struct Bucket {
  std::size_t offset = 0;
  std::size_t count = 0;
  std::size_t first_slice = 0;
  std::size_t last_slice = 0;
};

// From the last slice to the first, a new bucket whenever the next tensor would take it past
// `limit`; a tensor larger than that is a bucket by itself.
std::vector<Bucket> make_buckets(const Layout& layout, Bytes limit, std::size_t bytes_per_element);

// The learner's cost with its marks turned from slices into buckets: mark b on the kernel that
// completes bucket b.
Cost mark_buckets(Cost cost, const std::vector<Bucket>& buckets);

// A GradientHook that calls `ready` with bucket b once backward has produced all of b's slices.
class BucketCountdown {
 public:
  // The buckets must outlive it.
  BucketCountdown(std::span<const Bucket> buckets, std::function<void(std::size_t)> ready);
  void operator()(std::size_t slice);

 private:
  std::span<const Bucket> buckets_;
  std::vector<std::size_t> missing_;  // slices, by bucket
  std::function<void(std::size_t)> ready_;
};

}  // namespace understudy
