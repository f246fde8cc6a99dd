// Gradients travel in buckets of whole tensors, in the order in which backward produces them (Li et
// al., "PyTorch Distributed", VLDB 2020).
#pragma once

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

}  // namespace understudy
