#include "scenarios/yaml_value.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

// A dotted key in steps: names and, in brackets, positions in lists. Everything after "sweep." is
// one name, because the sweep's own keys are dotted.
struct Step {
  std::string name;
  std::size_t index = 0;
  bool is_index = false;
};

Step parse_index(std::string_view bracket, std::string_view key) {
  Step step{.name = {}, .index = 0, .is_index = true};
  const auto [end, error] =
      std::from_chars(bracket.data(), bracket.data() + bracket.size(), step.index);
  if (error != std::errc{} || end != bracket.data() + bracket.size()) {
    throw std::invalid_argument(fmt::format("{} has no number between its brackets", quote(key)));
  }
  return step;
}

// "[0][1]": nothing but whole brackets.
void parse_brackets(std::string_view text, std::string_view key, std::vector<Step>& steps) {
  while (!text.empty()) {
    const std::size_t close = text.find(']');
    if (text.front() != '[' || close == std::string_view::npos) {
      throw std::invalid_argument(
          fmt::format("{} has brackets that do not stand as in flows[0].bytes", quote(key)));
    }
    steps.push_back(parse_index(text.substr(1, close - 1), key));
    text.remove_prefix(close + 1);
  }
}

std::vector<Step> split(std::string_view key) {
  std::vector<Step> steps;
  std::string_view rest = key;
  while (true) {
    const bool last = steps.size() == 1 && steps.front().name == "sweep";
    const std::size_t dot = last ? std::string_view::npos : rest.find('.');
    const std::string_view name = rest.substr(0, dot);
    const std::size_t bracket = last ? std::string_view::npos : name.find('[');
    if (name.empty() || bracket == 0)
      throw std::invalid_argument(fmt::format("{} is not a dotted key", quote(key)));
    steps.push_back({.name = std::string(name.substr(0, bracket)), .index = 0, .is_index = false});
    if (bracket != std::string_view::npos) parse_brackets(name.substr(bracket), key, steps);
    if (dot == std::string_view::npos) return steps;
    rest.remove_prefix(dot + 1);
  }
}

YamlEntry* find_entry(YamlValue& map, std::string_view key) {
  const auto it = std::find_if(map.entries.begin(), map.entries.end(),
                               [&](const YamlEntry& e) { return e.key == key; });
  return it == map.entries.end() ? nullptr : &*it;
}

// The value that a step leads to from `at`, made where a map lacks it.
YamlValue& descend(YamlValue& at, const Step& step, std::string_view key) {
  if (step.is_index) {
    if (!at.is_list() || step.index >= at.items.size()) {
      throw std::invalid_argument(fmt::format("{} has no item {}", quote(key), step.index));
    }
    return at.items[step.index];
  }
  if (at.is_null()) at.kind = YamlValue::Kind::kMap;
  if (!at.is_map()) {
    throw std::invalid_argument(fmt::format("{} asks for {} inside a value that is no section",
                                            quote(key), quote(step.name)));
  }
  if (YamlEntry* entry = find_entry(at, step.name)) return entry->value;
  at.entries.push_back({step.name, {}});
  return at.entries.back().value;
}

const YamlValue* descend(const YamlValue& at, const Step& step) {
  if (!step.is_index) return at.find(step.name);
  return at.is_list() && step.index < at.items.size() ? &at.items[step.index] : nullptr;
}

void remove(YamlValue& root, const std::vector<Step>& steps, std::string_view key) {
  if (steps.back().is_index) {
    throw std::invalid_argument(
        fmt::format("{} is an item of a list, which can't be removed", quote(key)));
  }
  YamlValue* at = &root;
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    if (!steps[i].is_index && find_entry(*at, steps[i].name) == nullptr) return;
    at = &descend(*at, steps[i], key);
  }
  std::erase_if(at->entries, [&](const YamlEntry& e) { return e.key == steps.back().name; });
}

bool is_plain(const YamlValue& value) {
  if (value.quoted || value.text.empty() || value.text == "-") return false;
  const auto ordinary = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '/' || c == '+' || c == '-' || c == '%';
  };
  const std::string& text = value.text;
  return text != "null" && text != "Null" && text != "NULL" && text.front() != '%' &&
         std::all_of(text.begin(), text.end(), ordinary);
}

}  // namespace

const YamlValue* YamlValue::find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const YamlEntry& e) { return e.key == key; });
  return it == entries.end() ? nullptr : &it->value;
}

bool operator==(const YamlValue& a, const YamlValue& b) {
  const auto same_entry = [](const YamlEntry& x, const YamlEntry& y) {
    return x.key == y.key && x.value == y.value;
  };
  return a.kind == b.kind && a.quoted == b.quoted && a.text == b.text && a.items == b.items &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    same_entry);
}

const YamlValue* find(const YamlValue& root, std::string_view key) {
  const YamlValue* at = &root;
  for (const Step& step : split(key)) {
    at = descend(*at, step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

void assign(YamlValue& root, std::string_view key, const YamlValue& value) {
  const std::vector<Step> steps = split(key);
  if (value.is_null()) return remove(root, steps, key);
  YamlValue* at = &root;
  for (const Step& step : steps) {
    at = &descend(*at, step, key);
    if (!at->is_null()) continue;
    at->line = value.line;
    at->implied = true;
  }
  *at = value;
}

void apply_set(Document& document, std::string_view argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw ScenarioError(
        fmt::format("--set {}: is not of the form section.key=value", quote(argument)));
  }
  const std::string key(argument.substr(0, equals));
  if (!std::all_of(key.begin(), key.end(), is_printable)) {
    throw ScenarioError(fmt::format("--set {}: no key holds such characters", quote(argument)));
  }
  YamlValue value = parse_value(argument.substr(equals + 1), "--set " + key);
  try {
    assign(document.root, key, value);
  } catch (const std::invalid_argument& problem) {
    throw ScenarioError(fmt::format("--set {}: {}", key, problem.what()));
  }
  if (key != "sweep" && !lies_within(key, "sweep")) document.fixed.insert(key);
}

bool lies_within(std::string_view key, std::string_view outer) {
  return key.size() > outer.size() && key.starts_with(outer) &&
         (key[outer.size()] == '.' || key[outer.size()] == '[');
}

std::string locate(const Document& document, std::string_view key) {
  int line = -1;
  const YamlValue* at = &document.root;
  for (const Step& step : split(key)) {
    at = descend(*at, step);
    if (at == nullptr) break;
    line = at->line;
  }
  if (line == 0) return fmt::format("--set {}", key);
  return fmt::format("{}:{}:{}", document.source, std::max(line, 1), key);
}

std::string to_text(const YamlValue& value) {
  std::string out;
  switch (value.kind) {
    case YamlValue::Kind::kNull:
      return "null";
    case YamlValue::Kind::kScalar:
      return is_plain(value) ? value.text : fmt::format("\"{}\"", escape(value.text));
    case YamlValue::Kind::kList:
      for (const YamlValue& item : value.items) out += (out.empty() ? "" : ", ") + to_text(item);
      return "[" + out + "]";
    case YamlValue::Kind::kMap:
      for (const YamlEntry& e : value.entries)
        out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", e.key, to_text(e.value));
      return "{" + out + "}";
  }
  return out;
}

}  // namespace understudy
