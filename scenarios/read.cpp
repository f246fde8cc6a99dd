// Strict reading: YAML values into a scenario, by its description.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/errors.hpp"
#include "runtime/base/file_path.hpp"
#include "runtime/base/nearest.hpp"
#include "scenarios/describe/measures.hpp"
#include "scenarios/describe/scenario.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

std::string describe_kind(const YamlValue& value) {
  if (value.is_scalar()) return quote(value.text) + " is a single value";
  if (value.is_list()) return "is a list";
  return value.is_map() ? "is a map" : "has no value";
}

// "did you mean" where a name is close, all the names where none is.
template <class Names>
std::string suggestion(std::string_view word, const Names& known) {
  const std::string nearest = nearest_name(word, known);
  if (!nearest.empty()) return fmt::format("; did you mean '{}'?", nearest);
  return fmt::format(" (one of {})", fmt::join(known, ", "));
}

// What is at one path, and how to complain about it.
struct At {
  const Document& document;
  const YamlValue& value;
  std::string path;

  [[noreturn]] void fail(const std::string& sentence) const {
    const std::string where = value.line == 0
                                  ? "--set " + path
                                  : fmt::format("{}:{}:{}", document.source, value.line, path);
    throw ScenarioError(where + ": " + sentence);
  }
  [[noreturn]] void fail_value(const std::string& rest) const {
    fail(quote(value.text) + " " + rest);
  }
  At key(const std::string& name, const YamlValue& v) const {
    return {document, v, path.empty() ? name : path + "." + name};
  }
  At item(std::size_t i) const {
    return {document, value.items[i], fmt::format("{}[{}]", path, i)};
  }

  const std::string& scalar(const char* what) const {
    if (!value.is_scalar()) fail(fmt::format("{}, where {} belongs", describe_kind(value), what));
    return value.text;
  }
  // A scalar that is no text in quotes.
  const std::string& plain(const char* what) const {
    const std::string& text = scalar(what);
    if (value.quoted) fail_value(fmt::format("is text, where {} belongs", what));
    return text;
  }
  void require_map(const char* what) const {
    if (!value.is_map()) fail(fmt::format("{}, where {} belongs", describe_kind(value), what));
  }
  void require_list() const {
    if (!value.is_list()) fail(describe_kind(value) + ", where a list belongs");
  }
};

template <class Number>
Number parse_number(const At& at, const char* what) {
  const std::string& text = at.plain(what);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    const bool is_small =
        std::is_floating_point_v<Number> && std::abs(std::strtod(text.c_str(), nullptr)) < 1;
    at.fail_value(is_small ? "is too small to be told from zero" : "is too large");
  }
  if (error != std::errc{} || end != text.data() + text.size())
    at.fail_value(fmt::format("is not {}", what));
  return number;
}

void require_within(const At& at, double value, const Limits& limits, const char* unit) {
  const auto shown = [&](double bound) { return fmt::format("{}{}", bound, unit); };
  if (!std::isfinite(value)) at.fail_value("is not a finite number");
  if (value < limits.min)
    at.fail_value(limits.min == 0 ? "must not be negative"
                                  : "must be at least " + shown(limits.min));
  if (value <= limits.above) {
    at.fail_value(limits.above == 0 ? "must be greater than zero"
                                    : "must be greater than " + shown(limits.above));
  }
  if (value > limits.max) at.fail_value("must be at most " + shown(limits.max));
  if (value >= limits.below) at.fail_value("must be less than " + shown(limits.below));
}

// Runs a parser of units, whose exception holds the rest of the sentence.
template <class Parse>
auto with_unit(const At& at, const char* what, Parse parse) {
  const std::string& text = at.scalar(what);
  try {
    return parse(text);
  } catch (const std::invalid_argument& problem) {
    at.fail_value(problem.what());
  }
}

void read(const At& at, bool& out, const Limits&) {
  const std::string& text = at.plain("true or false");
  if (text != "true" && text != "false") at.fail_value("is neither true nor false");
  out = text == "true";
}

template <class Int>
requires std::same_as<Int, int> || std::same_as<Int, std::uint64_t>
void read(const At& at, Int& out, const Limits& limits) {
  const std::string& text = at.plain("a whole number");
  if (std::is_unsigned_v<Int> && text.starts_with('-')) at.fail_value("must not be negative");
  out = parse_number<Int>(at, "a whole number");
  require_within(at, static_cast<double>(out), limits, "");
}

void read(const At& at, double& out, const Limits& limits) {
  switch (limits.measure) {
    case Measure::kPlain:
      out = parse_number<double>(at, "a number");
      break;
    case Measure::kFraction:
      out = with_unit(at, "a fraction", parse_fraction);
      break;
    case Measure::kFlops:
      out = with_unit(at, "a rate such as 10Tflop/s", parse_flops);
      break;
    case Measure::kByteRate:
      out = with_unit(at, "a rate such as 700GB/s", parse_byte_rate);
      break;
  }
  require_within(at, out, limits, "");
}

void read(const At& at, std::string& out, const Limits& limits) {
  out = at.scalar("a name");
  if (limits.names.empty()) return;
  std::vector<std::string_view> known;
  for (const NameDoc& entry : limits.names) known.emplace_back(entry.name);
  if (std::find(known.begin(), known.end(), out) == known.end())
    at.fail_value("is not known" + suggestion(out, known));
}

// As it is named, or else beside the scenario.
void read(const At& at, FilePath& out, const Limits&) {
  namespace fs = std::filesystem;
  const std::string& text = at.scalar("a file's name");
  const fs::path beside = fs::path(at.document.source).parent_path() / text;
  std::error_code ignored;
  for (const fs::path& path : {fs::path(text), beside}) {
    if (!fs::is_regular_file(path, ignored)) continue;
    out.path = path.string();
    return;
  }
  at.fail_value("is no file that could be read");
}

void read(const At& at, Duration& out, const Limits& limits) {
  out = with_unit(at, "a time", parse_duration);
  require_within(at, to_seconds(out), limits, "s");
}
void read(const At& at, Bandwidth& out, const Limits& limits) {
  out = with_unit(at, "a rate", parse_bandwidth);
  require_within(at, out.bits_per_s, limits, "bit/s");
}
void read(const At& at, Bytes& out, const Limits& limits) {
  out = with_unit(at, "a size", parse_bytes);
  require_within(at, static_cast<double>(out.count), limits, "B");
}
void read(const At& at, Comparison& out, const Limits&) {
  out = with_unit(at, "a comparison", parse_comparison);
}
void read(const At& at, YamlValue& out, const Limits&) { out = at.value; }

template <class Enum>
requires std::is_enum_v<Enum>
void read(const At& at, Enum& out, const Limits&) {
  const std::string& text = at.scalar("a name");
  std::vector<std::string_view> known;
  for (const auto& entry : names(Enum{})) {
    if (text == entry.name) {
      out = entry.value;
      return;
    }
    known.emplace_back(entry.name);
  }
  at.fail_value("is not known" + suggestion(text, known));
}

// Declared before their use in one another; the archive calls read() for every member.
template <class T>
void read(const At& at, std::optional<T>& out, const Limits& limits);
template <class T>
void read(const At& at, std::vector<T>& out, const Limits& limits);
template <class T>
void read(const At& at, std::map<std::string, T>& out, const Limits& limits);
template <class... Kinds>
void read(const At& at, std::variant<Kinds...>& out, const Limits& limits);
template <class Struct>
requires std::is_class_v<Struct>
void read(const At& at, Struct& out, const Limits&);

// The archive: takes the fields that the map has and remembers the names of all.
class MapReader {
 public:
  explicit MapReader(const At& at) : at_(at) {}

  template <class T>
  void field(const char* key, T& member, const char*, const Limits& limits = {}) {
    known_.emplace_back(key);
    if (const YamlValue* value = at_.value.find(key)) {
      if (value->is_null()) at_.key(key, *value).fail("has no value");
      read(at_.key(key, *value), member, limits);
    }
  }

  void require_no_other(const std::string& owner) const {
    for (const YamlEntry& entry : at_.value.entries) {
      if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
      At at = at_.key(entry.key, entry.value);
      if (known_.size() == 1 && known_.front() == "kind")
        at.fail(owner + " has no keys of its own");
      at.fail(owner + " has no such key" + suggestion(entry.key, known_));
    }
  }
  void allow(std::string_view key) { known_.push_back(key); }

 private:
  const At& at_;
  std::vector<std::string_view> known_;
};

std::string last_name(const std::string& path) {
  std::string name = path.substr(path.rfind('.') + 1);
  return name.empty() ? "a scenario" : "'" + name + "'";
}

template <class T>
void read(const At& at, std::optional<T>& out, const Limits& limits) {
  T value{};
  read(at, value, limits);
  out = value;
}

template <class T>
void read(const At& at, std::vector<T>& out, const Limits& limits) {
  at.require_list();
  if (at.value.items.empty()) at.fail("is an empty list");
  out.assign(at.value.items.size(), T{});
  for (std::size_t i = 0; i < out.size(); ++i) read(at.item(i), out[i], limits);
}

template <class T>
void read(const At& at, std::map<std::string, T>& out, const Limits& limits) {
  at.require_map("a map of names");
  for (const YamlEntry& entry : at.value.entries) {
    const auto ordinary = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    };
    const At inner = at.key(entry.key, entry.value);
    if (entry.key.empty() || !std::all_of(entry.key.begin(), entry.key.end(), ordinary)) {
      inner.fail("a name is made of letters, digits, '_' and '-'");
    }
    read(inner, out[entry.key], limits);
  }
}

// Makes the kind that the map names current, with its defaults, unless it is current already.
template <std::size_t I = 0, class... Kinds>
void choose(std::variant<Kinds...>& out, std::size_t index) {
  if constexpr (I < sizeof...(Kinds)) {
    if (I != index) return choose<I + 1>(out, index);
    if (out.index() != I) out.template emplace<I>();
  }
}

// The keys of a struct.
struct KeyCollector {
  std::vector<std::string_view> keys;
  template <class T>
  void field(const char* key, T&, const char*, const Limits& = {}) {
    keys.emplace_back(key);
  }
};

// Where a kind was chosen over the file's, what the file says for its own kind is left aside.
template <class... Kinds>
void allow_other_kinds(const At& at, MapReader& archive, const std::variant<Kinds...>&) {
  const std::string kind = at.path + ".kind";
  if (!at.document.fixed.contains(kind) && !at.document.swept.contains(kind)) return;
  const auto allow = [&]<class Kind>(Kind other) {
    KeyCollector collector;
    describe(collector, other);
    for (const std::string_view key : collector.keys) archive.allow(key);
  };
  (allow(Kinds{}), ...);
}

template <class... Kinds>
void read(const At& at, std::variant<Kinds...>& out, const Limits&) {
  using Variant = std::variant<Kinds...>;
  constexpr std::span<const NameDoc> known = kinds(static_cast<const Variant*>(nullptr));
  static_assert(known.size() == sizeof...(Kinds));
  at.require_map("a map with a 'kind'");
  std::vector<std::string_view> kind_names;
  for (const NameDoc& kind : known) kind_names.emplace_back(kind.name);
  const YamlValue* chosen = at.value.find("kind");
  if (chosen != nullptr) {
    const At kind = at.key("kind", *chosen);
    const std::string& name = kind.scalar("a name");
    const auto it = std::find(kind_names.begin(), kind_names.end(), name);
    if (it == kind_names.end()) kind.fail_value("is not known" + suggestion(name, kind_names));
    choose(out, static_cast<std::size_t>(it - kind_names.begin()));
  } else if (known.size() > 1 && !at.value.implied) {
    at.fail(fmt::format("needs a 'kind' (one of {})", fmt::join(kind_names, ", ")));
  }
  MapReader archive(at);
  archive.allow("kind");
  std::visit([&](auto& config) { describe(archive, config); }, out);
  allow_other_kinds(at, archive, out);
  archive.require_no_other(fmt::format("the kind {}", known[out.index()].name));
}

// Reads the field that may stand for the whole, by its own limits.
struct ShortFormReader {
  const At& at;
  const void* wanted;
  template <class T>
  void field(const char*, T& member, const char*, const Limits& limits = {}) {
    if (static_cast<const void*>(&member) == wanted) read(at, member, limits);
  }
};
template <class Struct>
void read_short_form(const At& at, Struct& out) {
  ShortFormReader reader{at, &short_form(out)};
  describe(reader, out);
}

template <class Struct>
requires std::is_class_v<Struct>
void read(const At& at, Struct& out, const Limits&) {
  if constexpr (requires { short_form(out); }) {
    if (at.value.is_scalar()) return read_short_form(at, out);
  }
  at.require_map("a map");
  MapReader archive(at);
  describe(archive, out);
  archive.require_no_other(last_name(at.path));
}

using Json = nlohmann::ordered_json;

// What a dotted key's next name can lead to, whatever kinds are chosen on the way; `known` gets the
// names there are.
std::vector<const Json*> step_into(const std::vector<const Json*>& schemas, const std::string& name,
                                   std::set<std::string>& known) {
  std::vector<const Json*> found;
  const auto look = [&](const Json& schema) {
    if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
      found.push_back(&schema["additionalProperties"]);
    if (!schema.contains("properties")) return;
    for (const auto& [key, property] : schema["properties"].items()) {
      known.insert(key);
      if (key == name) found.push_back(&property);
    }
  };
  for (const Json* schema : schemas) {
    look(*schema);
    for (const char* alternatives : {"oneOf", "anyOf"}) {
      if (!schema->contains(alternatives)) continue;
      for (const Json& kind : (*schema)[alternatives]) look(kind);
    }
  }
  return found;
}

// A key that --set took out leaves nothing to read, and so nothing that would show that it is none.
void require_known(const std::string& key) {
  static const Json schema = scenario_schema();
  std::vector<const Json*> at{&schema};
  for (std::size_t begin = 0, end = 0; end < key.size(); begin = end + 1) {
    end = std::min(key.find('.', begin), key.size());
    std::string name = key.substr(begin, end - begin);
    const auto depth = std::count(name.begin(), name.end(), '[');
    name = name.substr(0, name.find('['));
    std::set<std::string> known;
    at = step_into(at, name, known);
    for (std::ptrdiff_t i = 0; i < depth; ++i) {
      std::erase_if(at, [](const Json* list) { return !list->contains("items"); });
      for (const Json*& list : at) list = &(*list)["items"];
    }
    if (!at.empty()) continue;
    const std::string owner = last_name(key.substr(0, begin == 0 ? 0 : begin - 1));
    throw ScenarioError(fmt::format("--set {}: {} has no {}{}", key.substr(0, end), owner,
                                    known.empty() ? "keys of its own" : "such key",
                                    known.empty() ? "" : suggestion(name, known)));
  }
}

}  // namespace

Scenario read_scenario(const Document& document) {
  for (const std::string& key : document.fixed) {
    if (find(document.root, key) == nullptr) require_known(key);
  }
  Scenario scenario;
  const At at{document, document.root, ""};
  read(at, scenario, {});
  if (scenario.name.empty()) {
    scenario.name = std::filesystem::path(document.source).stem().string();
    require_utf8(scenario.name, "the file's name, which is what tables call it,");
  }
  return scenario;
}

}  // namespace understudy
