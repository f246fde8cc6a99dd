// Links that the kernel shapes: what they carry, and that they go whatever ends the run.
#include "sim/emulation/kernel_network.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "sim/emulation/network_namespace.hpp"
#include "sim/emulation/system_command.hpp"
#include "sim/emulation/worker_process.hpp"
#include "tests/emulation/comes_true.hpp"
#include "tests/emulation/emulated_runs.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;

// What this machine lacks, or nothing.
std::string refusal() {
  try {
    const NetworkNamespace trial;
    const InNamespace inside(trial);
    if (run_command({"ip", "link", "add", "name", "a", "type", "veth", "peer", "name", "b"}).code)
      return "this kernel has no virtual cables (veth)";
    if (run_command({"tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "1mbit", "burst",
                     "2kb", "limit", "2kb"})
            .code)
      return "this kernel has no token buckets (tbf)";
  } catch (const RunError& problem) {
    return problem.what();
  }
  return {};
}

#define NEEDS_NAMESPACES() \
  if (const std::string why = refusal(); !why.empty()) GTEST_SKIP() << why

// host0 - middle - host1, without latency.
Topology two_hosts(Bandwidth bandwidth) {
  Topology t;
  const VertexId a = t.add_vertex({"host0"}), b = t.add_vertex({"host1"});
  const VertexId middle = t.add_vertex({"middle", VertexKind::kSwitch});
  t.add_cable({a, middle, bandwidth, Duration::zero()});
  t.add_cable({middle, b, bandwidth, Duration::zero()});
  t.place({.vertex = a, .machine = 0});
  t.place({.vertex = b, .machine = 1});
  return t;
}

sockaddr_in at(const std::string& address, std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &where.sin_addr);
  return where;
}

class Tcp {
 public:
  explicit Tcp(int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) : file_(file) {}
  ~Tcp() { close(file_); }
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;
  int file() const { return file_; }

 private:
  int file_;
};

constexpr std::uint16_t kPort = 5000;

void send_bytes(const KernelNetwork& network, std::int64_t bytes) {
  const auto there = network.enter(Rank{0});
  const Tcp line;
  const sockaddr_in to = at(network.address(Rank{1}), kPort);
  ASSERT_EQ(connect(line.file(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0)
      << std::strerror(errno);
  const std::vector<char> piece(1 << 16);
  while (bytes > 0) {
    const auto count = std::min(bytes, static_cast<std::int64_t>(piece.size()));
    const ssize_t sent =
        send(line.file(), piece.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
    ASSERT_GT(sent, 0);
    bytes -= sent;
  }
}

// Bytes per second from host0 to host1, once TCP is at full speed.
double goodput(const KernelNetwork& network, std::int64_t bytes) {
  const auto there = network.enter(Rank{1});
  const Tcp door;
  const sockaddr_in here = at(network.address(Rank{1}), kPort);
  EXPECT_EQ(bind(door.file(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  EXPECT_EQ(listen(door.file(), 1), 0);
  std::thread sender([&] { send_bytes(network, bytes); });
  const Tcp line(accept(door.file(), nullptr, nullptr));
  std::vector<char> piece(1 << 16);
  std::int64_t received = 0, first = 0;
  Clock::time_point start, end;
  for (ssize_t count = 0; (count = recv(line.file(), piece.data(), piece.size(), 0)) > 0;) {
    received += count;
    end = Clock::now();
    if (first == 0 && received > bytes / 10) {
      first = received;
      start = end;
    }
  }
  sender.join();
  EXPECT_EQ(received, bytes);
  return static_cast<double>(received - first) / std::chrono::duration<double>(end - start).count();
}

TEST(KernelNetwork, CarriesWhatItsLinksSay) {
  NEEDS_NAMESPACES();
  for (const double megabits : {10.0, 100.0}) {
    const Topology topology = two_hosts(Bandwidth{megabits * 1e6});
    const KernelNetwork network(topology);
    // A busy machine slows a transfer down; nothing makes it faster than the link.
    double best = 0;
    for (int attempt = 0; attempt < 8 && best < 0.98; ++attempt)
      best = std::max(
          best, 8e-6 / megabits * goodput(network, static_cast<std::int64_t>(megabits * 150e3)));
    EXPECT_NEAR(best, 1, 0.02);
  }
}

// Both cables carry the bytes one way, with some four hundredths of headers, and acknowledgements the other.
TEST(KernelNetwork, CountsWhatCrossesEachLink) {
  NEEDS_NAMESPACES();
  const Topology topology = two_hosts(Bandwidth{1e9});
  const KernelNetwork network(topology);
  goodput(network, 1'000'000);
  const auto links = network.statistics();
  for (const std::size_t there : {0u, 2u}) {
    EXPECT_GE(links[there].bytes, 1'000'000) << there;
    EXPECT_LT(links[there].bytes, 1'100'000) << there;
    EXPECT_LT(links[there + 1].bytes, 100'000) << there;
  }
}

class KernelLinks : public EmulatedRuns {};

const std::string kEmulated = "mode: emulated\nemulation: {links: kernel}\n";

TEST_F(KernelLinks, LeaveTheBitsAsTheyAre) {
  NEEDS_NAMESPACES();
  const std::string yaml =
      "topology: {kind: mesh, nodes: 3, bandwidth: 100Mbit/s, latency: 0us}\n"
      "workload: {kind: quadratic, a: [3], b: [2], start: 5, updates: 7,"
      " optimizer: {kind: sgd, lr: 0.1}}\n"
      "strategy: {kind: allreduce, collective: tree}\n";
  const Unit unit = run(scenario_of(yaml + kEmulated));
  EXPECT_EQ(unit.weights_hash, run(scenario_of(yaml)).weights_hash);
  ASSERT_TRUE(unit.emulation);
  EXPECT_TRUE(unit.emulation->kernel_links);
}

// A ring of two sends half of the vector twice: 2 x 250 kB over 10 Mbit/s.
TEST_F(KernelLinks, AreNoFasterThanTheirBandwidth) {
  NEEDS_NAMESPACES();
  const Unit unit =
      run(scenario_of("topology: {kind: mesh, nodes: 2, bandwidth: 10Mbit/s, latency: 0us}\n"
                      "workload: {kind: collective, bytes: 500kB, iterations: 3}\n" +
                      kEmulated));
  // A bucket that was idle lets its first two packets through at once: 3 of 250 kB.
  EXPECT_GE(to_seconds(unit.time.time_since_epoch()), 3 * 0.4 * (1 - 3.0 / 250));
}

std::string network_of(const std::string& process) {
  std::error_code gone;
  return std::filesystem::read_symlink("/proc/" + process + "/ns/net", gone).string();
}
// Of all processes, and those that are kept by a name: nothing else shows one.
std::multiset<std::string> networks() {
  std::multiset<std::string> found;
  std::error_code gone;
  for (const auto& process : std::filesystem::directory_iterator("/proc", gone))
    if (std::isdigit(process.path().filename().c_str()[0]))
      found.insert(network_of(process.path().filename()));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);)
    if (line.find(" nsfs ") != line.npos) found.insert(line);
  return found;
}

TEST_F(KernelLinks, LeaveNothingWhenTheRunIsKilled) {
  NEEDS_NAMESPACES();
  const std::multiset<std::string> before = networks();
  const Scenario endless = scenario_of(
      "topology: {kind: mesh, nodes: 2, bandwidth: 10Mbit/s, latency: 0us}\n"
      "workload: {kind: collective, bytes: 500kB, iterations: 1000000}\n" +
      kEmulated);
  const pid_t coordinator = fork();
  if (coordinator == 0) {
    run(endless);
    _exit(0);
  }
  ASSERT_TRUE(comes_true(Clock::now() + 30s,
                         [&] { return children(std::to_string(coordinator)).size() == 2; }));
  const std::vector<pid_t> workers = children(std::to_string(coordinator));
  std::set<std::string> theirs;
  for (const pid_t worker : workers) theirs.insert(network_of(std::to_string(worker)));
  EXPECT_EQ(theirs.size(), 2u);
  for (const std::string& network : theirs) EXPECT_EQ(before.count(network), 0u) << network;
  kill(coordinator, SIGKILL);
  waitpid(coordinator, nullptr, 0);
  for (const pid_t worker : workers)
    EXPECT_TRUE(comes_true(Clock::now() + 30s, [&] { return is_gone(worker); })) << worker;
  const std::multiset<std::string> after = networks();
  for (const std::string& network : theirs) EXPECT_EQ(after.count(network), 0u) << network;
  const auto kept = [](const std::multiset<std::string>& all) {
    return std::count_if(all.begin(), all.end(),
                         [](const std::string& n) { return n.find(" nsfs ") != n.npos; });
  };
  EXPECT_EQ(kept(after), kept(before));
}

}  // namespace
}  // namespace understudy
