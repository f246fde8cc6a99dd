#include "runtime/transport/payload.hpp"

#include "runtime/transport/streaming_copy.hpp"

namespace understudy {
namespace {

// Payload bytes are aligned for double by the allocator, and slices by whole elements.
template <class Scalar>
void add_arrays(Scalar* __restrict to, const Scalar* __restrict from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
}

void add_typed(ScalarType type, std::byte* to, const std::byte* from, std::size_t count) {
  if (type == ScalarType::kFloat32) {
    add_arrays(reinterpret_cast<float*>(to), reinterpret_cast<const float*>(from), count);
  } else if (type == ScalarType::kFloat64) {
    add_arrays(reinterpret_cast<double*>(to), reinterpret_cast<const double*>(from), count);
  } else {
    add_arrays(reinterpret_cast<std::uint8_t*>(to), reinterpret_cast<const std::uint8_t*>(from),
               count);
  }
}

}  // namespace

PayloadSource*& payload_source() {
  static thread_local PayloadSource* source = nullptr;
  return source;
}

Values Values::slice(std::size_t first, std::size_t count) const {
  UNDERSTUDY_CHECK(first + count <= count_);
  Values v = *this;
  if (data_ != nullptr) v.data_ = at(first);
  v.count_ = count;
  return v;
}

Payload Values::pack() const {
  if (is_dry()) return Payload::dry(size_bytes());
  Payload p = Payload::of_size(size_bytes());
  pack_into(p.writable());
  finish_pack();
  return p;
}

// Where payloads have a source of their own, another process reads them.
void Values::pack_into(std::span<std::byte> to) const {
  if (is_dry()) return;
  UNDERSTUDY_CHECK(to.size() == size_bytes());
  if (payload_source() == nullptr) {
    std::memcpy(to.data(), data_, size_bytes());
  } else {
    streaming_copy(to.data(), at(0), size_bytes());
  }
}

void Values::finish_pack() {
  if (payload_source() != nullptr) finish_streaming();
}

void Values::unpack(std::span<const std::byte> from) const {
  if (is_dry()) return;
  UNDERSTUDY_CHECK(from.size() == size_bytes());
  std::memcpy(data_, from.data(), from.size());
}

void Values::add(std::span<const std::byte> from) const {
  if (is_dry()) return;
  UNDERSTUDY_CHECK(from.size() == size_bytes());
  add_typed(type_, at(0), from.data(), count_);
}

void Values::add_into(std::span<std::byte> to) const {
  if (is_dry()) return;
  UNDERSTUDY_CHECK(to.size() == size_bytes());
  add_typed(type_, to.data(), at(0), count_);
}

void Values::scale(double factor) const {
  if (is_dry() || factor == 1) return;
  if (type_ == ScalarType::kFloat32) {
    const float f = static_cast<float>(factor);
    for (auto& x : std::span(static_cast<float*>(data_), count_)) x *= f;
  } else if (type_ == ScalarType::kFloat64) {
    for (auto& x : std::span(static_cast<double*>(data_), count_)) x *= factor;
  }
}

}  // namespace understudy
