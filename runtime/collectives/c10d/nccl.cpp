// Built where LibTorch has CUDA and NCCL.
#include <ATen/ATen.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>
#include <optional>
#include <string>

#include "runtime/collectives/c10d/c10d_collectives.hpp"
#include "runtime/collectives/c10d/library_call.hpp"
#include "runtime/collectives/c10d/told_store.hpp"
#include "runtime/collectives/c10d/worker_thread.hpp"
#include "runtime/launch/addresses.hpp"

namespace understudy {
namespace {

// NCCL listens where its environment says; what a user has set there stays.
void prepare_sockets(const LibraryPlace& place) {
  setenv("NCCL_SOCKET_IFNAME", ("=" + interface_of(place.address)).c_str(), 0);
  if (!place.apart) return;
  // Every way but the network is one past the links; ranks of one host take those by themselves.
  setenv("NCCL_HOSTID", std::to_string(place.index).c_str(), 1);
  for (const char* way : {"NCCL_P2P_DISABLE", "NCCL_SHM_DISABLE", "NCCL_IB_DISABLE"})
    setenv(way, "1", 1);
}

class Nccl final : public CollectiveLibrary {
 public:
  explicit Nccl(const LibraryPlace& place)
      : place_(place),
        device_(at::kCUDA, static_cast<c10::DeviceIndex>(place.gpu)),
        store_(c10::make_intrusive<ToldStore>(place.tell)) {
    const int gpus = c10::cuda::device_count();
    if (place.gpu < gpus) return;
    throw ScenarioError(fmt::format(
        "strategy: nccl needs a GPU for each rank of a host, but there is no GPU {} among {} "
        "here; gloo or a collective of ours needs none",
        place.gpu, gpus));
  }

  // Nothing is under way any more, and it needs no other member, which may be gone.
  ~Nccl() override {
    try {
      if (group_) group_->abort();
    } catch (const std::exception&) {
      // What failed before is what counts.
    }
  }

  void hear(const std::string& what) override { store_->hear(what); }

  // The communicator is made by the first all-reduce: an empty one, of all members.
  void connect() override {
    prepare_sockets(place_);
    in_library("nccl", [&] {
      stream_ = c10::cuda::getStreamFromPool(true, device_.index());
      const c10::cuda::CUDAStreamGuard guard(*stream_);
      auto options = c10d::ProcessGroupNCCL::Options::create();
      options->timeout = in_milliseconds(place_.timeout);
      group_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(
          store_, static_cast<int>(place_.index), static_cast<int>(place_.members), options);
      float zero = 0;
      work(LibraryOperation::kAllreduce, Values(std::span(&zero, 1)));
    });
  }

  void start(LibraryOperation operation, Values values, Done done) override {
    if (values.count() == 0) return done(nullptr);
    thread_.post([this, operation, values, done = std::move(done)] {
      std::exception_ptr failure;
      try {
        in_library("nccl", [&] { work(operation, values); });
      } catch (...) {
        failure = std::current_exception();
      }
      done(failure);
    });
  }

 private:
  // Vectors are in the host's memory: there and back by way of a buffer that the GPU can read by
  // itself, both as long as the largest bucket. On a stream of its own: on the device's usual one it
  // would wait for all of backward, which is queued there long before it is computed.
  void work(LibraryOperation operation, Values values) {
    const c10::cuda::CUDAStreamGuard guard(*stream_);
    const at::Tensor host = tensor_of(values);
    const auto buffer = [&](at::Tensor& kept, const at::TensorOptions& options) {
      if (!kept.defined() || kept.numel() < host.numel() ||
          kept.scalar_type() != host.scalar_type())
        kept = at::empty({host.numel()}, options.dtype(host.scalar_type()));
      return kept.narrow(0, 0, host.numel());
    };
    at::Tensor pinned = buffer(pinned_, at::TensorOptions().pinned_memory(true));
    at::Tensor there = buffer(there_, at::TensorOptions(device_));
    pinned.copy_(host);
    there.copy_(pinned, true);
    std::vector<at::Tensor> tensors{there};
    start_on(*group_, operation, tensors)->wait();
    pinned.copy_(there, false);
    host.copy_(pinned);
  }

  LibraryPlace place_;
  at::Device device_;
  c10::intrusive_ptr<ToldStore> store_;
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> group_;
  std::optional<c10::cuda::CUDAStream> stream_;
  at::Tensor pinned_, there_;
  WorkerThread thread_;
};

}  // namespace

std::unique_ptr<CollectiveLibrary> make_nccl(const LibraryPlace& place) {
  return std::make_unique<Nccl>(place);
}

}  // namespace understudy
