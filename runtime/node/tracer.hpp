// What a traced run is told beyond what its transport and its devices see: what messages are about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/ids.hpp"

namespace understudy {

struct Activity {
  std::string collective{};  // "ring"; empty: plain messages
  std::string layers{};      // whose values travel: "conv2.weight..fc1.bias"
  std::optional<std::int64_t> step{}, round{}, epoch{};
};

class Tracer {
 public:
  virtual ~Tracer() = default;
  // From now on what the rank sends on the stream (of tags) is about this.
  virtual void stream_is_about(Rank rank, std::uint32_t stream, Activity activity) = 0;
};

}  // namespace understudy
