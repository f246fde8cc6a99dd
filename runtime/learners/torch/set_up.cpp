#include "runtime/learners/torch/set_up.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

namespace understudy {
namespace {

// The largest that glibc documents for 64-bit systems: half of a heap.
constexpr int kMmapThresholdBytes = 32 << 20;
constexpr int kTrimThresholdBytes = 1 << 30;

}  // namespace

void set_up_torch() {
  mallopt(M_MMAP_THRESHOLD, kMmapThresholdBytes);
  mallopt(M_TRIM_THRESHOLD, kTrimThresholdBytes);
  at::set_num_threads(1);
  // Only there where LibTorch's BLAS is OpenBLAS.
  using SetThreads = void (*)(int);
  if (auto* set_threads =
          reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set_threads(1);
  }
}

TorchVersion torch_version() {
  // LibTorch offers its instruction set only inside this text.
  const std::string config = at::show_config();
  const std::string label = "CPU capability usage: ";
  const std::size_t found = config.find(label);
  if (found == std::string::npos) return {TORCH_VERSION, "unknown"};
  const std::size_t begin = found + label.size();
  return {TORCH_VERSION, config.substr(begin, config.find('\n', begin) - begin)};
}

}  // namespace understudy
