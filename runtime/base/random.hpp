// Counter-based random streams: a draw depends only on its key and its place in the stream, never
// on what other streams drew or in which order tasks ran. Philox4x32-10, from Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

namespace understudy {

// What a stream is for. Values are part of the results' reproducibility: append, never renumber.
enum class Purpose : std::uint8_t {
  kInit = 1,
  kDropout = 2,
  kShuffle = 3,
  kPartition = 4,
  kTopology = 5,
  kNetwork = 6,
  kData = 7,
  kSelection = 8,
  kTest = 9,
  kFaults = 10,
  kBackground = 11,
  kLineFaults = 12,
  kMixing = 13,        // of models
  kAvailability = 14,  // of nodes
  kLabelNoise = 15,
  kCodec = 16,  // rounding of what travels
  kAugmentation = 17,
  kBootstrap = 18  // resamples of results
};

struct StreamKey {
  std::uint64_t seed = 0;
  std::uint32_t node = 0;
  Purpose purpose = Purpose::kInit;
  std::uint32_t round = 0;
  std::uint32_t step = 0;
};

// One stream. Meets UniformRandomBitGenerator (32 bits), but the standard library's distributions
// differ between implementations: use the members. Copying copies the position.
class RandomStream {
 public:
  using result_type = std::uint32_t;
  explicit RandomStream(const StreamKey& key);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xffffffffu; }
  result_type operator()();

  double uniform();                          // [0, 1), 53 bits
  double uniform(double low, double high);   // [low, high)
  double normal();                           // mean 0, variance 1 (Box and Muller)
  std::uint64_t below(std::uint64_t bound);  // 0..bound-1, unbiased; bound > 0

 private:
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace understudy
