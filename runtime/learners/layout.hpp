// How a model's parameters and buffers lie in one flat vector.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace understudy {

// One named stretch of the flat vector. Offsets and sizes in elements; slices lie in forward order,
// without gaps.
struct Slice {
  std::string name;  // "conv1.weight", as in the matching torch module's state_dict
  std::vector<std::int64_t> shape;
  std::size_t offset = 0;
  std::size_t size = 0;
  bool trainable = true;  // false: a buffer (running mean)
  bool whole = false;     // holds whole numbers, which in a file are int64 (batches counted)
};

struct Layout {
  std::vector<Slice> slices;
  std::size_t size = 0;  // elements of the whole vector
};

// Buffers' new values, from where BasicLearner::gradient leaves them into the parameters: after an
// update, which passes over buffers.
template <class Scalar>
void take_buffers(const Layout& layout, std::span<const Scalar> gradient,
                  std::span<Scalar> parameters) {
  for (const Slice& slice : layout.slices) {
    if (slice.trainable) continue;
    const auto from = gradient.subspan(slice.offset, slice.size);
    std::copy(from.begin(), from.end(),
              parameters.begin() + static_cast<std::ptrdiff_t>(slice.offset));
  }
}

}  // namespace understudy
