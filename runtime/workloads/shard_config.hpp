// What a node does with its shard, as a scenario states it.
#pragma once

namespace understudy {

// How samples come to what trains on them: every one in every epoch, or once, to be kept there. On the
// host they are there anyhow.
enum class ShardPath { kStreamed, kCached };
// What a feature is kept and sent as; integers times one scale for the shard.
enum class SampleElement { kFloat32, kInt16, kInt8 };
// A step after each batch, or one after all epochs along the sum of all batches' gradients.
enum class UpdateRule { kPerBatch, kAfterEpochs };

}  // namespace understudy
