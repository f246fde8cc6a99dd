#include "topologies/graphml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/text.hpp"

namespace understudy {
namespace {

constexpr std::size_t kMaxIdBytes = 200;

constexpr std::array<std::pair<std::string_view, GraphmlType>, 7> kTypes = {
    {{"boolean", GraphmlType::kBoolean},
     {"int", GraphmlType::kInt},
     {"integer", GraphmlType::kInt},
     {"long", GraphmlType::kLong},
     {"float", GraphmlType::kFloat},
     {"double", GraphmlType::kDouble},
     {"string", GraphmlType::kString}}};

enum class Element { kFile, kGraphml, kKey, kDefault, kGraph, kNode, kEdge, kData, kDesc };
struct Rule {
  std::string_view name;
  Element element;
  std::array<Element, 5> parents;  // kFile also fills the list up
};
constexpr std::array<Rule, 8> kRules = {
    {{"graphml", Element::kGraphml, {}},
     {"key", Element::kKey, {Element::kGraphml}},
     {"default", Element::kDefault, {Element::kKey}},
     {"graph", Element::kGraph, {Element::kGraphml}},
     {"node", Element::kNode, {Element::kGraph}},
     {"edge", Element::kEdge, {Element::kGraph}},
     {"data", Element::kData, {Element::kGraphml, Element::kGraph, Element::kNode, Element::kEdge}},
     {"desc",
      Element::kDesc,
      {Element::kGraphml, Element::kKey, Element::kGraph, Element::kNode, Element::kEdge}}}};

bool allows(const Rule& rule, Element parent) {
  if (parent == Element::kFile) return rule.element == Element::kGraphml;
  return std::find(rule.parents.begin(), rule.parents.end(), parent) != rule.parents.end();
}

template <class Integer>
bool reads_as(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Integer number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool reads_as(GraphmlType type, std::string_view text) {
  switch (type) {
    case GraphmlType::kBoolean:
      text = trim(text);
      return text == "true" || text == "false" || text == "1" || text == "0";
    case GraphmlType::kInt:
      return reads_as<std::int32_t>(text);
    case GraphmlType::kLong:
      return reads_as<std::int64_t>(text);
    case GraphmlType::kFloat:
    case GraphmlType::kDouble:
      return parse_number(text).has_value();
    case GraphmlType::kString:
      return true;
  }
  return false;
}

// The attributes of an element's tag, as expat lists them.
class Tag {
 public:
  Tag(std::string_view element, const char** list) : element_(element), list_(list) {}

  std::string_view element() const { return element_; }
  std::optional<std::string_view> find(std::string_view name) const {
    for (const char** at = list_; *at != nullptr; at += 2) {
      if (name == at[0]) return at[1];
    }
    return std::nullopt;
  }
  // Throws the rest of a sentence. Attributes of XML itself and hints for parsers say nothing.
  void allow(std::initializer_list<std::string_view> names) const {
    for (const char** at = list_; *at != nullptr; at += 2) {
      const std::string_view name = at[0];
      if (name == "xmlns" || name.find(':') != std::string_view::npos || name.starts_with("parse."))
        continue;
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      const std::string nearest = nearest_name(name, names);
      throw ScenarioError(
          fmt::format("<{}> has the unknown attribute {}{}", element_, quote(name),
                      nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
    }
  }
  std::string_view require(std::string_view name) const {
    const auto value = find(name);
    if (!value) throw ScenarioError(fmt::format("<{}> lacks the attribute '{}'", element_, name));
    if (value->empty())
      throw ScenarioError(fmt::format("the attribute '{}' of <{}> is empty", name, element_));
    if (value->size() > kMaxIdBytes) {
      throw ScenarioError(fmt::format("the attribute '{}' of <{}> has more than {} bytes", name,
                                      element_, kMaxIdBytes));
    }
    return *value;
  }

 private:
  std::string_view element_;
  const char** list_;
};

// expat calls its handlers, which throw sentences; guarded() adds the place and keeps them out of
// expat's C.
class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source), parser_(XML_ParserCreate(nullptr)) {
    UNDERSTUDY_CHECK(parser_ != nullptr);
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(),
        [](void* self, const char* name, const char** attributes) {
          of(self).guarded([&] { of(self).start(Tag(name, attributes)); });
        },
        [](void* self, const char*) { of(self).guarded([&] { of(self).end(); }); });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const char* text, int size) {
      of(self).guarded(
          [&] { of(self).characters(std::string_view(text, static_cast<std::size_t>(size))); });
    });
    XML_SetStartDoctypeDeclHandler(
        parser_.get(), [](void* self, const char*, const char*, const char*, int) {
          of(self).guarded(
              [] { throw ScenarioError("a document type (<!DOCTYPE>) has no place in a graph"); });
        });
  }

  GraphmlDocument read(std::string_view text) {
    if (text.size() > kMaxGraphmlBytes) {
      throw ScenarioError(fmt::format("{}: is larger than the {} bytes that a graph may have",
                                      source_, kMaxGraphmlBytes));
    }
    const auto status =
        XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
    if (error_) std::rethrow_exception(error_);
    if (status != XML_STATUS_OK) {
      fail(line(),
           fmt::format("is not XML ({})", XML_ErrorString(XML_GetErrorCode(parser_.get()))));
    }
    if (!has_graph_) fail(line(), "holds no <graph>");
    resolve_ends();
    return std::move(document_);
  }

 private:
  static Reader& of(void* self) { return *static_cast<Reader*>(self); }
  int line() const { return static_cast<int>(XML_GetCurrentLineNumber(parser_.get())); }
  [[noreturn]] void fail(int line, const std::string& sentence) const {
    throw ScenarioError(fmt::format("{}:{}: {}", source_, line, sentence));
  }

  template <class Handler>
  void guarded(const Handler& handler) {
    if (error_) return;  // expat may still end the element that it is in
    try {
      try {
        handler();
      } catch (const ScenarioError& problem) {
        fail(line(), problem.what());
      }
    } catch (...) {
      error_ = std::current_exception();
      XML_StopParser(parser_.get(), XML_FALSE);
    }
  }

  void start(const Tag& tag) {
    const Element parent = open_.empty() ? Element::kFile : open_.back();
    const auto* rule = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) {
      return r.name == tag.element() && allows(r, parent);
    });
    if (rule == kRules.end()) refuse(tag.element(), parent);
    open_.push_back(rule->element);
    text_.clear();
    switch (rule->element) {
      case Element::kKey:
        return start_key(tag);
      case Element::kGraph:
        return start_graph(tag);
      case Element::kNode:
        return start_node(tag);
      case Element::kEdge:
        return start_edge(tag);
      case Element::kData:
        return start_data(tag);
      default:
        return tag.allow({});
    }
  }

  [[noreturn]] void refuse(std::string_view element, Element parent) const {
    if (element == "graph" && (parent == Element::kNode || parent == Element::kEdge))
      throw ScenarioError("graphs within nodes or edges are not supported");
    if (element == "hyperedge") throw ScenarioError("hyperedges are not supported");
    if (element == "port") throw ScenarioError("ports are not supported");
    const auto* outer = std::find_if(kRules.begin(), kRules.end(),
                                     [&](const Rule& rule) { return rule.element == parent; });
    if (outer == kRules.end())
      throw ScenarioError(
          fmt::format("is not GraphML: begins with <{}>, not <graphml>", shown(element)));
    if (parent == Element::kData || parent == Element::kDefault || parent == Element::kDesc) {
      throw ScenarioError(
          fmt::format("<{}> holds <{}>, and only text is supported", outer->name, shown(element)));
    }
    throw ScenarioError(fmt::format("<{}> has no place in <{}>", shown(element), outer->name));
  }
  static std::string shown(std::string_view element) {
    const std::string quoted = quote(element);
    return quoted.substr(1, quoted.size() - 2);
  }

  void start_key(const Tag& tag) {
    tag.allow({"id", "for", "attr.name", "attr.type"});
    if (document_.keys.size() >= kMaxGraphmlKeys)
      throw ScenarioError(fmt::format("declares more than {} keys", kMaxGraphmlKeys));
    const std::string id(tag.require("id"));
    if (!keys_.emplace(id, document_.keys.size()).second)
      throw ScenarioError(fmt::format("the key {} is declared twice", quote(id)));
    if (!tag.find("attr.name")) {
      throw ScenarioError(fmt::format(
          "the key {} has no attr.name: only attributes of simple types are supported", quote(id)));
    }
    GraphmlKey key{.name = std::string(tag.require("attr.name")),
                   .type = type_of(tag.find("attr.type").value_or("string")),
                   .line = line()};
    set_domain(key, tag.find("for").value_or("all"));
    for (const GraphmlKey& other : document_.keys) {
      if (key.name != other.name) continue;
      if ((key.of_nodes && other.of_nodes) || (key.of_edges && other.of_edges)) {
        throw ScenarioError(
            fmt::format("the attribute {} of {} is declared twice, first in line {}",
                        quote(key.name), key.of_nodes ? "nodes" : "edges", other.line));
      }
    }
    document_.keys.push_back(std::move(key));
  }

  static GraphmlType type_of(std::string_view name) {
    std::vector<std::string_view> known;
    for (const auto& [text, type] : kTypes) {
      if (text == name) return type;
      known.push_back(text);
    }
    throw ScenarioError(
        fmt::format("{} is no type of GraphML (one of {})", quote(name), fmt::join(known, ", ")));
  }

  static void set_domain(GraphmlKey& key, std::string_view domain) {
    constexpr std::array<std::string_view, 7> domains = {"all",       "graph", "node",    "edge",
                                                         "hyperedge", "port",  "endpoint"};
    if (std::find(domains.begin(), domains.end(), domain) == domains.end()) {
      throw ScenarioError(fmt::format("{} is nothing that a key could be for (one of {})",
                                      quote(domain), fmt::join(domains, ", ")));
    }
    key.of_nodes = domain == "all" || domain == "node";
    key.of_edges = domain == "all" || domain == "edge";
  }

  void start_graph(const Tag& tag) {
    tag.allow({"id", "edgedefault"});
    if (std::exchange(has_graph_, true)) throw ScenarioError("holds more than one <graph>");
    const std::string_view edges = tag.require("edgedefault");
    if (edges != "directed" && edges != "undirected") {
      throw ScenarioError(
          fmt::format("edgedefault is directed or undirected, not {}", quote(edges)));
    }
    document_.directed = edges == "directed";
  }

  void start_node(const Tag& tag) {
    tag.allow({"id"});
    if (document_.nodes.size() >= kMaxGraphmlNodes)
      throw ScenarioError(fmt::format("has more than {} nodes", kMaxGraphmlNodes));
    const std::string id(tag.require("id"));
    const auto [other, is_new] = nodes_.emplace(id, document_.nodes.size());
    if (!is_new) {
      throw ScenarioError(fmt::format("two nodes have the id {}, the first in line {}", quote(id),
                                      document_.nodes[other->second].line));
    }
    document_.nodes.push_back({.id = id, .line = line()});
    attributes_ = &document_.nodes.back().attributes;
  }

  void start_edge(const Tag& tag) {
    tag.allow({"id", "source", "target", "directed", "sourceport", "targetport"});
    if (tag.find("sourceport") || tag.find("targetport"))
      throw ScenarioError("ports are not supported");
    if (document_.edges.size() >= kMaxGraphmlEdges)
      throw ScenarioError(fmt::format("has more than {} edges", kMaxGraphmlEdges));
    const std::string_view directed =
        tag.find("directed").value_or(document_.directed ? "true" : "false");
    if (!reads_as(GraphmlType::kBoolean, directed))
      throw ScenarioError(fmt::format("directed is true or false, not {}", quote(directed)));
    document_.edges.push_back(
        {.directed = trim(directed) == "true" || trim(directed) == "1", .line = line()});
    ends_.emplace_back(tag.require("source"), tag.require("target"));
    attributes_ = &document_.edges.back().attributes;
  }

  void start_data(const Tag& tag) {
    tag.allow({"key", "id"});
    const std::string id(tag.require("key"));
    const auto found = keys_.find(id);
    if (found == keys_.end()) {
      std::vector<std::string_view> known;
      for (const auto& [key, index] : keys_) known.emplace_back(key);
      std::sort(known.begin(), known.end());
      const std::string nearest = nearest_name(id, known);
      throw ScenarioError(
          fmt::format("no key {} is declared above{}", quote(id),
                      nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
    }
    key_ = found->second;
    const GraphmlKey& key = document_.keys[key_];
    const Element owner = open_[open_.size() - 2];
    if ((owner == Element::kNode && !key.of_nodes) || (owner == Element::kEdge && !key.of_edges)) {
      throw ScenarioError(fmt::format("the key {} is not declared for {}", quote(id),
                                      owner == Element::kNode ? "nodes" : "edges"));
    }
  }

  void characters(std::string_view text) {
    const Element element = open_.back();
    if (element == Element::kData || element == Element::kDefault) {
      if (text_.size() + text.size() > kMaxGraphmlText)
        throw ScenarioError(fmt::format("a text has more than {} bytes", kMaxGraphmlText));
      text_ += text;
    } else if (element != Element::kDesc && !trim(text).empty()) {
      throw ScenarioError(fmt::format("the text {} stands outside of <data>", quote(trim(text))));
    }
  }

  void end() {
    const Element element = open_.back();
    open_.pop_back();
    if (element == Element::kDefault) {
      GraphmlKey& key = document_.keys.back();
      require_type(key);
      if (key.fallback) throw ScenarioError("a key has more than one <default>");
      key.fallback = std::move(text_);
    } else if (element == Element::kData) {
      require_type(document_.keys[key_]);
      if (open_.back() == Element::kNode || open_.back() == Element::kEdge) keep_attribute();
    }
    text_.clear();
  }

  void require_type(const GraphmlKey& key) const {
    if (reads_as(key.type, text_)) return;
    throw ScenarioError(fmt::format("the attribute {} is of type {}, and {} is not",
                                    quote(key.name), name(key.type), quote(text_)));
  }

  void keep_attribute() {
    for (const GraphmlAttribute& other : *attributes_) {
      if (other.key == key_) {
        throw ScenarioError(
            fmt::format("the attribute {} is given twice", quote(document_.keys[key_].name)));
      }
    }
    attributes_->push_back({key_, std::move(text_)});
  }

  // Edges may stand before the nodes that they join.
  void resolve_ends() {
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      GraphmlEdge& edge = document_.edges[i];
      edge.source = resolve(ends_[i].first, edge.line);
      edge.target = resolve(ends_[i].second, edge.line);
    }
  }
  std::size_t resolve(const std::string& id, int line) const {
    if (const auto found = nodes_.find(id); found != nodes_.end()) return found->second;
    fail(line, fmt::format("the edge leads to {}, and no node has this id", quote(id)));
  }

  const std::string& source_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>,
                  decltype([](XML_Parser p) { XML_ParserFree(p); })>
      parser_;
  std::exception_ptr error_;
  GraphmlDocument document_;
  bool has_graph_ = false;
  std::vector<Element> open_;
  std::unordered_map<std::string, std::size_t> keys_, nodes_;  // by id
  std::vector<std::pair<std::string, std::string>> ends_;      // ids of each edge's nodes
  std::size_t key_ = 0;                                        // of the data being read
  std::string text_;                                           // so far, of data or a default
  std::vector<GraphmlAttribute>* attributes_ = nullptr;        // of the element being read
};

const std::string* value_of(const GraphmlDocument& document,
                            const std::vector<GraphmlAttribute>& attributes,
                            std::optional<std::size_t> key) {
  if (!key) return nullptr;
  for (const GraphmlAttribute& attribute : attributes) {
    if (attribute.key == *key) return &attribute.text;
  }
  const auto& fallback = document.keys[*key].fallback;
  return fallback ? &*fallback : nullptr;
}

std::optional<std::size_t> key_of(const std::vector<GraphmlKey>& keys, std::string_view name,
                                  bool GraphmlKey::*domain) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].*domain && keys[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(GraphmlType type) {
  for (const auto& [text, known] : kTypes) {
    if (known == type) return text;
  }
  return {};
}

bool is_number(GraphmlType type) {
  return type != GraphmlType::kBoolean && type != GraphmlType::kString;
}

std::optional<std::size_t> GraphmlDocument::node_key(std::string_view name) const {
  return key_of(keys, name, &GraphmlKey::of_nodes);
}
std::optional<std::size_t> GraphmlDocument::edge_key(std::string_view name) const {
  return key_of(keys, name, &GraphmlKey::of_edges);
}
const std::string* GraphmlDocument::value(const GraphmlNode& node,
                                          std::optional<std::size_t> key) const {
  return value_of(*this, node.attributes, key);
}
const std::string* GraphmlDocument::value(const GraphmlEdge& edge,
                                          std::optional<std::size_t> key) const {
  return value_of(*this, edge.attributes, key);
}

GraphmlDocument parse_graphml(std::string_view text, const std::string& source) {
  return Reader(source).read(text);
}

}  // namespace understudy
