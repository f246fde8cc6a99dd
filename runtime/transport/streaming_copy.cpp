#include "runtime/transport/streaming_copy.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace understudy {

#if defined(__x86_64__)

namespace {
constexpr std::size_t kLine = 64;
}

void streaming_copy(std::byte* to, const std::byte* from, std::size_t count) {
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(to) % kLine;
  const std::size_t head = std::min(count, beyond == 0 ? 0 : kLine - beyond);
  std::memcpy(to, from, head);
  to += head, from += head, count -= head;
  // Whole lines: the processor would have to read the rest of others.
  for (; count >= kLine; count -= kLine, to += kLine, from += kLine) {
    const auto* source = reinterpret_cast<const __m128i*>(from);
    auto* target = reinterpret_cast<__m128i*>(to);
    const __m128i a = _mm_loadu_si128(source), b = _mm_loadu_si128(source + 1);
    const __m128i c = _mm_loadu_si128(source + 2), d = _mm_loadu_si128(source + 3);
    _mm_stream_si128(target, a);
    _mm_stream_si128(target + 1, b);
    _mm_stream_si128(target + 2, c);
    _mm_stream_si128(target + 3, d);
  }
  std::memcpy(to, from, count);
}

// Streaming stores are not held back by the release of an atomic.
void finish_streaming() { _mm_sfence(); }

#else

void streaming_copy(std::byte* to, const std::byte* from, std::size_t count) {
  std::memcpy(to, from, count);
}
void finish_streaming() {}

#endif

}  // namespace understudy
