#include "sim/board/world_boards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "firmware/identity.h"
#include "firmware/protocol.h"
#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// A file for each board of several: "board.eeprom" -> "board-2.eeprom".
std::string numbered(const std::string& file, std::size_t number) {
  const std::size_t dot = file.rfind('.'), slash = file.rfind('/');
  const bool has_extension =
      dot != std::string::npos && (slash == std::string::npos || dot > slash + 1);
  const std::size_t at = has_extension ? dot : file.size();
  return fmt::format("{}-{}{}", file.substr(0, at), number, file.substr(at));
}

// What firmware/identity.h writes to.
struct BlankEeprom {
  std::vector<std::uint8_t> bytes{};
  void write_eeprom(std::uint8_t address, std::uint8_t byte) {
    if (address >= bytes.size()) bytes.resize(address + 1U, 0xff);
    bytes[address] = byte;
  }
};

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

std::unique_ptr<EmulatedBoard> make_chip(const EmulatedChipConfig& config, const std::string& name,
                                         std::uint8_t id) {
  const std::string& firmware = config.firmware.path;
  BlankEeprom eeprom;
  if (firmware.empty()) {
    if (!protocol::is_baud(static_cast<std::uint32_t>(config.baud)))
      throw BoardError(
          fmt::format("{}: Understudy's firmware does not do {} baud", name, config.baud));
    write_identity(eeprom, {id, static_cast<std::uint32_t>(config.baud)});
  }
  return std::make_unique<EmulatedBoard>(
      EmulatedBoardConfig{.name = name,
                          .firmware = firmware.empty() ? own_firmware() : firmware,
                          .mcu = config.mcu,
                          .baud = config.baud,
                          .eeprom_file = config.eeprom,
                          .eeprom = eeprom.bytes,
                          .bootloader = config.bootloader.path,
                          .boot_delay = config.bootloader_delay ? kOptibootDelay : Duration{0},
                          .vcd_file = config.vcd});
}

WorldBoards::WorldBoards(const BoardsConfig& config, Scheduler& scheduler, RealTime& real_time,
                         ComputePool* pool, std::uint64_t seed)
    : scheduler_(scheduler),
      real_time_(real_time),
      seed_(seed),
      is_alone_(config.size() == 1),
      fleet_(scheduler, pool) {
  for (const BoardConfig& board : config) std::visit([this](const auto& c) { add(c); }, board);
  if (takes_real_time(config)) scheduler_.hold_to(&real_time_);
}

EmulatedChipConfig WorldBoards::numbered(EmulatedChipConfig chip) const {
  if (is_alone_) return chip;
  if (!chip.eeprom.empty()) chip.eeprom = understudy::numbered(chip.eeprom, fronts_.size());
  if (!chip.vcd.empty()) chip.vcd = understudy::numbered(chip.vcd, fronts_.size());
  return chip;
}

std::uint8_t WorldBoards::next_id() const {
  constexpr std::size_t kMost = 254;
  return fronts_.size() < kMost ? static_cast<std::uint8_t>(fronts_.size() + 1) : protocol::kNoId;
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
  const std::string name = next_name("simavr");
  auto board = std::make_unique<VirtualBoard>(name, config.chip.baud);
  fleet_.add(make_chip(numbered(config.chip), name, next_id()), board->line());
  take(std::move(board), config.faults);
}

void WorldBoards::add(const PtyBoardConfig& config) {
  const std::string name = next_name("pty");
  terminals_.push_back(std::make_unique<PseudoTerminal>());
  const PseudoTerminal& terminal = *terminals_.back();
  fleet_.add(make_chip(numbered(config.chip), name, next_id()),
             std::make_unique<PtyLine>(*terminals_.back()));
  const TtyBoard::Options options{.port = terminal.path(), .baud = config.chip.baud, .name = name};
  take(std::make_unique<TtyBoard>(scheduler_, real_time_, options), config.faults);
}

void WorldBoards::add(const SerialBoardConfig& config) {
  const TtyBoard::Options options{.port = config.port,
                                  .baud = config.baud,
                                  .name = is_alone_ ? config.port : next_name(config.port)};
  take(std::make_unique<TtyBoard>(scheduler_, real_time_, options), config.faults);
}

}  // namespace understudy
