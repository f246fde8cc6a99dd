// All boards of a world, made from what the scenario says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/board/tty_board.hpp"
#include "sim/board/board_config.hpp"
#include "sim/board/board_fleet.hpp"
#include "sim/board/faulty_board.hpp"
#include "sim/board/virtual_board.hpp"

namespace understudy {

// The chip of a board called `name`. One with Understudy's firmware listens at the host's rate and has
// the id, as far as it has no EEPROM of its own yet. Throws BoardError: no firmware, the wrong one.
std::unique_ptr<EmulatedBoard> make_chip(const EmulatedChipConfig& config, const std::string& name,
                                         std::uint8_t id = 0);

// Understudy's own firmware, which is built beside the program. Throws BoardError where it was not.
std::string own_firmware();

class WorldBoards {
 public:
  // One board for each config. Opens ports and pseudo-terminals; `real_time` serves boards that need it (takes_real_time).
  // Throws BoardError: no such port, no firmware, the wrong one. Files of chips get a board's number
  // where there are several.
  WorldBoards(const BoardsConfig& config, Scheduler& scheduler, RealTime& real_time,
              ComputePool* pool, std::uint64_t seed);

  std::size_t size() const { return fronts_.size(); }
  Board& board(std::size_t i) { return *fronts_.at(i); }

 private:
  void add(const SimavrBoardConfig& config);
  void add(const PtyBoardConfig& config);
  void add(const SerialBoardConfig& config);
  void take(std::unique_ptr<Board> board, const LineFaultsConfig& faults);
  EmulatedChipConfig numbered(EmulatedChipConfig chip) const;
  std::uint8_t next_id() const;
  std::string next_name(const std::string& kind) const;

  Scheduler& scheduler_;
  RealTime& real_time_;
  std::uint64_t seed_;
  bool is_alone_;
  std::vector<std::unique_ptr<PseudoTerminal>> terminals_;
  std::vector<std::unique_ptr<Board>> boards_;
  std::vector<std::unique_ptr<FaultyBoard>> faulty_;
  std::vector<Board*> fronts_;  // what nodes see
  BoardFleet fleet_;
};

}  // namespace understudy
