// What models in a knowledge transfer send each other: vectors of floats at some precision.
#pragma once

#include <memory>
#include <vector>

#include "runtime/strategies/transfer.hpp"
#include "runtime/training/codec.hpp"

namespace understudy {

class TransferMessages {
 public:
  TransferMessages(Node& node, const TransferJob& job);

  // To each of these nodes. `count` values of the model's; what they are is not looked at in a dry run.
  void send(std::size_t model, std::int64_t update, std::span<const float> values,
            std::size_t count, std::span<const std::size_t> nodes);
  // From the model's own node; out's size tells how many. Time spent waiting is exposed communication.
  Task<> receive(std::size_t model, std::int64_t update, std::size_t owner, std::vector<float>& out,
                 std::size_t count);

 private:
  Tag tag(std::size_t model, std::int64_t update) const;

  Node& node_;
  const TransferJob& job_;
  std::unique_ptr<Codec<float>> codec_;
};

}  // namespace understudy
