// All-reduce by Gloo as a node's tasks have it, in processes of this machine, as lines of
// bench_transport's CSV; gloo_allreduce.py is PyTorch's.
//
//   bench_gloo [RANKS]...        (2 and 4 where none are named)
#include "runtime/base/spawn.hpp"
#include "runtime/collectives/c10d/c10d_collectives.hpp"
#include "runtime/learners/torch/set_up.hpp"
#include "sim/emulation/library_line.hpp"
#include "sim/emulation/wall_loop.hpp"
#include "tests/bench/transport/processes.hpp"

namespace understudy {
namespace {

constexpr std::size_t kSizes[] = {4 << 10, 64 << 10, 1 << 20, 4 << 20, 32 << 20};

LibraryLineOptions place_of(std::size_t rank, std::size_t ranks) {
  LibraryLineOptions options;
  options.place.index = rank;
  options.place.members = ranks;
  options.place.address = "127.0.0.1";
  for (std::size_t other = 0; other < ranks; ++other)
    if (other != rank) options.others.push_back(Rank{other});
  return options;
}

Task<> allreduces(LibraryLine& line, std::size_t bytes, std::vector<double>& us) {
  co_await line.connect();
  std::vector<float> vector(bytes / sizeof(float), 1.0f);
  const LibraryCall sum{LibraryOperation::kAllreduce, Values(std::span(vector))};
  for (int i = 0; i < repetitions(2 * bytes); ++i) {
    const auto begin = Clock::now();
    co_await line.call(sum);
    us.push_back(us_since(begin));
    std::fill(vector.begin(), vector.end(), 1.0f);
  }
}

void measure(std::size_t ranks, std::size_t bytes) {
  ProcessMeasurement m;
  const PrivateFolder folder;
  const bool well = in_processes(ranks, [&](std::size_t rank) {
    WallLoop loop(with_new_secret());
    loop.keep_exact();
    Inbox inbox(loop.real_time);
    ProcessTransportOptions o;
    o.rank = Rank{rank};
    o.world = static_cast<std::uint32_t>(ranks);
    o.bind = folder.path();
    const auto transport = make_process_transport(loop.wall, loop.real_time, &loop.hub, o);
    transport->set_peers(meet(m.common(), ranks, rank, transport->endpoint()));
    LibraryLine line(loop.wall, inbox, *transport, make_c10d_collectives, place_of(rank, ranks));
    std::vector<double> us;
    const auto main = spawn(loop.wall, allreduces(line, bytes, us));
    loop.wall.run();
    if (rank == 0) note(m.common(), std::move(us));
  });
  if (well) m.print("allreduce", "gloo ours", ranks, bytes, static_cast<double>(bytes));
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  understudy::set_up_torch();  // as the program does
  std::vector<std::size_t> ranks;
  for (int i = 1; i < argc; ++i) ranks.push_back(std::stoul(argv[i]));
  if (ranks.empty()) ranks = {2, 4};
  for (const std::size_t count : ranks)
    for (const std::size_t bytes : understudy::kSizes) understudy::measure(count, bytes);
}
