// Process-wide settings of LibTorch and the libraries under it.
#pragma once

#include <string>

namespace understudy {

// Call first in main. One thread per operation, in ATen and in OpenBLAS: parallelism comes from
// running nodes side by side, and bits must not depend on how many there are. And malloc keeps
// freed activations, which would otherwise be unmapped and faulted in anew at every step.
void set_up_torch();

// What the bits depend on beside the arguments, for run.json.
struct TorchVersion {
  std::string version;          // "1.13.0"
  std::string instruction_set;  // "AVX2"; "unknown" where LibTorch does not say
};
TorchVersion torch_version();

}  // namespace understudy
