// The reference of every key, from the schema.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHead =
    "| key | type | default | bounds | key of | meaning |\n|---|---|---|---|---|---|\n";

std::string text(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end()) return {};
  return it->is_string() ? it->get<std::string>() : it->dump();
}

std::string code(const std::string& words) { return words.empty() ? "" : "`" + words + "`"; }

std::string names_of(const Json& list) {
  std::string out;
  for (const Json& name : list) out += (out.empty() ? "" : ", ") + code(name.get<std::string>());
  return out;
}

std::string row(const std::string& key, const Json& property, const std::string& doc) {
  const Json& shown = property.contains("anyOf") ? property["anyOf"][0] : property;
  const std::string type =
      shown.contains("enum") ? names_of(shown["enum"]) : text(property, "x-type");
  const std::string initial = text(property, "default");
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key, type,
                     initial == "{}" ? "" : code(initial), code(text(property, "x-bounds")),
                     text(property, "x-effect"), doc);
}

std::string rows(const std::string& key, const Json& property, const std::string& kind = "");
std::string rows_of_items(const std::string& list, const Json& items);

std::string rows_of_all(const std::string& prefix, const Json& properties,
                        const std::string& kind = "") {
  std::string out;
  for (const auto& [key, property] : properties.items()) {
    if (!property.contains("const")) out += rows(prefix + key, property, kind);
  }
  return out;
}

std::string titles(const Json& kinds) {
  std::string names;
  for (const Json& kind : kinds)
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", text(kind, "title"));
  return names;
}

std::string rows_of_kinds(const std::string& key, const Json& property) {
  const std::string names = titles(property["oneOf"]);
  std::string out = fmt::format("| `{}.kind` | {} | `{}` | | | {} |\n", key, names,
                                text(property, "x-default-kind"), text(property, "description"));
  for (const Json& kind : property["oneOf"])
    out += rows_of_all(key + ".", kind["properties"], text(kind, "title"));
  return out;
}

std::string rows_of_items(const std::string& list, const Json& items) {
  if (items.contains("anyOf")) return rows_of_all(list + "[].", items["anyOf"][1]["properties"]);
  if (!items.contains("oneOf"))
    return rows_of_all(list + "[].", items.value("properties", Json::object()));
  std::string out = fmt::format("| `{}[].kind` | {} | | | | |\n", list, titles(items["oneOf"]));
  for (const Json& kind : items["oneOf"])
    out += rows_of_all(list + "[].", kind["properties"], text(kind, "title"));
  return out;
}

std::string rows(const std::string& key, const Json& property, const std::string& kind) {
  const std::string doc =
      (kind.empty() ? "" : fmt::format("({}) ", kind)) + text(property, "description");
  if (property.contains("oneOf")) return rows_of_kinds(key, property);
  if (property.contains("properties")) {
    std::string out = rows_of_all(key + ".", property["properties"]);
    // The section's sentence stands before that of its first key.
    const std::size_t last_column = out.find('\n') - 2;
    const std::size_t at = out.rfind("| ", last_column - 1) + 2;
    return out.insert(at, doc + " ");
  }
  std::string out = row(key, property, doc);
  if (property.contains("anyOf")) {
    Json others = property["anyOf"][1]["properties"];
    others.erase(others.begin());  // which the name stands for
    out += rows_of_all(key + ".", others);
  }
  if (property.contains("items")) out += rows_of_items(key, property["items"]);
  if (property.contains("additionalProperties") && property["additionalProperties"].is_object()) {
    out += rows_of_all(key + ".NAME.",
                       property["additionalProperties"].value("properties", Json::object()));
  }
  return out;
}

// The properties that all of several kinds have, told once.
Json common_properties(const Json& kinds) {
  Json common = Json::object();
  if (kinds.size() < 2) return common;
  for (const auto& item : kinds[0]["properties"].items()) {
    const std::string& key = item.key();  // clang 14 captures no structured binding
    const Json& property = item.value();
    const bool everywhere = std::all_of(kinds.begin(), kinds.end(), [&](const Json& kind) {
      return kind["properties"].contains(key) && kind["properties"][key] == property;
    });
    if (everywhere) common[key] = property;
  }
  return common;
}

std::string kinds_of(const std::string& prefix, const Json& kinds) {
  const Json common = common_properties(kinds);
  std::string out;
  for (const Json& kind : kinds) {
    Json own = kind["properties"];
    for (const auto& [key, property] : common.items()) own.erase(key);
    const std::string fields = rows_of_all(prefix, own);
    out +=
        fmt::format("\n**`{{kind: {}}}`** - {}\n", text(kind, "title"), text(kind, "description"));
    if (!fields.empty()) out += fmt::format("\n{}{}", kHead, fields);
  }
  const std::string fields = rows_of_all(prefix, common);
  if (!fields.empty()) out += fmt::format("\n**Every kind** also has\n\n{}{}", kHead, fields);
  return out;
}

std::string section(const std::string& name, const Json& property) {
  std::string out = fmt::format("\n### `{}`\n\n{}\n", name, text(property, "description"));
  if (property.contains("items")) return out + kinds_of(name + "[].", property["items"]["oneOf"]);
  if (!property.contains("oneOf"))
    return out + "\n" + kHead + rows_of_all(name + ".", property["properties"]);
  return out + kinds_of(name + ".", property["oneOf"]);
}

}  // namespace

std::string scenario_reference() {
  std::string top = std::string("### Top level\n\n") + kHead;
  std::string sections;
  const Json schema = scenario_schema();
  for (const auto& [name, property] : schema["properties"].items()) {
    const bool lists_kinds = property.contains("items") && property["items"].contains("oneOf");
    if (lists_kinds || property.contains("oneOf") || property.contains("properties")) {
      sections += section(name, property);
    } else {
      top += rows(name, property);
    }
  }
  return top + sections;
}

}  // namespace understudy
