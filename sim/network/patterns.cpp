#include "sim/network/patterns.hpp"

#include <fmt/format.h>

#include <string>
#include <unordered_set>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"

namespace understudy {
namespace {

constexpr std::string_view kBothWays = "<->";

std::string suggestion(std::string_view pattern, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(pattern, names);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

// The one or two patterns of directed links that a pattern stands for.
std::vector<std::string> directed(std::string_view pattern) {
  const std::size_t at = pattern.find(kBothWays);
  if (at == std::string_view::npos) return {std::string(pattern)};
  const std::string_view a = pattern.substr(0, at), b = pattern.substr(at + kBothWays.size());
  return {fmt::format("{}->{}", a, b), fmt::format("{}->{}", b, a)};
}

[[noreturn]] void fail_no_vertex(const Topology& topology, std::string_view name) {
  std::vector<std::string> names;
  for (const Vertex& vertex : topology.vertices()) names.push_back(vertex.name);
  throw ScenarioError(
      fmt::format("no vertex of the topology is called '{}'{}", name, suggestion(name, names)));
}

}  // namespace

// Greedy, going back to the last star only: linear in most cases, never worse than the product.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<LinkId> links_like(const Topology& topology, std::string_view pattern) {
  const std::vector<std::string> patterns = directed(pattern);
  std::vector<LinkId> found;
  std::vector<std::string> names;
  for (std::size_t l = 0; l < topology.links().size(); ++l) {
    const std::string name = topology.link_name(LinkId{l});
    bool is_match = false;
    for (const std::string& one : patterns) is_match = is_match || matches(one, name);
    if (is_match) found.push_back(LinkId{l});
    names.push_back(name);
  }
  if (found.empty()) {
    throw ScenarioError(fmt::format("no link of the topology is called '{}'{}", pattern,
                                    suggestion(patterns.front(), names)));
  }
  return found;
}

std::vector<VertexId> vertices_like(const Topology& topology, std::string_view pattern) {
  std::vector<VertexId> found;
  for (std::size_t v = 0; v < topology.vertices().size(); ++v) {
    if (matches(pattern, topology.vertices()[v].name)) found.push_back(VertexId{v});
  }
  if (found.empty()) fail_no_vertex(topology, pattern);
  return found;
}

VertexId vertex_called(const Topology& topology, std::string_view name) {
  for (std::size_t v = 0; v < topology.vertices().size(); ++v) {
    if (topology.vertices()[v].name == name) return VertexId{v};
  }
  fail_no_vertex(topology, name);
}

std::vector<LinkId> with_media(const Topology& topology, std::vector<LinkId> links) {
  std::unordered_set<MediumId> media;
  for (const LinkId id : links) {
    if (const auto medium = topology.links()[id.index()].medium) media.insert(*medium);
  }
  if (media.empty()) return links;
  const std::unordered_set<LinkId> chosen(links.begin(), links.end());
  links.clear();
  for (std::size_t l = 0; l < topology.links().size(); ++l) {
    const auto medium = topology.links()[l].medium;
    if (chosen.contains(LinkId{l}) || (medium && media.contains(*medium)))
      links.push_back(LinkId{l});
  }
  return links;
}

}  // namespace understudy
