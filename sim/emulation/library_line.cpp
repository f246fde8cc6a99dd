#include "sim/emulation/library_line.hpp"

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "runtime/base/sleep.hpp"
#include "runtime/base/spawn.hpp"

namespace understudy {
namespace {

// No workload's: what members tell each other to find each other.
constexpr Tag kTelling{UINT32_MAX, UINT32_MAX};
// In which what is under way may end when it is cancelled or the line ends.
constexpr std::chrono::seconds kGrace{1};

}  // namespace

// The way into the event loop for a library's threads, which may outlive it.
class LibraryLine::Door {
 public:
  explicit Door(Inbox& inbox) : inbox_(&inbox) {}

  void post(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    if (inbox_ != nullptr) inbox_->post(std::move(call));
  }
  void begin() {
    const std::lock_guard lock(mutex_);
    ++under_way_;
  }
  void end(std::function<void()> call) {
    post(std::move(call));
    const std::lock_guard lock(mutex_);
    --under_way_;
    ended_.notify_all();
  }
  bool is_under_way() {
    const std::lock_guard lock(mutex_);
    return under_way_ > 0;
  }
  // From now on nothing goes in. False: something is still under way.
  bool close() {
    std::unique_lock lock(mutex_);
    inbox_ = nullptr;
    return ended_.wait_for(lock, kGrace, [this] { return under_way_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  Inbox* inbox_;
  int under_way_ = 0;
};

class LibraryLine::Patience final : public Timer {
 public:
  explicit Patience(LibraryLine& line) : line_(line) { start(); }
  ~Patience() { line_.wall_.cancel(*this); }

 private:
  void start() { line_.wall_.start(*this, checked_add(line_.wall_.now(), kGrace)); }
  void fire() override {
    if (!line_.door_->is_under_way()) return;
    line_.options_.hangs();
    start();
  }
  LibraryLine& line_;
};

// co_await Call(line, what): starts something that ends on another thread. Rethrows what failed there.
class LibraryLine::Call final : Suspension {
 public:
  using Start = std::function<void(CollectiveLibrary::Done)>;
  Call(LibraryLine& line, Start start) : line_(line), door_(line.door_), start_(std::move(start)) {}

  bool await_ready() const { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    context_ = handle.promise().context;
    if (context_->cancelled) return context_->executor.post(handle);
    context_->suspend(*this, handle);
    door_->begin();
    const auto done = [this, door = door_](std::exception_ptr failure) {
      door->end([this, failure] { complete(failure); });
    };
    try {
      start_(done);
    } catch (...) {
      done(std::current_exception());
    }
  }
  void await_resume() const {
    if (failure_) std::rethrow_exception(failure_);
    context_->throw_if_cancelled();
  }

 private:
  void complete(std::exception_ptr failure) {
    failure_ = std::move(failure);
    context_->resume();
  }
  bool cancel() override {
    if (!line_.patience_) line_.patience_ = std::make_unique<Patience>(line_);
    return false;
  }
  std::string describe() const override { return "a library's collective"; }
  bool ends_by_itself() const override { return true; }

  LibraryLine& line_;
  std::shared_ptr<Door> door_;
  Start start_;
  TaskContext* context_ = nullptr;
  std::exception_ptr failure_;
};

LibraryLine::LibraryLine(Executor& wall, Inbox& inbox, ProcessTransport& data,
                         MakeCollectiveLibrary make, LibraryLineOptions options)
    : wall_(wall),
      data_(data),
      make_(std::move(make)),
      options_(std::move(options)),
      door_(std::make_shared<Door>(inbox)) {
  options_.place.tell = [this, door = door_](const std::string& what) {
    door->post([this, what] { tell(what); });
  };
}

LibraryLine::~LibraryLine() {
  static auto* const abandoned = new std::vector<std::shared_ptr<CollectiveLibrary>>;
  if (!door_->close() && library_) abandoned->push_back(library_);
}

void LibraryLine::tell(const std::string& what) {
  Payload payload = Payload::of_size(what.size());
  std::memcpy(payload.writable().data(), what.data(), what.size());
  for (const Rank other : options_.others) data_.send(other, kTelling, payload);
}

Task<> LibraryLine::listen() {
  for (;;) {
    const auto message = co_await Receive(data_, wall_, std::nullopt, kTelling);
    const auto bytes = message->payload.bytes();
    library_->hear({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
}

Task<> LibraryLine::connect() {
  library_ = make_(options_.place);
  auto listening = spawn(wall_, listen());
  const auto start = [library = library_](CollectiveLibrary::Done done) {
    std::thread([library, done = std::move(done)] {
      std::exception_ptr failure;
      try {
        library->connect();
      } catch (...) {
        failure = std::current_exception();
      }
      done(failure);
    }).detach();
  };
  std::exception_ptr failure;
  try {
    Call connecting(*this, start);
    co_await connecting;
  } catch (...) {
    failure = std::current_exception();
  }
  listening.cancel();
  co_await listening.ended();
  if (failure) std::rethrow_exception(failure);
}

Task<> LibraryLine::start(const LibraryCall& call) {
  while (call.number && *call.number != started_) {
    one_started_.reset();
    co_await one_started_;
  }
  Call calling(*this, [this, call](CollectiveLibrary::Done done) {
    if (call.number) {
      ++started_;
      one_started_.set();
    }
    library_->start(call.operation, call.values, std::move(done));
  });
  co_await calling;
}

Task<> LibraryLine::call(LibraryCall call) {
  std::exception_ptr failure;
  try {
    co_await start(call);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  // A member that is lost is seen here first, and only the coordinator knows which.
  co_await SleepUntil(wall_, checked_add(wall_.now(), options_.explained));
  std::rethrow_exception(failure);
}

}  // namespace understudy
