#include "sim/board/board_config.hpp"

#include <algorithm>

namespace understudy {

int count(const BoardsConfig& boards) {
  int total = 0;
  for (const BoardConfig& board : boards) {
    total += std::visit(
        [](const auto& config) {
          if constexpr (requires { config.count; }) return config.count;
          return 1;
        },
        board);
  }
  return total;
}

bool takes_real_time(const BoardsConfig& boards) {
  return std::any_of(boards.begin(), boards.end(), [](const BoardConfig& board) {
    return !std::holds_alternative<SimavrBoardConfig>(board);
  });
}

}  // namespace understudy
