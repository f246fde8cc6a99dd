// Closed forms beside simulated times, as one table.
#pragma once

#include "results/report/table.hpp"

namespace understudy {

// No rows where no run has a prediction.
ResultTable prediction_table(const Summary& summary);

}  // namespace understudy
