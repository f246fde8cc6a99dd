// The schema accepts what the reader accepts, and refuses what it can refuse: judged by a validator
// of the keywords that the schema uses (JSON Schema, draft 2020-12).
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "runtime/base/errors.hpp"
#include "tests/scenarios/examples.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

bool has_type(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

bool valid(const Json& schema, const Json& value);

bool valid_type(const Json& schema, const Json& value) {
  if (!schema.contains("type")) return true;
  const Json& type = schema["type"];
  if (type.is_string()) return has_type(value, type);
  return std::any_of(type.begin(), type.end(),
                     [&](const Json& one) { return has_type(value, one); });
}

bool valid_number(const Json& schema, const Json& value) {
  if (!value.is_number()) return true;
  const double number = value;
  return number >= schema.value("minimum", number) && number <= schema.value("maximum", number) &&
         (!schema.contains("exclusiveMinimum") ||
          number > schema["exclusiveMinimum"].get<double>()) &&
         (!schema.contains("exclusiveMaximum") ||
          number < schema["exclusiveMaximum"].get<double>());
}

bool valid_text(const Json& schema, const Json& value) {
  if (!value.is_string() || !schema.contains("pattern")) return true;
  return std::regex_search(value.get<std::string>(),
                           std::regex(schema["pattern"].get<std::string>()));
}

bool valid_object(const Json& schema, const Json& value) {
  if (!value.is_object()) return true;
  for (const Json& key : schema.value("required", Json::array())) {
    if (!value.contains(key.get<std::string>())) return false;
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, item] : value.items()) {
    if (properties.contains(key)) {
      if (!valid(properties[key], item)) return false;
    } else if (schema.contains("additionalProperties")) {
      const Json& others = schema["additionalProperties"];
      if (others == Json(false) || (others.is_object() && !valid(others, item))) return false;
    }
  }
  return true;
}

bool valid_array(const Json& schema, const Json& value) {
  if (!value.is_array() || !schema.contains("items")) return true;
  return value.size() >= schema.value("minItems", 0u) &&
         std::all_of(value.begin(), value.end(),
                     [&](const Json& item) { return valid(schema["items"], item); });
}

bool valid(const Json& schema, const Json& value) {
  if (schema.contains("const") && schema["const"] != value) return false;
  if (schema.contains("enum") &&
      std::count(schema["enum"].begin(), schema["enum"].end(), value) == 0)
    return false;
  if (schema.contains("oneOf")) {
    const auto fits = [&](const Json& one) { return valid(one, value); };
    if (std::count_if(schema["oneOf"].begin(), schema["oneOf"].end(), fits) != 1) return false;
  }
  if (schema.contains("anyOf")) {
    const auto fits = [&](const Json& one) { return valid(one, value); };
    if (std::none_of(schema["anyOf"].begin(), schema["anyOf"].end(), fits)) return false;
  }
  return valid_type(schema, value) && valid_number(schema, value) && valid_text(schema, value) &&
         valid_object(schema, value) && valid_array(schema, value);
}

// YAML as JSON the way an editor sees it: plain scalars that look like numbers or booleans are
// such.
Json as_json(const YamlValue& value) {
  if (value.is_list()) {
    Json out = Json::array();
    for (const YamlValue& item : value.items) out.push_back(as_json(item));
    return out;
  }
  if (value.is_map()) {
    Json out = Json::object();
    for (const YamlEntry& entry : value.entries) out[entry.key] = as_json(entry.value);
    return out;
  }
  if (value.is_null()) return nullptr;
  if (!value.quoted && Json::accept(value.text)) return Json::parse(value.text);
  return value.text;
}

TEST(Schema, AcceptsWhatTheReaderAccepts) {
  const Json schema = scenario_schema();
  for (const std::string& yaml : kEveryField) {
    EXPECT_TRUE(valid(schema, as_json(parse_document(yaml, "test.yaml").root))) << yaml;
    EXPECT_TRUE(valid(schema, to_json(scenario_of(yaml)))) << yaml;
  }
}

// Names, types, units' shapes and bounds of plain numbers. Bounds of values with units, and whether
// values fit each other, are beyond a schema.
TEST(Schema, RefusesUnknownNamesTypesAndUnits) {
  const Json schema = scenario_schema();
  for (const char* name : {"unknown_section",
                           "unknown_key",
                           "unknown_nested_key",
                           "unknown_link_key",
                           "unknown_topology_kind",
                           "missing_kind",
                           "unknown_collective",
                           "unknown_model",
                           "unknown_model_in_a_map",
                           "unknown_key_of_a_model",
                           "list_for_a_model",
                           "zero_clip_norm",
                           "zero_patience",
                           "key_of_another_kind",
                           "word_for_number",
                           "fraction_for_whole_number",
                           "text_for_number",
                           "number_for_boolean",
                           "list_for_number",
                           "name_for_section",
                           "time_without_unit",
                           "rate_without_unit",
                           "unknown_time_unit",
                           "unknown_rate_unit",
                           "no_machines",
                           "momentum_above_one",
                           "zero_learning_rate",
                           "empty_list",
                           "expect_a_number",
                           "negative_seed",
                           "unknown_profile_key"}) {
    const std::string path =
        UNDERSTUDY_SOURCE_DIR "/tests/invalid_scenarios/" + std::string(name) + ".yaml";
    EXPECT_FALSE(valid(schema, as_json(load_document(path).root))) << name;
  }
}

void collect_keywords(const Json& schema, std::set<std::string>& out) {
  for (const auto& [key, value] : schema.items()) {
    out.insert(key);
    if (key == "properties") {
      for (const auto& [name, property] : value.items()) collect_keywords(property, out);
    } else if (key == "items" || (key == "additionalProperties" && value.is_object())) {
      collect_keywords(value, out);
    } else if (key == "oneOf" || key == "anyOf") {
      for (const Json& one : value) collect_keywords(one, out);
    }
  }
}

TEST(Schema, UsesOnlyTheKeywordsThatTheseTestsJudge) {
  std::set<std::string> used;
  collect_keywords(scenario_schema(), used);
  const std::set<std::string> known = {"$schema",
                                       "title",
                                       "description",
                                       "default",
                                       "type",
                                       "properties",
                                       "required",
                                       "additionalProperties",
                                       "anyOf",
                                       "oneOf",
                                       "const",
                                       "enum",
                                       "items",
                                       "minItems",
                                       "pattern",
                                       "minimum",
                                       "maximum",
                                       "exclusiveMinimum",
                                       "exclusiveMaximum",
                                       "x-type",
                                       "x-bounds",
                                       "x-effect",
                                       "x-default-kind"};
  EXPECT_THAT(used, testing::IsSubsetOf(known));
}

}  // namespace
}  // namespace understudy
