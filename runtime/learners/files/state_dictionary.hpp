// State dictionaries: a module's parameters and buffers by name, as torch.save(module.state_dict(), ...)
// writes them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/learners/layout.hpp"

namespace understudy {

// The values of several slices, in the order of a file.
struct StateDictionary {
  Layout layout;              // all trainable, as a file does not tell
  std::vector<float> values;  // of the layout's size
};

// Reads what torch.save or torch.jit.save wrote. No code in a file is ever run. Throws DataError where
// it is something else than named tensors.
StateDictionary read_state_dictionary(const std::string& file);

// Writes what torch.load opens and load_state_dict takes: float32, but int64 where a slice is whole.
// `values` has the layout's size. Throws RunError where the file can't be written.
void write_state_dictionary(const std::string& file, const Layout& layout,
                            std::span<const float> values);

// The dictionary's values in the order of `wanted`, which belongs to the model `model`; counts of batches
// (num_batches_tracked) that it has no place for are left out. Throws DataError, which begins with
// `source` and lists what is missing, of another shape or too much.
std::vector<float> values_for(const Layout& wanted, const StateDictionary& from,
                              const std::string& source, const std::string& model);

}  // namespace understudy
