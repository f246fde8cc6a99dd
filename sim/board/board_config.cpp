#include "sim/board/board_config.hpp"

#include <algorithm>
#include <utility>

namespace understudy {

BoardsConfig one_by_one(const BoardsConfig& boards, std::size_t workers) {
  BoardsConfig each;
  for (const BoardConfig& board : boards) {
    BoardConfig one = board;
    std::size_t count = 1;
    std::visit(
        [&](auto& config) {
          if constexpr (requires { config.count; }) {
            count = static_cast<std::size_t>(std::exchange(config.count, 1));
            if (count == 0) count = workers - std::min(workers, each.size());
          }
        },
        one);
    each.insert(each.end(), count, one);
  }
  return each;
}

bool takes_real_time(const BoardsConfig& boards) {
  return std::any_of(boards.begin(), boards.end(), [](const BoardConfig& board) {
    return !std::holds_alternative<SimavrBoardConfig>(board);
  });
}

}  // namespace understudy
