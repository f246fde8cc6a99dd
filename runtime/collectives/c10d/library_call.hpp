// What every entry into a library of collectives goes through.
#pragma once

#include <ATen/ops/from_blob.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <exception>
#include <string>
#include <vector>

#include "runtime/base/errors.hpp"
#include "runtime/node/library_collectives.hpp"
#include "runtime/transport/payload.hpp"

namespace understudy {

// LibTorch's errors carry a stack trace; the sentence before it is what a user can read.
template <class Work>
auto in_library(const char* library, const Work& work) {
  const auto failure = [library](const std::string& text) {
    return TransportError(fmt::format("{}: {}", library, text.substr(0, text.find('\n'))));
  };
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& problem) {
    throw failure(problem.what_without_backtrace());
  } catch (const std::exception& problem) {
    throw failure(problem.what());
  }
}

inline std::chrono::milliseconds in_milliseconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d);
}

// A process group's call of that operation.
template <class Group>
auto start_on(Group& group, LibraryOperation operation, std::vector<at::Tensor>& tensors) {
  switch (operation) {
    case LibraryOperation::kAllreduce:
      return group.allreduce(tensors);
    case LibraryOperation::kReduce:
      return group.reduce(tensors);
    case LibraryOperation::kBroadcast:
      break;
  }
  return group.broadcast(tensors);
}

// The same memory. Bytes, whose contents nobody reads, are added up as numbers where they can be.
inline at::Tensor tensor_of(Values values) {
  UNDERSTUDY_CHECK(!values.is_dry());
  const bool as_floats =
      values.type() == ScalarType::kFloat32 ||
      (values.type() == ScalarType::kByte && values.count() % sizeof(float) == 0);
  const auto type = as_floats                               ? at::kFloat
                    : values.type() == ScalarType::kFloat64 ? at::kDouble
                                                            : at::kByte;
  const std::size_t element = as_floats ? sizeof(float) : size_of(values.type());
  return at::from_blob(values.data(), {static_cast<std::int64_t>(values.size_bytes() / element)},
                       type);
}

}  // namespace understudy
