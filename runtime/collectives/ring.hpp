// Which elements of a vector make up which chunk of a ring.
#pragma once

#include "runtime/collectives/communicator.hpp"

namespace understudy {

// Element e of the whole vector belongs to chunk (e / block) mod members, so an element's chunk,
// and with it the order in which a ring adds it, does not depend on how the vector is cut into
// buckets.
class RingChunks {
 public:
  RingChunks(const Stretch& stretch, std::size_t members);

  std::size_t count(std::size_t chunk) const;            // elements of the stretch in this chunk
  std::size_t largest() const;                           // of all chunks, an upper bound
  Payload pack(std::size_t chunk) const;                 // a copy of the chunk
  void add_into(Payload& sum, std::size_t chunk) const;  // sum += the chunk
  void unpack(const Payload& from, std::size_t chunk) const;

  // The block size: at most 256 elements, the largest that divides the vector evenly over the
  // members if that is at least 16, else 16. Chunks of one whole vector then differ by at most 16
  // elements.
  static std::size_t block_size(std::size_t total, std::size_t members);

 private:
  template <class Visit>
  void for_each_block(std::size_t chunk, const Visit& visit) const;
  std::size_t count_below(std::size_t element, std::size_t chunk) const;
  Stretch stretch_;
  std::size_t members_;
  std::size_t block_;
};

}  // namespace understudy
