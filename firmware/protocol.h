// What goes over the line between host and board: frames, commands, layouts; docs/protocol.md is the
// text to it. Everything is little endian, as both sides are. C++11 without a library.
#pragma once

#include <stdint.h>

namespace understudy {
namespace protocol {

// A board and a host of different versions refuse to work together. What never changes, so that
// they can say so: frames, and the first byte of Hello and HelloReply.
static const uint8_t kVersion = 1;
static const uint16_t kFirmwareVersion = 0x0100;  // 1.0

static const uint8_t kBroadcast = 0xff;  // the address of every board, and in no board's EEPROM
static const uint8_t kNoId = 0;          // a board's address until one is set

// On the wire a frame is the COBS of (type, board, sequence, payload, CRC), then 0x00.
static const uint8_t kHeaderBytes = 3;
static const uint8_t kMostPayload = 52;
static const uint8_t kMostBody = kHeaderBytes + kMostPayload + 2;
static const uint8_t kMostWire = kMostBody + 2;
// Bytes that may be on their way to the board, unacknowledged: Arduino's receive buffer holds 63.
static const uint8_t kWindow = 60;
static_assert(kMostWire < kWindow, "a frame and a 0x00 before it must fit the window");

enum Type : uint8_t {
  // Host to board.
  kHello = 0x01,
  kConfigure = 0x02,
  kSetWeights = 0x03,
  kLoadShard = 0x04,
  kData = 0x05,
  kTrain = 0x06,
  kGetWeights = 0x07,
  kGetStats = 0x08,
  kReset = 0x09,
  kSetId = 0x0a,
  // Board to host; the sequence is that of the frame which is answered.
  kAcknowledge = 0x81,  // this frame and all before it have come
  kRefused = 0x82,
  kHelloReply = 0x83,
  kWeights = 0x84,
  kStats = 0x85
};

// How a feature is stored; what is computed with is the integer times the scale.
enum Element : uint8_t { kFloat32 = 0, kInt16 = 1, kInt8 = 2 };
enum Mode : uint8_t { kStreamed = 0, kCached = 1 };
enum Update : uint8_t { kPerBatch = 0, kAfterEpochs = 1 };

// Why a command was refused, and what Refused::detail then is.
enum Refusal : uint8_t {
  kNoSession = 1,        // no hello since the board was reset: its MCUSR
  kUnknownCommand = 2,   // the type
  kMalformed = 3,        // the size of the payload
  kBadOption = 4,        // a value out of range: its place among the layout's fields, from 0
  kTooManyFeatures = 5,  // the most that it takes
  kShardDoesNotFit = 6,  // how many samples would
  kNoShard = 7,          // how many samples are loaded
  kWrongState = 8,       // the State
  kNotConfigured = 9     // 0
};
enum State : uint8_t { kIdle = 0, kLoading = 1, kTrainingStreamed = 2, kTrainingCached = 3 };

#define UNDERSTUDY_LAYOUT(name, size, ...) \
  struct __attribute__((packed)) name {    \
    __VA_ARGS__                            \
  };                                       \
  static_assert(sizeof(name) == size, #name " has " #size " bytes on the wire")

UNDERSTUDY_LAYOUT(Hello, 1, uint8_t version;);
UNDERSTUDY_LAYOUT(HelloReply, 14, uint8_t version; uint16_t firmware; uint8_t id;
                  uint8_t most_features; uint16_t shard_bytes; uint8_t reset_cause; uint8_t resets;
                  uint8_t state; uint32_t baud;);
UNDERSTUDY_LAYOUT(Configure, 6, uint8_t features; uint8_t element; float scale;);
UNDERSTUDY_LAYOUT(LoadShard, 2, uint16_t samples;);
UNDERSTUDY_LAYOUT(Train, 16, uint8_t mode; uint8_t update; uint16_t epochs; uint16_t samples;
                  uint16_t batch; float rate; float l2;);
UNDERSTUDY_LAYOUT(SetId, 5, uint8_t id; uint32_t baud;);  // baud 0: as it is
UNDERSTUDY_LAYOUT(Refused, 6, uint8_t command; uint8_t refusal; uint32_t detail;);
// Before the floats of SetWeights and Weights: where they belong among all weights.
UNDERSTUDY_LAYOUT(Chunk, 2, uint8_t first; uint8_t total;);
UNDERSTUDY_LAYOUT(Stats, 22, uint32_t busy_us; uint32_t samples; uint16_t trainings;
                  uint16_t frames; uint16_t bad_frames; uint16_t shard_samples; uint16_t stack_free;
                  uint8_t canary; uint8_t resets; uint8_t reset_cause; uint8_t state;);

static const uint8_t kFloatsOfChunk = (kMostPayload - sizeof(Chunk)) / 4;

inline uint8_t bytes_of(uint8_t element) {
  return element == kFloat32 ? 4 : element == kInt16 ? 2 : 1;
}
// A sample: the features, then a byte that is the label, 0 or 1.
inline uint8_t bytes_of_sample(uint8_t features, uint8_t element) {
  return static_cast<uint8_t>(features * bytes_of(element) + 1);
}

static const uint8_t kMostSample = 16 * 4 + 1;  // kernel::kMostFeatures of them

static const uint32_t kDefaultBaud = 115200;
inline bool is_baud(uint32_t baud) {
  return baud == 9600 || baud == 19200 || baud == 38400 || baud == 57600 || baud == 115200 ||
         baud == 250000 || baud == 500000 || baud == 1000000;
}

}  // namespace protocol
}  // namespace understudy
