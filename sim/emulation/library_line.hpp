// A library's collectives as tasks of a worker's event loop: the library's threads wait, the loop does
// not, so signs of life go on.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "runtime/base/event.hpp"
#include "runtime/collectives/collective_library.hpp"
#include "runtime/node/library_collectives.hpp"
#include "runtime/transport/process_transport.hpp"
#include "sim/time/inbox.hpp"

namespace understudy {

struct LibraryLineOptions {
  LibraryPlace place;
  std::vector<Rank> others;  // the members but this one
  // After a failure, the coordinator has so long to say who is to blame.
  Duration explained{std::chrono::seconds{5}};
  // Called on the loop, each second in which a call that was cancelled still has not ended: a member
  // that is lost may leave it hanging, and its memory can't be given back. May not return.
  std::function<void()> hangs = [] {};
};

class LibraryLine final : public LibraryCollectives {
 public:
  // All must outlive the line.
  LibraryLine(Executor& wall, Inbox& inbox, ProcessTransport& data, MakeCollectiveLibrary make,
              LibraryLineOptions options);
  ~LibraryLine() override;

  // Makes the library, and ends once all members have found each other. Throws what `make` throws, and
  // TransportError.
  Task<> connect();
  Task<> call(LibraryCall call) override;
  std::uint64_t next_number() override { return next_number_++; }

 private:
  class Door;
  class Call;
  class Patience;
  Task<> listen();
  void tell(const std::string& what);
  Task<> start(const LibraryCall& call);

  Executor& wall_;
  ProcessTransport& data_;
  MakeCollectiveLibrary make_;
  LibraryLineOptions options_;
  std::shared_ptr<Door> door_;
  std::unique_ptr<Patience> patience_;  // with what was cancelled; null: nothing was
  std::shared_ptr<CollectiveLibrary> library_;
  std::uint64_t next_number_ = 0;
  std::uint64_t started_ = 0;  // of the numbered calls
  Event one_started_;
};

}  // namespace understudy
