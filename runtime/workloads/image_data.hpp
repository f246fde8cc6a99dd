// The images of a classifier: training and test part, as its workload states them.
#pragma once

#include "runtime/workloads/workload.hpp"

namespace understudy {

struct ImageData {
  LoadedImages train, test;
};

// Reads both, checks that the model takes them, and makes training labels wrong where that is asked
// for. Throws DataError, or ScenarioError where the workers are more than the samples.
ImageData load_image_data(const ImageClassifierConfig& config, const WorkloadParts& parts);

// Of the data set that a run on this machine would take, where no images are at hand; of a workload
// that has images.
ImageShape expected_shape(const WorkloadConfig& workload);

}  // namespace understudy
