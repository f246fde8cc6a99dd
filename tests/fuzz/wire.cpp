// Frames one after the other, and the messages that become of them.
#include "runtime/transport/wire.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace understudy {

void fuzz(std::string_view text) {
  const Expected expected{.run_id = 1, .receiver = Rank{0}, .world = 2};
  Assembler assembler;
  auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  while (!bytes.empty()) {
    const auto read = read_frame(bytes, expected);
    if (const auto* fault = std::get_if<WireFault>(&read)) {
      UNDERSTUDY_CHECK(*sentence(*fault) != '\0');
      return;
    }
    const WireFrame& frame = std::get<WireFrame>(read);
    const FrameHeader& header = frame.header;
    UNDERSTUDY_CHECK(header.length == frame.chunk.size());
    UNDERSTUDY_CHECK(header.kind != FrameKind::kChunk ||
                     header.offset + header.length <= header.total);
    // Memory for a message is taken at its first chunk: more than this the test does not have.
    if (header.kind == FrameKind::kChunk && (header.dry || header.total < (1u << 20))) {
      const auto taken = assembler.take(frame);
      if (const auto* complete = std::get_if<Assembler::Complete>(&taken))
        UNDERSTUDY_CHECK(complete->message.payload.size() == header.total);
    }
    UNDERSTUDY_CHECK(frame.rest.size() + kHeaderBytes + header.length == bytes.size());
    bytes = frame.rest;
  }
}

}  // namespace understudy
