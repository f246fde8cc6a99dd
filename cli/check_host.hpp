// What this build or this host lacks for an experiment's emulated nodes, known before a run folder is
// made. Runs in virtual time need nothing of it, and what real ranks need is known on their own hosts.
#pragma once

#include "scenarios/sweep.hpp"

namespace understudy {

// Throws ScenarioError for a GPU or a library that is not here.
void check_host(const Experiment& experiment);

}  // namespace understudy
