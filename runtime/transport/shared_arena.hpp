// Memory that a node shares with its peers: it alone allocates, blocks go to a peer by their offset,
// and whoever drops a block last, in whatever process, frees it. A memfd: it has no name, and goes
// with the last process that has it mapped.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/transport/payload.hpp"

namespace understudy {

inline constexpr std::size_t kCacheLine = 64;

// The whole of some node's memory, mapped here.
class SharedMapping {
 public:
  // Throws TransportError: `size` bytes of the file can't be mapped.
  SharedMapping(int file, std::size_t size);
  ~SharedMapping();
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;

  std::byte* at(std::uint64_t offset) const { return base_ + offset; }
  std::size_t size() const { return size_; }
  // Where in it the bytes lie; nullopt: elsewhere.
  std::optional<std::uint64_t> offset_of(const std::byte* bytes) const;
  // Whether a block with so many bytes can lie there: offsets come from other processes.
  bool holds_block(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
};

// What precedes each block.
struct alignas(kCacheLine) BlockHeader {
  std::atomic<std::uint32_t> holders;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

// A share in a block that someone else has counted for us.
std::shared_ptr<std::byte[]> adopt_block(const std::shared_ptr<SharedMapping>& mapping,
                                         std::uint64_t offset);

// Counts in another holder of a block, who will adopt it.
void share_block(const SharedMapping& mapping, std::uint64_t offset);

// The node's own. Used on one thread; blocks are dropped on any.
class SharedArena final : public PayloadSource {
 public:
  // At most `most_bytes`, taken from the system as they are needed. Throws TransportError where
  // there can be no shared memory.
  explicit SharedArena(std::size_t most_bytes);
  ~SharedArena();
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;

  std::shared_ptr<std::byte[]> allocate(std::size_t bytes) override;
  // A block for a peer, who will adopt it; nullopt: no memory is left.
  std::optional<std::uint64_t> lend(std::size_t bytes);

  int file() const { return file_; }
  const std::shared_ptr<SharedMapping>& mapping() const { return mapping_; }
  std::size_t taken() const { return used_; }  // from the system, in bytes

 private:
  struct Class {
    std::size_t size = 0;             // bytes of a block, its header included
    std::vector<std::uint64_t> warm;  // the few blocks that are asked for first
    std::deque<std::uint64_t> given;  // the others, the longest given first
  };
  static std::size_t class_of(std::size_t bytes);
  static std::size_t class_size(std::size_t index);
  std::optional<std::uint64_t> find_block(std::size_t bytes);
  bool reserve(std::size_t until);
  BlockHeader& header(std::uint64_t offset) const;

  int file_ = -1;
  std::shared_ptr<SharedMapping> mapping_;
  std::vector<Class> classes_;
  std::size_t used_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace understudy
