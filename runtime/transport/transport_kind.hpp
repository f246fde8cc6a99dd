// What carries messages between processes.
#pragma once

namespace understudy {

// kByMachine: shared memory between those of one machine, tcp between machines.
enum class TransportKind { kTcp, kIpc, kSharedMemory, kByMachine };
const char* name(TransportKind kind);

}  // namespace understudy
