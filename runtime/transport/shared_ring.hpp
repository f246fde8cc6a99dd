// A queue of descriptors in shared memory, from one process to one other, without locks. Each side
// says when it goes to sleep, so that the other rings its bell (an eventfd) only then.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/transport/shared_arena.hpp"
#include "runtime/transport/transport.hpp"

namespace understudy {

// A message in shared memory.
struct alignas(kCacheLine) Descriptor {
  std::uint64_t offset = 0;  // of its block; 0: no bytes
  std::uint64_t size = 0;
  std::uint64_t gate = 0;
  Tag tag;
  std::uint32_t dry = 0;
  std::uint32_t in_receivers = 0;  // the block lies in the receiver's memory, from which it came
};

// Lies in the sender's memory. Positions only grow; those of a slot are equal modulo kSlots.
class SharedRing {
 public:
  static constexpr std::uint64_t kSlots = 1024;

  // The sender's side. False: full.
  bool push(const Descriptor& descriptor) {
    const std::uint64_t end = end_.load(std::memory_order_relaxed);
    if (end - begin_.load(std::memory_order_acquire) >= kSlots) return false;
    slots_[end % kSlots] = descriptor;
    end_.store(end + 1, std::memory_order_release);
    return true;
  }
  bool is_full() const {
    return end_.load(std::memory_order_relaxed) - begin_.load(std::memory_order_acquire) >= kSlots;
  }
  bool is_empty() const {
    return end_.load(std::memory_order_acquire) == begin_.load(std::memory_order_acquire);
  }
  // The receiver's side. False: empty.
  bool pop(Descriptor& descriptor) {
    const std::uint64_t begin = begin_.load(std::memory_order_relaxed);
    if (end_.load(std::memory_order_acquire) == begin) return false;
    descriptor = slots_[begin % kSlots];
    begin_.store(begin + 1, std::memory_order_release);
    return true;
  }

  // Whether one side sleeps until the other has done something: asked after doing it. The fences
  // see to it that either the sleeper sees what was done or the other that it sleeps.
  class Bell {
   public:
    void set() {
      asleep_.store(1, std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    void reset() { asleep_.store(0, std::memory_order_relaxed); }
    bool must_ring() {
      std::atomic_thread_fence(std::memory_order_seq_cst);
      return asleep_.load(std::memory_order_relaxed) != 0 &&
             asleep_.exchange(0, std::memory_order_relaxed) != 0;
    }

   private:
    std::atomic<std::uint32_t> asleep_{0};
  };
  Bell receivers;  // rung when something was pushed
  Bell senders;    // rung when something was popped

 private:
  alignas(kCacheLine) std::atomic<std::uint64_t> end_{0};    // the sender writes it
  alignas(kCacheLine) std::atomic<std::uint64_t> begin_{0};  // the receiver writes it
  Descriptor slots_[kSlots];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace understudy
