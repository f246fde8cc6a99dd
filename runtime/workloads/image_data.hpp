// The images of a classifier: training and test part, as its workload states them.
#pragma once

#include <span>

#include "runtime/workloads/workload.hpp"

namespace understudy {

struct ImageData {
  LoadedImages train, test;
};

// Reads both and checks that the models take them. Throws DataError, or ScenarioError where the workers
// are more than the samples.
ImageData load_image_data(const ImageInput& input, std::span<const ModelConfig> models,
                          const WorkloadParts& parts);
// Also makes training labels wrong where that is asked for, and checks that writers are known where
// samples are divided by them.
ImageData load_image_data(const ImageClassifierConfig& config, const WorkloadParts& parts);

// Indices of samples, in order.
struct WithheldSamples {
  std::vector<std::uint32_t> training, validation;
};
// Withholds a share of so many samples, drawn from the seed: data may be in order of their labels.
// Throws ScenarioError where none is left to train on.
WithheldSamples withhold(std::size_t samples, double share, std::uint64_t seed);

// Of the data set that a run on this machine would take, where no images are at hand.
ImageShape expected_shape(const ImageInput& input);

}  // namespace understudy
