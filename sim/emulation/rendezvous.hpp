// Where the ranks that somebody else's launcher has started meet rank 0, before each run of an
// experiment: rank 0 sees that all are there and have the same scenario, and hands each what the
// coordinator of an emulated run hands its own workers. docs/protocol.md has the messages.
//
// Beyond loopback all hold the same keys. On loopback rank 0 makes a secret and tells it to processes
// of its own user, over a socket that has no file.
#pragma once

#include <atomic>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/errors.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/units.hpp"
#include "runtime/transport/security.hpp"

namespace understudy {

// A rank, as it introduces itself.
struct Participant {
  Rank rank;
  std::uint32_t world = 1;
  std::string host{}, host_identity{};
  int process = 0;
  std::string hash{};               // of all that the scenario's runs depend on
  std::string scenario{};           // as YAML, to name what differs
  std::string problem{};            // why it can't take part; empty: it can
  ExitCode code = ExitCode::kDone;  // of the problem

  std::string name() const;  // "rank 1 (process 4711 on node7)"
};

struct RendezvousOptions {
  std::string host;  // of rank 0
  std::uint16_t port = 0;
  std::string
      interface;     // of this host to listen on, or its address; empty: the one towards rank 0
  std::string keys;  // the file; empty: none, which is enough on loopback
  Duration wait{std::chrono::seconds{120}};  // for the others
  const std::atomic<bool>* interrupt = nullptr;
};

class RendezvousHost {
 public:
  // Throws TransportError where it can't listen, ScenarioError where keys are missing.
  RendezvousHost(const RendezvousOptions& options, Participant self);
  ~RendezvousHost();

  // Waits until all are here. Throws TransportError naming who has not come, ScenarioError naming
  // both sides where they differ, and the problem of a rank that has one.
  void gather();
  const Participant& guest(Rank rank) const;
  // The others on a rank's host, with which it can share memory.
  std::vector<Rank> near(Rank rank) const;
  bool is_nearby(Rank rank) const;  // on this host
  // By rank. They are not here any more afterwards.
  void hand_out(const std::vector<std::string>& settings);
  // Tells all that nothing more will come, and why; kDone: everything is done. Does not wait long.
  void end(ExitCode code, const std::string& sentence);

  const Security& security() const;
  const std::string& address() const;  // of this host's, at which the others reach it

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class RendezvousGuest {
 public:
  // Waits for rank 0 to be there. Throws as the host's, and TransportError where it does not come.
  RendezvousGuest(const RendezvousOptions& options, Participant self);
  ~RendezvousGuest();

  // What rank 0 hands out for the next run; nothing: there is none. Throws what rank 0 ends with, and
  // Interrupted, having told rank 0.
  std::optional<std::string> ask();
  const std::string& address() const;  // as the host's

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
