// Boards by what they call themselves: adapters such as the CH340 have no serial number.
#pragma once

#include <string>
#include <vector>

namespace understudy {

// The port, of these, with Understudy's firmware and that id behind it. Resets every board that it asks,
// and takes up to three seconds for a port that does not answer. Throws BoardError where none answers to
// the id, or more than one does.
std::string find_board(int id, const std::vector<std::string>& ports, int baud);

}  // namespace understudy
