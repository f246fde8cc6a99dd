// Transports between processes, as CSV: round trips, throughput and all-reduce of 2 and 4 processes
// over shared memory, ipc and tcp, and beside them what libzmq does by itself, in the way of its own
// perf/local_lat, remote_lat, local_thr and remote_thr.
//
//   bench_transport [roundtrip|throughput|allreduce|memory] [shared_memory|ipc|tcp]
//                   [ring|halving_doubling] [2|4] [BYTES]...
#include <set>

#include "runtime/collectives/collective.hpp"
#include "tests/bench/transport/processes.hpp"
#include "tests/transport/harness.hpp"

namespace understudy {
namespace {

using RankProgram = std::function<Task<>(Node&, Common&)>;

void measure(const char* what, TransportKind kind, std::size_t ranks, std::size_t bytes,
             double bytes_moved, const RankProgram& program) {
  ProcessMeasurement m;
  const PrivateFolder folder;
  const Security security = with_new_secret();
  const bool well = in_processes(ranks, [&](std::size_t rank) {
    Loop loop(security);
    ProcessTransportOptions o;
    o.kind = kind;
    o.rank = Rank{rank};
    o.world = static_cast<std::uint32_t>(ranks);
    o.bind = kind == TransportKind::kTcp ? "127.0.0.1" : folder.path();
    const auto transport = make_process_transport(loop.scheduler, loop.clock, &loop.hub, o);
    transport->set_peers(meet(m.common(), ranks, rank, transport->endpoint()));
    InstantDevice device;
    NoRecorder recorder;
    NoSafePoints safe_points;
    NodeInfo info;
    info.rank = Rank{rank};
    info.world = static_cast<int>(ranks);
    Node node({.info = info,
               .executor = loop.scheduler,
               .transport = *transport,
               .device = device,
               .recorder = recorder,
               .safe_points = safe_points});
    const auto both = [&]() -> Task<> {
      co_await program(node, m.common());
      co_await transport->drain();
    };
    const auto main = spawn(loop.scheduler, both());
    loop.scheduler.run();
  });
  if (well) m.print(what, name(kind), ranks, bytes, bytes_moved);
}

void roundtrip(TransportKind kind, std::size_t bytes) {
  measure("roundtrip", kind, 2, bytes, 2.0 * static_cast<double>(bytes),
          [bytes](Node& node, Common& common) -> Task<> {
            const Rank other{1 - node.rank().index()};
            std::vector<double> us;
            for (int i = 0; i < repetitions(bytes); ++i) {
              const auto begin = Clock::now();
              if (node.rank().value == 0) node.send(other, Tag{}, Payload::of_size(bytes));
              auto message = co_await node.receive(other, Tag{});
              if (node.rank().value == 1) node.send(other, Tag{}, std::move(message->payload));
              us.push_back(us_since(begin));
            }
            if (node.rank().value == 0) note(common, std::move(us));
          });
}

// The time is that of `count` messages one way, seen by their receiver.
void throughput(TransportKind kind, std::size_t bytes) {
  const int count = std::max(repetitions(bytes), bytes <= 4096 ? 100'000 : 0);
  measure("throughput", kind, 2, bytes, static_cast<double>(bytes) * count,
          [bytes, count](Node& node, Common& common) -> Task<> {
            constexpr int kAhead = 1000;  // messages that wait at most
            if (node.rank().value == 0) {
              for (int i = 0; i < count; ++i) {
                node.send(Rank{1}, Tag{}, Payload::of_size(bytes));
                if (i % kAhead == kAhead - 1) co_await node.receive(Rank{1}, Tag{1, 0});
              }
              co_return;
            }
            Clock::time_point begin;
            for (int i = 0; i < count; ++i) {
              co_await node.receive(Rank{0}, Tag{});
              if (i == 0) begin = Clock::now();
              if (i % kAhead == kAhead / 2) node.send(Rank{0}, Tag{1, 0}, Payload());
            }
            note(common, {us_since(begin)});
          });
}

void allreduce_of(TransportKind kind, std::size_t ranks, std::size_t bytes,
                  CollectiveKind collective) {
  const std::string what = fmt::format("allreduce_{}", name(collective));
  measure(what.c_str(), kind, ranks, bytes, static_cast<double>(bytes),
          [=](Node& node, Common& common) -> Task<> {
            std::vector<Rank> everybody;
            for (std::size_t r = 0; r < ranks; ++r) everybody.push_back(Rank{r});
            const Communicator members{.members = everybody,
                                       .index = node.rank().index(),
                                       .machines = std::vector<int>(ranks)};
            std::vector<float> vector(bytes / sizeof(float), 1.0f);
            CollectiveConfig config;
            config.kind = collective;
            std::vector<double> us;
            for (int i = 0; i < repetitions(2 * bytes); ++i) {
              const auto begin = Clock::now();
              const Stretch stretch{Values(std::span(vector)), 0, vector.size()};
              co_await allreduce(config, node, members, stretch, Tag{static_cast<uint32_t>(i), 0});
              us.push_back(us_since(begin));
              std::fill(vector.begin(), vector.end(), 1.0f);
            }
            if (node.rank().value == 0) note(common, std::move(us));
          });
}

// libzmq by itself.

std::string raw_address(TransportKind kind, const PrivateFolder& folder) {
  return kind == TransportKind::kTcp ? "tcp://127.0.0.1:*" : "ipc://" + folder.path() + "/raw";
}

void raw_roundtrip(TransportKind kind, std::size_t bytes) {
  ProcessMeasurement m;
  const PrivateFolder folder;
  const bool well = in_processes(2, [&](std::size_t rank) {
    zmq::context_t context;
    zmq::socket_t socket(context, rank == 0 ? zmq::socket_type::req : zmq::socket_type::rep);
    if (rank == 1) socket.bind(raw_address(kind, folder));
    const auto where = meet(m.common(), 2, rank, rank == 1 ? last_endpoint(socket) : "");
    if (rank == 0) socket.connect(where[1]);
    zmq::message_t message(bytes);
    std::vector<double> us;
    for (int i = 0; i < repetitions(bytes); ++i) {
      const auto begin = Clock::now();
      if (rank == 0) socket.send(message, zmq::send_flags::none);
      if (!socket.recv(message)) throw RunError("nothing came");
      if (rank == 1) socket.send(message, zmq::send_flags::none);
      us.push_back(us_since(begin));
    }
    if (rank == 0) note(m.common(), std::move(us));
  });
  if (well)
    m.print("roundtrip", fmt::format("libzmq {}", name(kind)), 2, bytes,
            2.0 * static_cast<double>(bytes));
}

void raw_throughput(TransportKind kind, std::size_t bytes) {
  ProcessMeasurement m;
  const PrivateFolder folder;
  const int count = std::max(repetitions(bytes), bytes <= 4096 ? 100'000 : 0);
  const bool well = in_processes(2, [&](std::size_t rank) {
    zmq::context_t context;
    zmq::socket_t socket(context, rank == 0 ? zmq::socket_type::push : zmq::socket_type::pull);
    if (rank == 1) socket.bind(raw_address(kind, folder));
    const auto where = meet(m.common(), 2, rank, rank == 1 ? last_endpoint(socket) : "");
    if (rank == 0) {
      socket.connect(where[1]);
      for (int i = 0; i < count; ++i) socket.send(zmq::message_t(bytes), zmq::send_flags::none);
      // What has not been read when the sender goes may be lost.
      while (!m.common().done) usleep(100);
      return;
    }
    zmq::message_t message;
    Clock::time_point begin;
    for (int i = 0; i < count; ++i) {
      if (!socket.recv(message)) throw RunError("nothing came");
      if (i == 0) begin = Clock::now();
    }
    note(m.common(), {us_since(begin)});
    m.common().done = true;
  });
  if (well)
    m.print("throughput", fmt::format("libzmq {}", name(kind)), 2, bytes,
            static_cast<double>(bytes) * count);
}

// The limit of anything that copies: one thread, memory to memory. Half a page apart, because loads
// wait for stores to addresses that end in the same twelve bits.
void memory_copy(std::size_t bytes) {
  constexpr std::size_t half_page = 2048;
  ProcessMeasurement m;
  const std::vector<std::byte> from(bytes, std::byte{1});
  std::vector<std::byte> to(bytes + half_page);
  std::vector<double> us;
  for (int i = 0; i < repetitions(bytes); ++i) {
    const auto begin = Clock::now();
    std::memcpy(to.data() + half_page, from.data(), bytes);
    asm volatile("" : : "r"(to.data()) : "memory");
    us.push_back(us_since(begin));
  }
  note(m.common(), std::move(us));
  m.print("copy", "memory", 1, bytes, static_cast<double>(bytes));
}

constexpr TransportKind kKinds[] = {TransportKind::kSharedMemory, TransportKind::kIpc,
                                    TransportKind::kTcp};

// Words of the command line; of each group, all where none is named.
class Wanted {
 public:
  Wanted(int count, char** words) : words_(words, words + count) {}
  bool operator()(const std::string& word, std::initializer_list<const char*> group) const {
    return words_.contains(word) ||
           std::none_of(group.begin(), group.end(),
                        [&](const char* other) { return words_.contains(other); });
  }
  bool what(const char* word) const {
    return (*this)(word, {"roundtrip", "throughput", "allreduce", "memory"});
  }
  bool transport(TransportKind kind) const {
    return (*this)(name(kind), {"shared_memory", "ipc", "tcp"});
  }
  bool ranks(std::size_t count) const { return (*this)(std::to_string(count), {"2", "4"}); }
  bool collective(CollectiveKind kind) const {
    return (*this)(name(kind), {"ring", "halving_doubling"});
  }
  bool bytes(std::size_t count) const {
    return (*this)(std::to_string(count), {"1", "4096", "65536", "1048576", "4194304", "33554432"});
  }

 private:
  std::set<std::string> words_;
};

void point_to_point(const Wanted& wanted, TransportKind kind, std::size_t bytes) {
  const bool has_raw = kind != TransportKind::kSharedMemory;
  if (wanted.what("roundtrip")) roundtrip(kind, bytes);
  if (wanted.what("roundtrip") && has_raw) raw_roundtrip(kind, bytes);
  if (wanted.what("throughput")) throughput(kind, bytes);
  if (wanted.what("throughput") && has_raw) raw_throughput(kind, bytes);
}

void allreduces(const Wanted& wanted, TransportKind kind, std::size_t ranks, std::size_t bytes) {
  for (const auto collective : {CollectiveKind::kRing, CollectiveKind::kHalvingDoubling})
    if (wanted.collective(collective)) allreduce_of(kind, ranks, bytes, collective);
}

void run(const Wanted& wanted) {
  std::cout << "what,transport,ranks,bytes,median_us,best_us,MB_per_s\n";
  for (const std::size_t bytes : {1u, 4096u, 65536u, 1u << 20}) {
    for (const TransportKind kind : kKinds)
      if (wanted.transport(kind) && wanted.bytes(bytes)) point_to_point(wanted, kind, bytes);
  }
  for (const std::size_t bytes : {4096u, 65536u, 1u << 20, 4u << 20, 32u << 20}) {
    if (!wanted.bytes(bytes)) continue;
    if (wanted.what("memory")) memory_copy(bytes);
    for (const std::size_t ranks : {2u, 4u}) {
      for (const TransportKind kind : kKinds) {
        if (wanted.what("allreduce") && wanted.transport(kind) && wanted.ranks(ranks))
          allreduces(wanted, kind, ranks, bytes);
      }
    }
  }
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) { understudy::run({argc - 1, argv + 1}); }
