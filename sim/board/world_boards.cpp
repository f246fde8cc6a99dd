#include "sim/board/world_boards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// A file for each board of several: "board.eeprom" -> "board-2.eeprom".
std::string numbered(const std::string& file, int count, std::size_t number) {
  if (file.empty() || count == 1) return file;
  const std::size_t dot = file.rfind('.'), slash = file.rfind('/');
  const bool has_extension =
      dot != std::string::npos && (slash == std::string::npos || dot > slash + 1);
  const std::size_t at = has_extension ? dot : file.size();
  return fmt::format("{}-{}{}", file.substr(0, at), number, file.substr(at));
}

EmulatedChipConfig of_one(EmulatedChipConfig config, int count, std::size_t number) {
  config.eeprom = numbered(config.eeprom, count, number);
  config.vcd = numbered(config.vcd, count, number);
  return config;
}

bool any(const LineFaultsConfig& f) {
  return f.flip > 0 || f.lose > 0 || f.repeat > 0 || f.reset_at || f.stuck_at || f.unplug_at ||
         f.delay > Duration{0};
}

}  // namespace

std::string own_firmware() {
  std::error_code problem;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", problem);
  const auto file = program.parent_path().parent_path() / "firmware/understudy.elf";
  if (!std::filesystem::is_regular_file(file, problem)) {
    throw BoardError(fmt::format(
        "{}: the boards' firmware was not built; install gcc-avr, avr-libc and arduino-core-avr",
        file.string()));
  }
  return file.string();
}

std::unique_ptr<EmulatedBoard> make_chip(const EmulatedChipConfig& config,
                                         const std::string& name) {
  const std::string& firmware = config.firmware.path;
  return std::make_unique<EmulatedBoard>(
      EmulatedBoardConfig{.name = name,
                          .firmware = firmware.empty() ? own_firmware() : firmware,
                          .mcu = config.mcu,
                          .baud = config.baud,
                          .eeprom_file = config.eeprom,
                          .bootloader = config.bootloader.path,
                          .boot_delay = config.bootloader_delay ? kOptibootDelay : Duration{0},
                          .vcd_file = config.vcd});
}

WorldBoards::WorldBoards(const BoardsConfig& config, Scheduler& scheduler, RealTime& real_time,
                         ComputePool* pool, std::uint64_t seed)
    : scheduler_(scheduler), real_time_(real_time), seed_(seed), fleet_(scheduler, pool) {
  for (const BoardConfig& board : config) std::visit([this](const auto& c) { add(c); }, board);
  if (takes_real_time(config)) scheduler_.hold_to(&real_time_);
}

std::string WorldBoards::next_name(const std::string& kind) const {
  return fmt::format("board {} ({})", fronts_.size(), kind);
}

void WorldBoards::take(std::unique_ptr<Board> board, const LineFaultsConfig& faults) {
  boards_.push_back(std::move(board));
  fronts_.push_back(boards_.back().get());
  if (!any(faults)) return;
  const auto number = static_cast<std::uint32_t>(fronts_.size() - 1);
  const RandomStream random({.seed = seed_, .node = number, .purpose = Purpose::kLineFaults});
  faulty_.push_back(std::make_unique<FaultyBoard>(*fronts_.back(), scheduler_, faults, random));
  fronts_.back() = faulty_.back().get();
}

void WorldBoards::add(const SimavrBoardConfig& config) {
  for (int i = 0; i < config.count; ++i) {
    const std::string name = next_name("simavr");
    auto board = std::make_unique<VirtualBoard>(name, config.chip.baud);
    fleet_.add(make_chip(of_one(config.chip, config.count, fronts_.size()), name), board->line());
    take(std::move(board), config.faults);
  }
}

void WorldBoards::add(const PtyBoardConfig& config) {
  for (int i = 0; i < config.count; ++i) {
    const std::string name = next_name("pty");
    terminals_.push_back(std::make_unique<PseudoTerminal>());
    fleet_.add(make_chip(of_one(config.chip, config.count, fronts_.size()), name),
               std::make_unique<PtyLine>(*terminals_.back()));
    take(std::make_unique<TtyBoard>(
             scheduler_, real_time_,
             TtyBoard::Options{
                 .port = terminals_.back()->path(), .baud = config.chip.baud, .name = name}),
         config.faults);
  }
}

void WorldBoards::add(const SerialBoardConfig& config) {
  take(std::make_unique<TtyBoard>(
           scheduler_, real_time_,
           TtyBoard::Options{
               .port = config.port, .baud = config.baud, .name = next_name(config.port)}),
       config.faults);
}

}  // namespace understudy
