#include "runtime/transport/shared_arena.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

constexpr std::size_t kSmallestClass = 2 * kCacheLine;  // bytes
constexpr std::size_t kStepsOfOctave = 4;  // sizes 1, 1.25, 1.5, 1.75 times a power of two
constexpr std::size_t kReserveStep = std::size_t{1} << 20;
constexpr std::size_t kWarm = 8;
constexpr std::size_t kMostTries = 8;  // blocks looked at besides, before new memory is taken

}  // namespace

SharedMapping::SharedMapping(int file, std::size_t size) : size_(size) {
  void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (base == MAP_FAILED)
    throw TransportError(
        fmt::format("{} bytes of shared memory can't be mapped: {}", size, std::strerror(errno)));
  base_ = static_cast<std::byte*>(base);
}

SharedMapping::~SharedMapping() { munmap(base_, size_); }

std::optional<std::uint64_t> SharedMapping::offset_of(const std::byte* bytes) const {
  if (bytes < base_ || bytes >= base_ + size_) return std::nullopt;
  return static_cast<std::uint64_t>(bytes - base_);
}

bool SharedMapping::holds_block(std::uint64_t offset, std::uint64_t bytes) const {
  return offset % kCacheLine == 0 && offset >= sizeof(BlockHeader) && offset <= size_ &&
         bytes <= size_ - offset;
}

void share_block(const SharedMapping& mapping, std::uint64_t offset) {
  auto* header = reinterpret_cast<BlockHeader*>(mapping.at(offset - sizeof(BlockHeader)));
  header->holders.fetch_add(1, std::memory_order_relaxed);
}

std::shared_ptr<std::byte[]> adopt_block(const std::shared_ptr<SharedMapping>& mapping,
                                         std::uint64_t offset) {
  auto* header = reinterpret_cast<BlockHeader*>(mapping->at(offset - sizeof(BlockHeader)));
  // The mapping stays for as long as there are blocks.
  return {mapping->at(offset), [mapping, header](std::byte*) {
            header->holders.fetch_sub(1, std::memory_order_acq_rel);
          }};
}

SharedArena::SharedArena(std::size_t most_bytes)
    : file_(memfd_create("understudy", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  // Sealed, so that nobody can pull the memory away under those who have it mapped.
  if (file_ < 0 || ftruncate(file_, static_cast<off_t>(most_bytes)) != 0 ||
      fcntl(file_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    const int error = errno;
    if (file_ >= 0) close(file_);
    throw TransportError(
        fmt::format("there can be no shared memory here: {}", std::strerror(error)));
  }
  mapping_ = std::make_shared<SharedMapping>(file_, most_bytes);
}

SharedArena::~SharedArena() { close(file_); }

std::size_t SharedArena::class_of(std::size_t bytes) {
  if (bytes <= kSmallestClass) return 0;
  const auto octave = static_cast<std::size_t>(std::bit_width((bytes - 1) / kSmallestClass) - 1);
  const std::size_t base = kSmallestClass << octave, step = base / kStepsOfOctave;
  return octave * kStepsOfOctave + (bytes - base + step - 1) / step;
}

std::size_t SharedArena::class_size(std::size_t index) {
  const std::size_t base = kSmallestClass << (index / kStepsOfOctave);
  const std::size_t size = base + base / kStepsOfOctave * (index % kStepsOfOctave);
  return (size + kCacheLine - 1) / kCacheLine * kCacheLine;
}

BlockHeader& SharedArena::header(std::uint64_t offset) const {
  return *reinterpret_cast<BlockHeader*>(mapping_->at(offset - sizeof(BlockHeader)));
}

bool SharedArena::reserve(std::size_t until) {
  if (until <= reserved_) return true;
  if (until > mapping_->size()) return false;
  const std::size_t step = std::max(kReserveStep, reserved_ / 4);
  const std::size_t end = std::min(mapping_->size(), std::max(until, reserved_ + step));
  // Memory that was only promised would end the process at its first use.
  if (fallocate(file_, 0, static_cast<off_t>(reserved_), static_cast<off_t>(end - reserved_)) != 0)
    return false;
  reserved_ = end;
  return true;
}

// A block that nobody holds any more, or new memory. Where few are on the way at once these are
// always the same ones, which the cache still has; of the others the one that went first is the
// likeliest to be back.
std::optional<std::uint64_t> SharedArena::find_block(std::size_t bytes) {
  if (bytes > mapping_->size()) return std::nullopt;
  const std::size_t index = class_of(bytes + sizeof(BlockHeader));
  if (index >= classes_.size()) classes_.resize(index + 1);
  Class& c = classes_[index];
  for (const std::uint64_t offset : c.warm)
    if (header(offset).holders.load(std::memory_order_acquire) == 0) return offset;
  const std::size_t tries = std::min(c.given.size(), kMostTries);
  for (std::size_t i = 0; i < tries; ++i) {
    const std::uint64_t offset = c.given.front();
    c.given.pop_front();
    c.given.push_back(offset);
    if (header(offset).holders.load(std::memory_order_acquire) == 0) return offset;
  }
  c.size = class_size(index);
  if (!reserve(used_ + c.size)) return std::nullopt;
  const std::uint64_t offset = used_ + sizeof(BlockHeader);
  used_ += c.size;
  new (&header(offset)) BlockHeader{};
  if (c.warm.size() < kWarm) {
    c.warm.push_back(offset);
  } else {
    c.given.push_back(offset);
  }
  return offset;
}

std::optional<std::uint64_t> SharedArena::lend(std::size_t bytes) {
  const auto offset = find_block(bytes);
  if (offset) header(*offset).holders.store(1, std::memory_order_relaxed);
  return offset;
}

std::shared_ptr<std::byte[]> SharedArena::allocate(std::size_t bytes) {
  const auto offset = lend(bytes);
  return offset ? adopt_block(mapping_, *offset) : nullptr;
}

}  // namespace understudy
