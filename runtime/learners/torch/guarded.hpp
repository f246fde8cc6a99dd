// What every entry into LibTorch goes through.
#pragma once

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "runtime/base/errors.hpp"

namespace understudy {

// LibTorch's errors carry a stack trace; the sentence before it is what a user can read.
template <class Work>
auto guarded(const Work& work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    const std::string sentence = error.what_without_backtrace();
    if (sentence.find("allocate memory") != std::string::npos) throw std::bad_alloc();
    throw RunError("LibTorch: " + sentence.substr(0, sentence.find('\n')));
  }
}

// OpenMP keeps its number of threads per thread; set_up_torch's is for the one that called it.
inline void use_one_thread() {
  thread_local const bool ready = (at::init_num_threads(), true);
  static_cast<void>(ready);
}

}  // namespace understudy
