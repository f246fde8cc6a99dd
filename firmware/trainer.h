// A training, sample by sample: weights, batches and epochs around the arithmetic of kernel.h.
#pragma once

#include "firmware/kernel.h"
#include "firmware/protocol.h"

namespace understudy {

// Which values the bytes of a sample stand for.
struct SampleFormat {
  uint8_t features;
  uint8_t element;  // protocol::Element
  float scale;

  uint8_t bytes() const { return protocol::bytes_of_sample(features, element); }

  // `bytes` into `x`, which has features elements; returns the label.
  uint8_t decode(const uint8_t* bytes, float* x) const {
    for (uint8_t i = 0; i < features; ++i, bytes += protocol::bytes_of(element)) {
      if (element == protocol::kFloat32) {
        memcpy(&x[i], bytes, sizeof x[i]);
      } else if (element == protocol::kInt16) {
        int16_t value;
        memcpy(&value, bytes, sizeof value);
        x[i] = static_cast<float>(value) * scale;
      } else {
        x[i] = static_cast<float>(static_cast<int8_t>(*bytes)) * scale;
      }
    }
    return *bytes;
  }
};

class Trainer {
 public:
  float* weights() { return weights_; }
  const float* weights() const { return weights_; }

  // Weights of zero.
  void clear() { memset(weights_, 0, sizeof weights_); }

  // Options other than 0 for epochs, samples, batch; from the weights as they are.
  void begin(const protocol::Train& options) {
    options_ = options;
    memset(gradient_, 0, sizeof gradient_);
    memset(total_, 0, sizeof total_);
    epoch_ = sample_ = in_batch_ = 0;
    running_ = true;
  }
  void stop() { running_ = false; }
  bool running() const { return running_; }
  // Which of an epoch's samples comes next.
  uint16_t sample() const { return sample_; }

  void add(const float* x, uint8_t features, uint8_t label) {
    kernel::accumulate(weights_, x, features, label, gradient_);
    ++in_batch_;
    const bool epoch_ends = ++sample_ == options_.samples;
    if (epoch_ends || in_batch_ == options_.batch) end_batch(features);
    if (!epoch_ends) return;
    sample_ = 0;
    if (++epoch_ != options_.epochs) return;
    if (options_.update == protocol::kAfterEpochs) {
      kernel::step(weights_, total_, features, options_.rate);
    }
    running_ = false;
  }

 private:
  void end_batch(uint8_t features) {
    kernel::finish_batch(weights_, gradient_, features, in_batch_, options_.l2, total_);
    in_batch_ = 0;
    if (options_.update == protocol::kPerBatch) {
      kernel::step(weights_, total_, features, options_.rate);
    }
  }

  static const uint8_t kMostWeights = kernel::kMostFeatures + 1;
  float weights_[kMostWeights] = {};
  float gradient_[kMostWeights];
  float total_[kMostWeights];
  protocol::Train options_;
  uint16_t epoch_ = 0;
  uint16_t sample_ = 0;
  uint16_t in_batch_ = 0;
  bool running_ = false;
};

}  // namespace understudy
