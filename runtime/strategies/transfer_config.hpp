// Knowledge transfer over a network as a scenario states it: what models on different nodes send each
// other.
#pragma once

#include "runtime/strategies/allreduce_config.hpp"
#include "runtime/training/codec_config.hpp"

namespace understudy {

// logits: each model's outputs on the batch go to those that learn from it; outputs that stay the same
// travel once for each sample. checkpoints: its parameters do, and who learns from it computes the
// outputs. gradients: every node has all models, whose gradients on shares of the batch are averaged.
enum class TransferExchange { kLogits, kCheckpoints, kGradients };

// What a value is sent as.
enum class Precision { kFloat32, kFloat16, kInt8, kInt4 };

struct TransferConfig {
  TransferExchange exchange = TransferExchange::kLogits;
  // Updates from one exchange to the next. Under logits only every so many-th batch has transfer losses;
  // under checkpoints models learn from what the others were at the last exchange.
  int every = 1;
  Precision precision = Precision::kFloat32;  // of logits and checkpoints
  AllreduceConfig gradients{};
};

CodecConfig codec_of(Precision precision);

}  // namespace understudy
