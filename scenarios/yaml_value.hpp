// YAML as a plain value tree in which every value knows where it was written. Strict and bounded:
// one document, no anchors, aliases, tags or duplicate keys.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/text.hpp"

namespace understudy {

inline constexpr std::size_t kMaxYamlBytes = 1 << 20;
inline constexpr int kMaxYamlDepth = 32;

struct YamlEntry;

struct YamlValue {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool implied = false;            // a section that only a dotted key within it has made
  bool quoted = false;             // a scalar in quotes is text, never a number
  std::string text;                // of a scalar
  std::vector<YamlValue> items;    // of a list
  std::vector<YamlEntry> entries;  // of a map, in the order written
  int line = 0;  // 1..; of the key, where the value has one; 0: from the command line

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // Null where this is no map or has no such key.
  const YamlValue* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  YamlValue value;
};

// Where they were written is no part of what they are.
bool operator==(const YamlValue& a, const YamlValue& b);

// A scenario file with what was set on top of it.
struct Document {
  std::string source;             // the file's name, as error messages show it
  YamlValue root;                 // always a map
  std::set<std::string> fixed;    // dotted keys that --set gave: a sweep leaves them alone
  std::set<std::string> swept{};  // dotted keys that the sweep gave this run
};

// Both throw ScenarioError: unreadable, too large, too deep, or not a YAML map.
Document load_document(const std::string& path);
Document parse_document(std::string_view text, const std::string& source);

// One value, as after --set key=. Its lines count from `line`. Throws ScenarioError, starting with
// `where`.
YamlValue parse_value(std::string_view text, const std::string& where);

// The value at a dotted key ("topology.inter.latency", "workload.flows[0].bytes"); null where there
// is none.
const YamlValue* find(const YamlValue& root, std::string_view key);

// Puts a value at a dotted key, making maps on the way; a null value removes what is there, so that
// the default holds again. Throws std::invalid_argument, whose what() is a sentence about the key.
void assign(YamlValue& root, std::string_view key, const YamlValue& value);

// Whether a dotted key names something inside of what another one names.
bool lies_within(std::string_view key, std::string_view outer);

// One --set argument: "section.key=value", the value in YAML. Throws ScenarioError.
void apply_set(Document& document, std::string_view argument);

// "file:line:key", for the start of an error; "--set key" for what the command line gave. A key
// that the document lacks shows the line of the closest section around it.
std::string locate(const Document& document, std::string_view key);

// On one line, in flow style. Reads back as an equal value.
std::string to_text(const YamlValue& value);

// Throws ScenarioError, starting with `where` and the line if it is not 0, where the text is not
// UTF-8, which JSON and HTML could not carry.
void require_utf8(std::string_view text, const std::string& where, int line = 0);

}  // namespace understudy
