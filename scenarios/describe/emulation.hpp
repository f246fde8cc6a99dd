// Description of how an emulated run is made.
#pragma once

#include <array>

#include "scenarios/describe/field.hpp"
#include "sim/emulation/emulation_config.hpp"

namespace understudy {

inline constexpr std::array<Named<TransportKind>, 4> kTransportNames = {{
    {TransportKind::kTcp, "tcp", "ZeroMQ over TCP on loopback, with a secret of the run."},
    {TransportKind::kIpc, "ipc",
     "ZeroMQ over Unix sockets in a folder that nobody else can enter."},
    {TransportKind::kSharedMemory, "shared_memory",
     "Payloads lie in memory that the processes share; only descriptors travel."},
    {TransportKind::kByMachine, "by_machine",
     "Shared memory between nodes of one machine, tcp between machines."},
}};
constexpr std::span<const Named<TransportKind>> names(TransportKind) { return kTransportNames; }

inline constexpr std::array<Named<OnLoss>, 3> kOnLossNames = {{
    {OnLoss::kStop, "stop", "The run ends with exit code 3 and names who is lost."},
    {OnLoss::kContinue, "continue",
     "The others go on without it, under federated and gossip; a federation's server and the first "
     "of gossiping nodes can't be spared."},
    {OnLoss::kWait, "wait",
     "A node that is silent is waited for; one that ends still ends the run."},
}};
constexpr std::span<const Named<OnLoss>> names(OnLoss) { return kOnLossNames; }

inline constexpr std::array<Named<LinkShaper>, 2> kLinkShaperNames = {{
    {LinkShaper::kModel, "model", "The scenario's network decides when each message arrives."},
    {LinkShaper::kKernel, "kernel",
     "Every vertex is a network namespace, and every link a pair of virtual cables with queues "
     "that "
     "have its bandwidth and latency; messages go by tcp."},
}};
constexpr std::span<const Named<LinkShaper>> names(LinkShaper) { return kLinkShaperNames; }

template <class Archive>
void describe(Archive& a, EmulationConfig& c) {
  a.field("transport", c.transport,
          "What carries messages between the nodes' processes. In the mode `real` a machine is a "
          "host: on several, by_machine takes the place of ipc and shared_memory.",
          {.timing = true});
  a.field("links", c.links, "What gives links their bandwidth and latency.", {.timing = true});
  a.field(
      "dilation", c.dilation,
      "How many seconds one second of the scenario takes: links, latencies and devices are slowed "
      "together, and times are reported as the scenario's.",
      {.min = 1e-3, .max = 1e6, .timing = true});
  a.field("timeout", c.timeout,
          "How long a node may give no sign of life, on the wall's clock whatever the dilation.",
          {.min = 0.5, .timing = true});
  a.field("on_loss", c.on_loss, "What happens then.", {.timing = true});
}

}  // namespace understudy
