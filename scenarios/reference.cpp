// The reference of every key, from the schema.
#include <fmt/format.h>

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
  const std::string type =
      property.contains("enum") ? names_of(property["enum"]) : text(property, "x-type");
  const std::string initial = text(property, "default");
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key, type,
                     initial == "{}" ? "" : code(initial), code(text(property, "x-bounds")),
                     text(property, "x-effect"), doc);
}

std::string rows(const std::string& key, const Json& property, const std::string& kind = "");

std::string rows_of_all(const std::string& prefix, const Json& properties,
                        const std::string& kind = "") {
  std::string out;
  for (const auto& [key, property] : properties.items()) {
    if (!property.contains("const")) out += rows(prefix + key, property, kind);
  }
  return out;
}

std::string rows_of_kinds(const std::string& key, const Json& property) {
  std::string names;
  for (const Json& kind : property["oneOf"])
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", text(kind, "title"));
  std::string out = fmt::format("| `{}.kind` | {} | `{}` | | | {} |\n", key, names,
                                text(property, "x-default-kind"), text(property, "description"));
  for (const Json& kind : property["oneOf"])
    out += rows_of_all(key + ".", kind["properties"], text(kind, "title"));
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
  if (property.contains("items"))
    out += rows_of_all(key + "[].", property["items"].value("properties", Json::object()));
  if (property.contains("additionalProperties") && property["additionalProperties"].is_object()) {
    out += rows_of_all(key + ".NAME.",
                       property["additionalProperties"].value("properties", Json::object()));
  }
  return out;
}

std::string section(const std::string& name, const Json& property) {
  std::string out = fmt::format("\n### `{}`\n\n{}\n", name, text(property, "description"));
  if (!property.contains("oneOf"))
    return out + "\n" + kHead + rows_of_all(name + ".", property["properties"]);
  for (const Json& kind : property["oneOf"]) {
    const std::string fields = rows_of_all(name + ".", kind["properties"]);
    out +=
        fmt::format("\n**`{{kind: {}}}`** - {}\n", text(kind, "title"), text(kind, "description"));
    if (!fields.empty()) out += fmt::format("\n{}{}", kHead, fields);
  }
  return out;
}

}  // namespace

std::string scenario_reference() {
  std::string top = std::string("### Top level\n\n") + kHead;
  std::string sections;
  const Json schema = scenario_schema();
  for (const auto& [name, property] : schema["properties"].items()) {
    if (property.contains("oneOf") || property.contains("properties")) {
      sections += section(name, property);
    } else {
      top += rows(name, property);
    }
  }
  return top + sections;
}

}  // namespace understudy
