#include "sim/network/faults.hpp"

#include "runtime/base/errors.hpp"
#include "sim/network/distribution.hpp"
#include "sim/network/patterns.hpp"

namespace understudy {
namespace {

Duration next_duration(const DurationDistribution& distribution, StreamKey& draws) {
  RandomStream random(draws);
  ++draws.step;
  return draw(distribution, random);
}

class Maker {
 public:
  Maker(const Topology& topology, std::uint64_t seed) : topology_(topology), seed_(seed) {}

  void make(const LinkOutage& c, std::uint32_t) {
    add_outage(c, with_media(topology_, links_like(topology_, c.links)));
  }
  void make(const NodeOutage& c, std::uint32_t) {
    const std::vector<bool> inside = chosen({c.nodes});
    add_outage(c, links_where([&](const Link& link) {
                 return inside[link.from.index()] || inside[link.to.index()];
               }));
  }
  void make(const Partition& c, std::uint32_t) {
    if (c.vertices.empty()) throw ScenarioError("a partition needs the vertices that it cuts off");
    const std::vector<bool> inside = chosen(c.vertices);
    auto cut = links_where(
        [&](const Link& link) { return inside[link.from.index()] != inside[link.to.index()]; });
    if (cut.empty()) throw ScenarioError("no link crosses the partition, which holds all vertices");
    add_outage(c, std::move(cut));
  }
  void make(const Flapping& c, std::uint32_t) {
    faults_.push_back({.links = with_media(topology_, links_like(topology_, c.links)),
                       .next = kStart + c.at,
                       .times_left = c.times,
                       .down = ConstantDuration{c.down},
                       .up = ConstantDuration{c.up}});
  }
  void make(const Churn& c, std::uint32_t entry) {
    require_valid(c.on);
    require_valid(c.off);
    const auto vertices = vertices_like(topology_, c.nodes);
    std::vector<std::vector<LinkId>> links(topology_.vertices().size());
    for (std::size_t l = 0; l < topology_.links().size(); ++l) {
      links[topology_.links()[l].from.index()].push_back(LinkId{l});
      links[topology_.links()[l].to.index()].push_back(LinkId{l});
    }
    for (const VertexId vertex : vertices) {
      Fault fault{.links = std::move(links[vertex.index()]), .down = c.off, .up = c.on};
      fault.draws = {
          .seed = seed_, .node = vertex.value, .purpose = Purpose::kFaults, .round = entry};
      fault.next = later(kStart, next_duration(c.on, fault.draws));
      faults_.push_back(std::move(fault));
    }
  }

  std::vector<Fault> faults() { return std::move(faults_); }

 private:
  template <class Outage>
  void add_outage(const Outage& c, std::vector<LinkId> links) {
    faults_.push_back({.links = std::move(links),
                       .next = kStart + c.at,
                       .times_left = 1,
                       .for_good = !c.lasting,
                       .down = ConstantDuration{c.lasting.value_or(Duration::max())}});
  }
  std::vector<bool> chosen(const std::vector<std::string>& patterns) const {
    std::vector<bool> inside(topology_.vertices().size());
    for (const std::string& pattern : patterns) {
      for (const VertexId vertex : vertices_like(topology_, pattern)) inside[vertex.index()] = true;
    }
    return inside;
  }
  template <class Predicate>
  std::vector<LinkId> links_where(Predicate predicate) const {
    std::vector<LinkId> links;
    for (std::size_t l = 0; l < topology_.links().size(); ++l) {
      if (predicate(topology_.links()[l])) links.push_back(LinkId{l});
    }
    return links;
  }

  const Topology& topology_;
  std::uint64_t seed_;
  std::vector<Fault> faults_;
};

}  // namespace

void Fault::step() {
  holds = !holds;
  if (holds) {
    if (times_left) --*times_left;
    next = for_good ? kNever : later(next, next_duration(down, draws));
  } else {
    next = times_left == 0 ? kNever : later(next, next_duration(up, draws));
  }
}

std::vector<Fault> make_faults(const FaultsConfig& config, const Topology& topology,
                               std::uint64_t seed) {
  Maker maker(topology, seed);
  for (std::size_t i = 0; i < config.size(); ++i) {
    std::visit([&](const auto& kind) { maker.make(kind, static_cast<std::uint32_t>(i)); },
               config[i]);
  }
  return maker.faults();
}

}  // namespace understudy
