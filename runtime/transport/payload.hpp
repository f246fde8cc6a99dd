// What a message carries, and views of the vectors that messages are made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/units.hpp"

namespace understudy {

// Where a thread's payloads come from, if not from the heap: a transport that can pass its own memory
// on without copying.
class PayloadSource {
 public:
  virtual std::shared_ptr<std::byte[]> allocate(std::size_t bytes) = 0;  // null: none is left

 protected:
  ~PayloadSource() = default;
};
// This thread's; null: the heap.
PayloadSource*& payload_source();

// A block of bytes, or in a dry run only their number. Copies share the block; a shared block must
// not be written.
class Payload {
 public:
  Payload() = default;
  // Uninitialised bytes.
  static Payload of_size(std::size_t bytes) {
    Payload p = dry(bytes);
    if (PayloadSource* source = payload_source()) p.block_ = source->allocate(bytes);
    if (p.block_ == nullptr) p.block_ = std::make_shared_for_overwrite<std::byte[]>(bytes);
    return p;
  }
  static Payload of_zeros(std::size_t bytes) {
    Payload p = of_size(bytes);
    std::memset(p.block_.get(), 0, bytes);
    return p;
  }
  static Payload of_block(std::shared_ptr<std::byte[]> block, std::size_t bytes) {
    Payload p = dry(bytes);
    p.block_ = std::move(block);
    return p;
  }
  static Payload dry(std::size_t bytes) {
    Payload p;
    p.size_ = bytes;
    return p;
  }
  // With only its first bytes there; between processes not even those.
  static Payload dry(std::size_t bytes, std::span<const std::byte> head) {
    UNDERSTUDY_CHECK(head.size() <= bytes);
    Payload p = of_size(head.size());
    std::memcpy(p.block_.get(), head.data(), head.size());
    p.size_ = bytes;
    p.is_dry_ = true;
    return p;
  }

  std::size_t size() const { return size_; }
  bool is_dry() const { return is_dry_ || block_ == nullptr; }
  bool is_shared() const { return block_.use_count() > 1; }  // with copies
  std::span<const std::byte> bytes() const { return {block_.get(), is_dry() ? 0 : size_}; }
  std::span<std::byte> writable() {
    UNDERSTUDY_CHECK(!is_shared());
    return {block_.get(), is_dry() ? 0 : size_};
  }
  // The first bytes, in a dry run those it was made with; null: none.
  const std::byte* head() const { return block_.get(); }

 private:
  std::shared_ptr<std::byte[]> block_;
  std::size_t size_ = 0;
  bool is_dry_ = false;
};

enum class ScalarType : std::uint8_t { kByte, kFloat32, kFloat64 };
constexpr std::size_t size_of(ScalarType t) {
  return t == ScalarType::kByte ? 1 : t == ScalarType::kFloat32 ? 4 : 8;
}

// A view of a stretch of a node's vector, or in a dry run only its length. What collectives work
// on.
class Values {
 public:
  Values() = default;
  explicit Values(std::span<float> v)
      : data_(v.data()), count_(v.size()), type_(ScalarType::kFloat32) {}
  explicit Values(std::span<std::byte> v)
      : data_(v.data()), count_(v.size()), type_(ScalarType::kByte) {}
  explicit Values(std::span<double> v)
      : data_(v.data()), count_(v.size()), type_(ScalarType::kFloat64) {}
  static Values dry(std::size_t count, ScalarType type) {
    Values v;
    v.count_ = count;
    v.type_ = type;
    return v;
  }

  std::size_t count() const { return count_; }
  std::size_t size_bytes() const { return count_ * size_of(type_); }
  ScalarType type() const { return type_; }
  bool is_dry() const { return data_ == nullptr; }
  void* data() const { return data_; }
  Values slice(std::size_t first, std::size_t count) const;

  Payload pack() const;  // a copy
  // The same in parts, `to` being a stretch of a payload of this thread: then finish_pack().
  void pack_into(std::span<std::byte> to) const;
  static void finish_pack();
  void unpack(std::span<const std::byte> from) const;  // copies in; no-op when dry
  void add(std::span<const std::byte> from) const;     // values += from
  void add_into(std::span<std::byte> to) const;        // to += values
  void scale(double factor) const;

 private:
  std::byte* at(std::size_t i) const { return static_cast<std::byte*>(data_) + i * size_of(type_); }
  void* data_ = nullptr;
  std::size_t count_ = 0;
  ScalarType type_ = ScalarType::kFloat32;
};

}  // namespace understudy
