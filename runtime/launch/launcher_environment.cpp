#include "runtime/launch/launcher_environment.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "runtime/base/errors.hpp"
#include "runtime/base/text.hpp"

extern char** environ;

namespace understudy {
namespace {

constexpr std::uint16_t kUsualPort = 29500;  // as PyTorch has it
constexpr int kMostPorts = 65535;
constexpr const char* kHere = "127.0.0.1";

struct Launcher {
  const char* name;
  const char *rank, *world, *local_rank;
};
constexpr std::array<Launcher, 5> kLaunchers = {{
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
    {"Kubeflow", "PET_NODE_RANK", "PET_NNODES", ""},
    {"Slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
    {"PMI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
}};

class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  std::string_view text(std::string_view name) const {
    const auto found = environment_.find(name);
    return found != environment_.end() ? std::string_view(found->second) : std::string_view();
  }
  bool has(std::string_view name) const { return !text(name).empty(); }

  std::optional<int> number(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    return whole(text(name), name);
  }
  // "2:4" is torchrun's word for from 2 to 4; ranks are only known where both are the same.
  std::optional<int> count(std::string_view name) const {
    const std::string_view all = text(name);
    const std::size_t colon = all.find(':');
    if (colon == all.npos) return number(name);
    const int least = whole(all.substr(0, colon), name), most = whole(all.substr(colon + 1), name);
    if (least != most)
      throw ScenarioError(
          fmt::format("{} is {}, but the number of ranks must be known: torchrun starts elastic "
                      "ones, each as 'understudy worker'",
                      name, all));
    return least;
  }

 private:
  static int whole(std::string_view text, std::string_view name) {
    const std::optional<int> value = parse_whole(text);
    if (!value)
      throw ScenarioError(
          fmt::format("{} is '{}', which is no whole number from 0 on", name, text));
    return *value;
  }
  const Environment& environment_;
};

// The launcher that says something.
const Launcher* launcher_in(const Reader& environment) {
  for (const Launcher& launcher : kLaunchers) {
    // mpirun's processes inherit what Slurm says of the one that started mpirun.
    const bool is_slurm = launcher.name == std::string_view("Slurm");
    if (is_slurm && environment.has("OMPI_COMM_WORLD_RANK")) continue;
    if (environment.has(launcher.rank) || environment.has(launcher.world)) return &launcher;
  }
  return nullptr;
}

// The first of "node[03-05,9],other" or of "a,b".
std::string first_host(std::string_view list) {
  const std::size_t end = list.find_first_of(",[");
  std::string host(list.substr(0, end));
  if (end == list.npos || list[end] == ',') return host;
  const std::string_view numbers = list.substr(end + 1);
  host += numbers.substr(0, numbers.find_first_of(",-]"));
  const std::size_t closing = numbers.find(']');
  if (closing == numbers.npos) return host;
  const std::string_view rest = numbers.substr(closing + 1);
  return host + std::string(rest.substr(0, rest.find(',')));
}

std::uint16_t port_of(std::string_view text, std::string_view name) {
  const int port = parse_whole(text).value_or(0);
  if (port < 1 || port > kMostPorts)
    throw ScenarioError(fmt::format("{}: '{}' is no port", name, text));
  return static_cast<std::uint16_t>(port);
}

struct Master {
  std::string host;
  std::optional<std::uint16_t> port;
};

Master parse_master(std::string_view text) {
  const auto is_whole = [](std::string_view t) {  // an IPv6 address without a port
    return t.find(':') != t.rfind(':') && !t.starts_with('[');
  };
  const std::size_t colon = is_whole(text) ? text.npos : text.rfind(':');
  const bool has_port = colon != text.npos && !text.ends_with(']');
  std::string_view host = has_port ? text.substr(0, colon) : text;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) throw ScenarioError(fmt::format("--master: '{}' names no host", text));
  Master master{std::string(host), std::nullopt};
  if (has_port) master.port = port_of(text.substr(colon + 1), "--master");
  return master;
}

bool all_on_one_host(const Reader& e, std::string_view launcher, int world) {
  return world == 1 || (launcher == "torchrun" && e.number("LOCAL_WORLD_SIZE") == world) ||
         (launcher == "Slurm" && e.text("SLURM_NNODES") == "1") ||
         (launcher == "Open MPI" && e.number("OMPI_COMM_WORLD_LOCAL_SIZE") == world) ||
         (launcher == "PMI" && e.number("MPI_LOCALNRANKS") == world);
}

std::optional<std::uint16_t> port_in(const Reader& e, std::string_view launcher) {
  for (const char* name : {"MASTER_PORT", "PET_MASTER_PORT"}) {
    if (!e.has(name)) continue;
    const std::uint16_t port = port_of(e.text(name), name);
    const bool taken = launcher == "torchrun" && e.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
    return static_cast<std::uint16_t>(taken ? port + 1 : port);
  }
  if (launcher != "Slurm" || !e.has("SLURM_JOB_ID")) return std::nullopt;
  return static_cast<std::uint16_t>(kUsualPort + *e.number("SLURM_JOB_ID") % 1000);
}

// Where the launcher says that rank 0 is; an empty host: it does not.
Master master_in(const Reader& e, std::string_view launcher, int world) {
  Master master{"", port_in(e, launcher)};
  if (all_on_one_host(e, launcher, world)) {
    master.host = kHere;
  } else if (e.has("MASTER_ADDR") || e.has("PET_MASTER_ADDR")) {
    master.host = e.text(e.has("MASTER_ADDR") ? "MASTER_ADDR" : "PET_MASTER_ADDR");
  } else if (launcher == "Slurm") {
    const bool step = e.has("SLURM_STEP_NODELIST");
    master.host = first_host(e.text(step ? "SLURM_STEP_NODELIST" : "SLURM_JOB_NODELIST"));
  }
  return master;
}

void require_single(const Reader& environment) {
  const std::string_view each = environment.text("PET_NPROC_PER_NODE");
  if (each.empty() || each == "1" || each.find_first_not_of("0123456789") != each.npos) return;
  throw ScenarioError(
      fmt::format("PET_NPROC_PER_NODE asks for {} ranks on each node, which torchrun starts: "
                  "'torchrun --no-python understudy worker FILE'",
                  each));
}

struct Asked {
  const char* name;  // by which the user knows it
  std::optional<int> value;
};

void check_rank(const Asked& rank, const Asked& world) {
  if (rank.value.has_value() != world.value.has_value())
    throw ScenarioError(
        fmt::format("{} is given, but {} is not, and one is of no use without the "
                    "other",
                    rank.value ? rank.name : world.name, rank.value ? world.name : rank.name));
  if (*world.value < 1)
    throw ScenarioError(fmt::format("{} is {}, and no rank runs", world.name, *world.value));
  if (*rank.value < 0 || *rank.value >= *world.value)
    throw ScenarioError(fmt::format("{} is {}, but {} is {}: ranks go from 0 to {}", rank.name,
                                    *rank.value, world.name, *world.value, *world.value - 1));
}

// Without the master.
LaunchPlace seat_of(const LaunchFlags& flags, const Reader& e, const Launcher* launcher) {
  Asked rank{"--rank", flags.rank}, world{"--world", flags.world};
  std::optional<int> local_rank = flags.local_rank;
  if (launcher != nullptr) {
    if (launcher->name == std::string_view("Kubeflow")) {
      require_single(e);
      local_rank = local_rank.value_or(0);
    }
    rank = {launcher->rank, e.number(launcher->rank)};
    world = {launcher->world, e.count(launcher->world)};
    if (!local_rank) local_rank = e.number(launcher->local_rank);
  }
  check_rank(rank, world);
  LaunchPlace place;
  place.rank = *rank.value, place.world = *world.value, place.local_rank = local_rank;
  if (local_rank && (*local_rank < 0 || *local_rank >= place.world))
    throw ScenarioError(fmt::format("the local rank is {}, but there are only {} ranks in all",
                                    *local_rank, place.world));
  place.source = launcher != nullptr ? launcher->name : "flags";
  // RANK may be set by hand, and in a pod nobody is above.
  place.is_child = place.source == "torchrun"
                       ? e.has("TORCHELASTIC_RUN_ID")
                       : place.source != "flags" && place.source != "Kubeflow";
  return place;
}

}  // namespace

Environment own_environment() {
  Environment all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != text.npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

LaunchPlace place_of(const LaunchFlags& flags, const Environment& environment) {
  const Reader e(environment);
  const bool by_flags = flags.rank || flags.world;
  const Launcher* launcher = by_flags ? nullptr : launcher_in(e);
  if (!by_flags && launcher == nullptr)
    throw ScenarioError(
        "nobody says which rank this is: start 'understudy worker FILE' by torchrun --no-python, "
        "mpirun or srun, or give --rank, --world and --master");
  LaunchPlace place = seat_of(flags, e, launcher);
  const Master given = flags.master.empty() ? Master{} : parse_master(flags.master);
  const Master said = master_in(e, place.source, place.world);
  place.host = given.host.empty() ? said.host : given.host;
  place.port = given.port ? *given.port : said.port.value_or(kUsualPort);
  place.restarts = e.number("TORCHELASTIC_RESTART_COUNT").value_or(0) +
                   e.number("SLURM_RESTART_COUNT").value_or(0);
  if (place.host.empty())
    throw ScenarioError(
        "nobody says where rank 0 is: give --master HOST:PORT, or set MASTER_ADDR and MASTER_PORT "
        "for all ranks");
  return place;
}

std::string describe(const LaunchPlace& p) {
  const std::string local = p.local_rank ? fmt::format(" (local rank {})", *p.local_rank) : "";
  return fmt::format("rank {} of {}{}, rank 0 at {}:{}, as {} has it", p.rank, p.world, local,
                     p.host, p.port, p.source);
}

}  // namespace understudy
