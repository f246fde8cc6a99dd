// Files of a test's own, and questions to topologies made of them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "topologies/topology.hpp"

namespace understudy {

class TemporaryTextFile {
 public:
  explicit TemporaryTextFile(const std::string& text)
      : path_(testing::TempDir() + "/understudy-" + std::to_string(::getpid()) + "-" +
              std::to_string(count_++)) {
    write(text);
  }
  ~TemporaryTextFile() { std::filesystem::remove(path_); }
  TemporaryTextFile(const TemporaryTextFile&) = delete;
  TemporaryTextFile& operator=(const TemporaryTextFile&) = delete;

  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  const std::string& path() const { return path_; }

 private:
  inline static int count_ = 0;
  std::string path_;
};

inline std::vector<std::string> names_of(const Topology& topology) {
  std::vector<std::string> names;
  for (const Vertex& vertex : topology.vertices()) names.push_back(vertex.name);
  return names;
}

inline std::vector<std::string> links_of(const Topology& topology) {
  std::vector<std::string> names;
  for (std::size_t l = 0; l < topology.links().size(); ++l)
    names.push_back(topology.link_name(LinkId{l}));
  return names;
}

// The first of this name.
inline const Link& link_called(const Topology& topology, const std::string& name) {
  for (std::size_t l = 0; l < topology.links().size(); ++l) {
    if (topology.link_name(LinkId{l}) == name) return topology.links()[l];
  }
  ADD_FAILURE() << "no link " << name;
  static const Link none{};
  return none;
}
inline Bandwidth bandwidth_of(const Topology& topology, const std::string& link) {
  return link_called(topology, link).bandwidth;
}

inline Duration latency_of_way(const Topology& topology, VertexId from, VertexId to) {
  Duration sum{0};
  for (const LinkId id : topology.route(from, to)) sum += topology.links()[id.index()].latency;
  return sum;
}

}  // namespace understudy
