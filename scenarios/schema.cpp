// The JSON Schema, from the descriptions. Keys that begin with x- are for scenario_reference().
#include <fmt/format.h>

#include "scenarios/describe/json_writer.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

std::string bounds(const Limits& limits, const char* unit) {
  std::string text;
  const auto add = [&](double bound, const char* symbol) {
    if (std::abs(bound) != kUnbounded)
      text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", symbol, bound, unit);
  };
  add(limits.above, ">");
  add(limits.min, ">=");
  add(limits.below, "<");
  add(limits.max, "<=");
  return text;
}

Json with_bounds(Json schema, const Limits& limits, const char* unit = "") {
  if (const std::string text = bounds(limits, unit); !text.empty()) schema["x-bounds"] = text;
  return schema;
}

// A number on its own can be bounded by the schema; a text with a unit only shaped.
Json number(const char* type, const char* shown, const Limits& limits) {
  Json schema{{"type", type}, {"x-type", shown}};
  const auto add = [&](double bound, const char* keyword) {
    if (std::abs(bound) != kUnbounded) schema[keyword] = bound;
  };
  add(limits.min, "minimum");
  add(limits.max, "maximum");
  add(limits.above, "exclusiveMinimum");
  add(limits.below, "exclusiveMaximum");
  return with_bounds(schema, limits);
}

Json with_unit(const char* shown, const std::string& units, const Limits& limits,
               const char* unit) {
  const std::string pattern = fmt::format("^[-+]?[0-9.]+([eE][-+]?[0-9]+)? *({})$", units);
  return with_bounds({{"type", "string"}, {"pattern", pattern}, {"x-type", shown}}, limits, unit);
}

constexpr const char* kRateUnits = "([kKMGT]?bit|[kKMGT]?B|[KMG]iB)/s";

class SchemaWriter {
 public:
  explicit SchemaWriter(bool timing) : timing_(timing) {}

  template <class T>
  void field(const char* key, T& member, const char* doc, const Limits& limits = {}) {
    Json property = schema(member, limits, timing_ || limits.timing);
    property["description"] = doc;
    if (property.contains("x-type")) {
      const Json value = JsonWriter(Selection::kEverything).json(member, limits);
      if (!value.is_null()) property["default"] = value;
      property["x-effect"] = timing_ || limits.timing ? "timing" : "training";
    }
    properties[key] = std::move(property);
  }

  template <class T>
  static Json schema(T& value, const Limits& limits, bool timing);

  Json properties = Json::object();

 private:
  template <std::size_t I = 0, class... Kinds>
  static void add_kinds(std::variant<Kinds...>& value, bool timing, Json& out);

  bool timing_;
};

Json object(Json properties) {
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

template <class Names>
Json one_of(const Names& entries) {
  Json list = Json::array();
  for (const auto& entry : entries) list.push_back(entry.name);
  return {{"enum", list}, {"x-type", "name"}};
}

template <std::size_t I, class... Kinds>
void SchemaWriter::add_kinds(std::variant<Kinds...>& value, bool timing, Json& out) {
  if constexpr (I < sizeof...(Kinds)) {
    using Kind = std::variant_alternative_t<I, std::variant<Kinds...>>;
    const NameDoc& kind = kinds(static_cast<const std::variant<Kinds...>*>(nullptr))[I];
    Kind config{};
    if (const Kind* current = std::get_if<I>(&value)) config = *current;
    SchemaWriter inner(timing);
    inner.properties["kind"] = {{"const", kind.name}};
    describe(inner, config);
    Json alternative = object(std::move(inner.properties));
    if (sizeof...(Kinds) > 1) alternative["required"] = {"kind"};
    alternative["title"] = kind.name;
    alternative["description"] = kind.doc;
    out.push_back(std::move(alternative));
    add_kinds<I + 1>(value, timing, out);
  }
}

template <class T>
Json SchemaWriter::schema(T& value, const Limits& limits, bool timing) {
  if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}, {"x-type", "true or false"}};
  } else if constexpr (std::is_integral_v<T>) {
    Json schema = number("integer", "whole number", limits);
    if (std::is_unsigned_v<T> && !schema.contains("minimum")) schema["minimum"] = 0;
    return schema;
  } else if constexpr (std::is_same_v<T, double>) {
    if (limits.measure == Measure::kFlops)
      return with_unit("rate", "[MGTP]?flop/s", limits, "flop/s");
    if (limits.measure == Measure::kByteRate) return with_unit("rate", kRateUnits, limits, "B/s");
    if (limits.measure == Measure::kPlain) return number("number", "number", limits);
    return with_bounds(
        {{"type", {"number", "string"}}, {"pattern", "^[0-9.eE+-]+ *%?$"}, {"x-type", "fraction"}},
        limits);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (limits.names.empty()) return {{"type", "string"}, {"x-type", "text"}};
    return one_of(limits.names);
  } else if constexpr (std::is_same_v<T, FilePath>) {
    return {{"type", "string"}, {"x-type", "file"}};
  } else if constexpr (std::is_same_v<T, Duration>) {
    return with_unit("time", "h|min|s|ms|us|ns|ps", limits, "s");
  } else if constexpr (std::is_same_v<T, Bandwidth>) {
    return with_unit("rate", kRateUnits, limits, "bit/s");
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return with_unit("size", "[kKMGT]?B|[KMG]iB", limits, "B");
  } else if constexpr (std::is_same_v<T, Comparison>) {
    return {{"type", "string"},
            {"pattern", "^(>=|<=|==|>|<) *[-+0-9.eE]+ *%?$"},
            {"x-type", "comparison"}};
  } else if constexpr (std::is_same_v<T, YamlValue>) {
    return {{"type", {"object", "array"}}, {"x-type", "map or list"}};
  } else if constexpr (std::is_enum_v<T>) {
    return one_of(names(T{}));
  } else if constexpr (detail::is_optional<T>) {
    typename T::value_type inner{};
    return schema(inner, limits, timing);
  } else if constexpr (detail::is_vector<T>) {
    typename T::value_type item{};
    Json items = schema(item, limits, timing);
    const std::string shown =
        items.contains("x-type") ? items["x-type"].template get<std::string>() : "map";
    return {
        {"type", "array"}, {"items", items}, {"minItems", 1}, {"x-type", "list of " + shown + "s"}};
  } else if constexpr (detail::is_map<T>) {
    typename T::mapped_type item{};
    return {{"type", "object"},
            {"additionalProperties", schema(item, limits, timing)},
            {"x-type", "map by name"}};
  } else if constexpr (detail::is_variant<T>) {
    Json alternatives = Json::array();
    add_kinds(value, timing, alternatives);
    return {{"oneOf", alternatives},
            {"x-default-kind", kinds(static_cast<const T*>(nullptr))[value.index()].name}};
  } else {
    SchemaWriter inner(timing);
    describe(inner, value);
    Json whole = object(std::move(inner.properties));
    if constexpr (requires { short_form(value); }) {
      const Json& name = whole["properties"].front();
      return {{"anyOf", {{{"enum", name["enum"]}}, whole}}, {"x-type", name["x-type"]}};
    } else {
      return whole;
    }
  }
}

}  // namespace

Json scenario_schema() {
  Scenario defaults;
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "Understudy scenario"}};
  schema.update(SchemaWriter::schema(defaults, {}, false));
  return schema;
}

}  // namespace understudy
