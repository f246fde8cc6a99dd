#include "runtime/training/transfer_course.hpp"

#include <algorithm>

namespace understudy {

double fraction_at(const Course& course, std::int64_t update, std::int64_t updates) {
  const auto* linear = std::get_if<LinearCourse>(&course);
  if (linear == nullptr) return 1;
  const auto last = static_cast<double>(std::max<std::int64_t>(1, updates - 1));
  const double share = static_cast<double>(update) / last;
  return linear->start_fraction + (linear->final_fraction - linear->start_fraction) * share;
}

}  // namespace understudy
