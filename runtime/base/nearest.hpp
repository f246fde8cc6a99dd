// The nearest valid name to a mistyped one, for error messages.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>

namespace understudy {

inline constexpr std::size_t kLongestName = 64;

// The number of insertions, deletions and substitutions between two words (Levenshtein, 1966), each
// of at most kLongestName characters.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, kLongestName + 1> row{};
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

// The name closest to `word`, the first among equals; empty where none is close enough to be meant.
template <class Names>
std::string nearest_name(std::string_view word, const Names& names) {
  if (word.size() > kLongestName) return {};
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& name : names) {
    const std::string_view candidate(name);
    if (candidate.size() > kLongestName) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least && distance < candidate.size()) {
      best = std::string(candidate);
      least = distance;
    }
  }
  return best;
}

}  // namespace understudy
