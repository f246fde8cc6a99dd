// Runs one repeat of one run as processes on the wall's clock, emulated or real, and is what such a
// process does.
#pragma once

#include "results/experiment/unit_runner.hpp"

namespace understudy {

// Throws as run_unit() does, and TransportError for a process that is lost.
Unit run_emulated_unit(const UnitTask& task);

// One node: reads at the descriptor what the coordinator has left there, and runs to the end. Throws
// what the run ends with.
void run_worker(int settings, const MakeLearner& make_learner);

// One rank of a real run that a launcher has started, other than rank 0: one node of each of the
// experiment's repeats, as rank 0 hands them out. Throws as run_worker() does. `interrupt` may be null.
void run_guest(RendezvousGuest& rendezvous, const std::string& data_dir,
               const MakeLearner& make_learner, const std::atomic<bool>* interrupt);

}  // namespace understudy
