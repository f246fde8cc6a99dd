// A model as a scenario states it: by its name, or as a file.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/file_path.hpp"

namespace understudy {

// `kind` is a name of model_names(), or this one.
inline constexpr const char* kTorchscript = "torchscript";

struct ModelConfig {
  std::string kind = "cnn";
  FilePath file{};  // of torchscript: what torch.jit.save wrote
  std::optional<double>
      flops{};         // of torchscript: of one sample's way forward; a multiply-add is two
  FilePath weights{};  // a state dictionary that it starts from; empty: as the model does
};

}  // namespace understudy
