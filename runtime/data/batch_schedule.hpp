// Which samples make up each worker's batch at each step.
#pragma once

#include <algorithm>
#include <memory>
#include <span>

#include "runtime/data/sampler.hpp"

namespace understudy {

// One worker's batch, and how many samples the step has over all workers: gradients are weighted by
// samples.
struct StepSamples {
  std::span<const std::uint32_t> indices;
  std::size_t of_all_workers = 0;
};

// Immutable, hence thread-safe.
class BatchSchedule {
 public:
  virtual ~BatchSchedule() = default;
  virtual std::size_t steps_per_epoch() const = 0;
  // All of the worker's indices in an epoch, in order.
  virtual std::vector<std::uint32_t> epoch(std::size_t worker, std::size_t epoch) const = 0;
  // The part of epoch()'s indices that step `step` uses.
  virtual StepSamples step(std::span<const std::uint32_t> epoch_indices,
                           std::size_t step) const = 0;
};

// Every worker's share by the distributed sampler, cut into batches; the last of an epoch may be
// smaller, for all workers alike.
class SampledBatches final : public BatchSchedule {
 public:
  SampledBatches(const DistributedSampler::Options& sampler, std::size_t batch)
      : sampler_(sampler), world_(sampler.world), batch_(batch) {}

  std::size_t steps_per_epoch() const override {
    return (sampler_.samples_per_rank() + batch_ - 1) / batch_;
  }
  std::vector<std::uint32_t> epoch(std::size_t worker, std::size_t epoch) const override {
    return sampler_.indices(Rank{worker}, epoch);
  }
  StepSamples step(std::span<const std::uint32_t> epoch_indices, std::size_t step) const override {
    const std::size_t first = step * batch_;
    const auto mine = epoch_indices.subspan(first, std::min(batch_, epoch_indices.size() - first));
    return {mine, mine.size() * world_};
  }

 private:
  DistributedSampler sampler_;
  std::size_t world_;
  std::size_t batch_;
};

}  // namespace understudy
