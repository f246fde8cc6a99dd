// Copies for another processor core to read. A plain store to a line that another core has read
// waits until that core has let go of it, and brings in what it is about to overwrite; a streaming
// store does neither.
#pragma once

#include <cstddef>

namespace understudy {

// As memcpy. Others may see the bytes only after finish_streaming().
void streaming_copy(std::byte* to, const std::byte* from, std::size_t count);
void finish_streaming();

}  // namespace understudy
