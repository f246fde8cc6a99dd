#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "runtime/collectives/c10d/c10d_collectives.hpp"
#include "runtime/collectives/c10d/library_call.hpp"
#include "runtime/collectives/c10d/told_store.hpp"

namespace understudy {
namespace {

class Gloo final : public CollectiveLibrary {
 public:
  explicit Gloo(const LibraryPlace& place)
      : place_(place), store_(c10::make_intrusive<ToldStore>(place.tell)) {}

  void hear(const std::string& what) override { store_->hear(what); }

  void connect() override {
    in_library("gloo", [&] {
      auto options = c10d::ProcessGroupGloo::Options::create(in_milliseconds(place_.timeout));
      options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(place_.address));
      options->threads = 2;
      group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(
          store_, static_cast<int>(place_.index), static_cast<int>(place_.members), options);
    });
  }

  void start(LibraryOperation operation, Values values, Done done) override {
    if (values.count() == 0) return done(nullptr);
    in_library("gloo", [&] {
      std::vector<at::Tensor> tensors{tensor_of(values)};
      start_on(*group_, operation, tensors)
          ->getFuture()
          ->addCallback([done = std::move(done)](c10::ivalue::Future& ended) {
            std::exception_ptr failure;
            try {
              in_library("gloo", [&] {
                if (ended.hasError()) std::rethrow_exception(ended.exception_ptr());
              });
            } catch (...) {
              failure = std::current_exception();
            }
            done(failure);
          });
    });
  }

 private:
  LibraryPlace place_;
  c10::intrusive_ptr<ToldStore> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

std::unique_ptr<CollectiveLibrary> make_gloo(const LibraryPlace& place) {
  return std::make_unique<Gloo>(place);
}

}  // namespace understudy
