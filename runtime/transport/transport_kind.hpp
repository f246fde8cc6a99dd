// What carries messages between processes.
#pragma once

namespace understudy {

enum class TransportKind { kTcp, kIpc, kSharedMemory };
const char* name(TransportKind kind);

}  // namespace understudy
