// A library of collectives by itself, without tasks: runtime/collectives/c10d has those that there
// are, and sim/emulation/library_line.hpp makes tasks of them.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "runtime/base/units.hpp"
#include "runtime/collectives/collective_config.hpp"
#include "runtime/node/library_collectives.hpp"
#include "runtime/transport/payload.hpp"

namespace understudy {

// Where one member stands.
struct LibraryPlace {
  CollectiveKind kind = CollectiveKind::kGloo;
  std::size_t index = 0, members = 1;
  int gpu = 0;          // of this process's: which is its own; NCCL only
  std::string address;  // of this host's: where the library listens
  // Members are on one host, but in networks of their own, over which they are to exchange.
  bool apart = false;
  // How long members wait for each other, when they connect as in an all-reduce.
  Duration timeout{std::chrono::minutes{10}};
  // Tells all other members: they hear() it. Called on any thread, until the library is gone.
  std::function<void(std::string what)> tell;
};

class CollectiveLibrary {
 public:
  virtual ~CollectiveLibrary() = default;
  // What another member told. Thread-safe, also while connect() blocks.
  virtual void hear(const std::string& what) = 0;
  // Blocks until all members have found each other. Throws TransportError where that takes too long.
  virtual void connect() = 0;
  // Starts what LibraryOperation says; `done` is called on any thread, with what failed.
  using Done = std::function<void(std::exception_ptr)>;
  virtual void start(LibraryOperation operation, Values values, Done done) = 0;
};

// Empty: this program has none. Throws ScenarioError where this build or this host lacks the library.
using MakeCollectiveLibrary =
    std::function<std::unique_ptr<CollectiveLibrary>(const LibraryPlace&)>;

}  // namespace understudy
