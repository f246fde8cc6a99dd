#include "results/summary/answers.hpp"

#include "results/summary/aggregation.hpp"
#include "results/summary/decomposition.hpp"

namespace understudy {

std::set<std::string> notices(std::span<const Unit> units) {
  std::set<std::string> found;
  for (const Unit& unit : units) {
    if (!unit.notice.empty()) found.insert(unit.notice);
  }
  return found;
}

std::vector<std::string> answers(const Experiment& experiment, const Summary& summary,
                                 std::span<const Unit> units) {
  std::vector<std::string> sentences;
  if (const auto use = aggregation_use(experiment, summary, units))
    sentences.push_back(sentence(*use));
  if (const auto where = decompose(experiment, summary, units))
    sentences.push_back(sentence(*where));
  return sentences;
}

}  // namespace understudy
