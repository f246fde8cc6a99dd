// The images that a workload trains on, as a scenario states them.
#pragma once

#include <string>

#include "runtime/data/augmentation.hpp"

namespace understudy {

struct ImageInput {
  std::string dataset = "fashion_mnist";  // mnist falls back, saying so, to fashion_mnist
  int train_limit = 0;                    // the first so many samples; 0: all
  int test_limit = 0;
  int image_size = 0;  // rows and columns that images are padded to with zeros; 0: as they are
  AugmentationConfig augmentation{};
};

}  // namespace understudy
