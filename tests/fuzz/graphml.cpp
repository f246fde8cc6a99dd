// A graph, and the topology that becomes of it.
#include "tests/fuzz/fuzz.hpp"
#include "topologies/file_graph.hpp"

namespace understudy {

void fuzz(std::string_view text) {
  require_accepted_or_refused([&] {
    const FileGraph graph = parse_file_graph(text, kFuzzSource);
    const Topology topology = make_topology(graph, GraphmlConfig{});
    UNDERSTUDY_CHECK(topology.places().size() == graph.names.size());
    UNDERSTUDY_CHECK(topology.links().size() <= 2 * graph.document.edges.size());
  });
}

}  // namespace understudy
