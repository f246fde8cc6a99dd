#include "scenarios/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/base/nearest.hpp"
#include "scenarios/scenario_yaml.hpp"

namespace understudy {
namespace {

// A value for a key, or a label (no value).
struct Setting {
  std::string key;
  YamlValue value;
  bool is_label = false;
};
using Settings = std::vector<Setting>;

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  const nlohmann::ordered_json schema = scenario_schema();
  for (const auto& [name, property] : schema["properties"].items()) names.push_back(name);
  return names;
}

std::string root_of(const std::string& key) { return key.substr(0, key.find_first_of(".[")); }

[[noreturn]] void fail_at(const Document& document, const YamlValue& value, const std::string& key,
                          const std::string& sentence) {
  const std::string where =
      value.line == 0 ? "--set " : fmt::format("{}:{}:", document.source, value.line);
  throw ScenarioError(
      fmt::format("{}{}: {}", where, key.empty() ? "sweep" : "sweep." + key, sentence));
}

class Expander {
 public:
  Expander(const Document& document, const std::vector<std::string>& sections)
      : document_(document), sections_(sections) {}

  // The alternatives that a sweep, or a group in one, stands for.
  std::vector<Settings> alternatives(const YamlValue& sweep, const std::string& group) const {
    if (sweep.is_map()) return grid(sweep, group);
    if (!sweep.is_list() || sweep.items.empty())
      fail(sweep, group, "needs a map of keys, or a list of such maps");
    std::vector<Settings> out;
    for (const YamlValue& item : sweep.items) {
      if (!item.is_map())
        fail(item, group,
             "is no section of a scenario, so that its alternatives must be maps of keys");
      append(out, grid(item, group), item);
    }
    return out;
  }

 private:
  [[noreturn]] void fail(const YamlValue& value, const std::string& key,
                         const std::string& sentence) const {
    fail_at(document_, value, key, sentence);
  }

  void append(std::vector<Settings>& out, std::vector<Settings> more, const YamlValue& at) const {
    if (out.size() + more.size() > kMaxRuns)
      fail(at, "", fmt::format("stands for more than {} runs", kMaxRuns));
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }

  // The product of a map's axes. A `name` labels all of it.
  std::vector<Settings> grid(const YamlValue& map, const std::string& group) const {
    if (map.entries.size() > kMaxSweptKeys)
      fail(map, group, fmt::format("has more than {} keys", kMaxSweptKeys));
    std::vector<Settings> out{{}};
    for (const YamlEntry& entry : map.entries) {
      if (entry.key == "name" && !entry.value.is_scalar()) fail(entry.value, "name", "is no name");
      const auto axis = entry.key == "name" ? label(entry.value, group.empty() ? "variant" : group)
                                            : this->axis(entry);
      if (axis.size() * out.size() > kMaxRuns)
        fail(entry.value, entry.key, fmt::format("makes more than {} runs", kMaxRuns));
      std::vector<Settings> product;
      for (const Settings& before : out) {
        for (const Settings& choice : axis) product.push_back(join(before, choice, entry));
      }
      out = std::move(product);
    }
    return out;
  }

  static std::vector<Settings> label(const YamlValue& name, const std::string& group) {
    return {{{group, name, true}}};
  }

  // A key outside of all sections names a group, whose alternatives are maps.
  void require_group(const YamlEntry& entry, const std::string& root) const {
    const auto is_map = [](const YamlValue& item) { return item.is_map(); };
    const std::vector<YamlValue>& items = entry.value.items;
    if (!items.empty() && std::all_of(items.begin(), items.end(), is_map)) return;
    const std::string nearest = nearest_name(root, sections_);
    fail(entry.value, entry.key,
         nearest.empty()
             ? "is no section of a scenario, and a group's alternatives are maps of keys"
             : fmt::format("there is no section '{}'; did you mean '{}'?", root, nearest));
  }

  std::vector<Settings> axis(const YamlEntry& entry) const {
    const std::string root = root_of(entry.key);
    if (root == "sweep" || root == "expect" || root == "report" || root == "name") {
      fail(entry.value, entry.key, "cannot be swept");
    }
    if (std::find(sections_.begin(), sections_.end(), root) == sections_.end()) {
      require_group(entry, root);
      return alternatives(entry.value, entry.key);
    }
    if (!entry.value.is_list()) return {{{entry.key, entry.value}}};
    if (entry.value.items.empty()) fail(entry.value, entry.key, "has no alternatives");
    std::vector<Settings> out;
    for (const YamlValue& item : entry.value.items) out.push_back({{entry.key, item}});
    return out;
  }

  Settings join(const Settings& before, const Settings& more, const YamlEntry& entry) const {
    Settings out = before;
    for (const Setting& setting : more) {
      const auto same = [&](const Setting& other) { return other.key == setting.key; };
      if (std::any_of(before.begin(), before.end(), same))
        fail(entry.value, entry.key, fmt::format("sets '{}' a second time", setting.key));
      const auto inner = std::find_if(before.begin(), before.end(), [&](const Setting& other) {
        return !setting.is_label && !other.is_label && lies_within(other.key, setting.key);
      });
      if (inner != before.end()) {
        fail(entry.value, entry.key,
             fmt::format("sets '{}' after '{}' in it, which would be lost; the section must come "
                         "first",
                         setting.key, inner->key));
      }
      out.push_back(setting);
    }
    return out;
  }

  const Document& document_;
  const std::vector<std::string>& sections_;
};

// Whether --set gave this key or a section around it.
bool is_fixed(const Document& document, const std::string& key) {
  return std::any_of(document.fixed.begin(), document.fixed.end(), [&](const std::string& fixed) {
    return fixed == key || lies_within(key, fixed);
  });
}

// Sets what --set gave within `key` in one of its alternatives, too.
void set_fixed(YamlValue& alternative, const std::string& key, const Document& document) {
  for (const std::string& fixed : document.fixed) {
    if (!lies_within(fixed, key)) continue;
    const YamlValue* value = find(document.root, fixed);
    YamlValue around{.kind = YamlValue::Kind::kMap, .entries = {{"it", alternative}}};
    try {
      assign(around, "it" + fixed.substr(key.size()), value == nullptr ? YamlValue{} : *value);
    } catch (const std::invalid_argument&) {
      throw ScenarioError(fmt::format("--set {}: has no place in {}, to which the sweep sets {}",
                                      fixed, quote(to_text(alternative)), key));
    }
    alternative = std::move(around.entries.front().value);
    alternative.implied = false;
  }
}

void add_new(std::vector<YamlValue>& items, YamlValue item) {
  if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(std::move(item));
}

YamlValue without_fixed(const YamlValue& sweep, const Document& document,
                        const std::vector<std::string>& sections);

// A swept key with its alternatives, or a group.
YamlValue axis_without_fixed(const YamlEntry& entry, const Document& document,
                             const std::vector<std::string>& sections) {
  const auto is_root = [&](const std::string& name) { return name == root_of(entry.key); };
  if (std::none_of(sections.begin(), sections.end(), is_root))
    return without_fixed(entry.value, document, sections);
  YamlValue out = entry.value;
  if (!out.is_list()) {
    set_fixed(out, entry.key, document);
    return out;
  }
  out.items.clear();
  for (YamlValue item : entry.value.items) {
    set_fixed(item, entry.key, document);
    add_new(out.items, std::move(item));
  }
  return out;
}

// The sweep as it still applies where --set has fixed keys, alternatives that have become alike
// kept once.
YamlValue without_fixed(const YamlValue& sweep, const Document& document,
                        const std::vector<std::string>& sections) {
  if (document.fixed.empty()) return sweep;
  YamlValue out = sweep;
  out.entries.clear();
  out.items.clear();
  for (const YamlEntry& entry : sweep.entries) {
    if (entry.key == "name") {
      out.entries.push_back(entry);
    } else if (!is_fixed(document, entry.key)) {
      out.entries.push_back({entry.key, axis_without_fixed(entry, document, sections)});
    }
  }
  for (const YamlValue& item : sweep.items)
    add_new(out.items, without_fixed(item, document, sections));
  return out;
}

// Says in which run of a sweep values do not fit each other.
void check_run(const ExpandedRun& run, const Document& document) {
  try {
    check(run.scenario, document);
  } catch (const ScenarioError& problem) {
    if (run.overrides.empty()) throw;
    throw ScenarioError(
        fmt::format("{} (in the run with {})", problem.what(), list_of(run.overrides)));
  }
}

ExpandedRun make_run(const Document& base, const Settings& settings) {
  Document document = base;
  ExpandedRun run;
  for (const Setting& setting : settings) {
    if (setting.is_label) {
      run.overrides.push_back({setting.key, setting.value.text, true});
      continue;
    }
    run.overrides.push_back({setting.key, to_text(setting.value), false});
    try {
      assign(document.root, setting.key, setting.value);
      document.swept.insert(setting.key);
    } catch (const std::invalid_argument& problem) {
      fail_at(base, setting.value, setting.key, problem.what());
    }
  }
  run.scenario = read_scenario(document);
  check_run(run, document);
  return run;
}

}  // namespace

std::string list_of(const std::vector<Override>& overrides) {
  std::string text;
  for (const Override& o : overrides)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", o.key, o.value);
  return text;
}

std::vector<ExpandedRun> expand(const Document& document) {
  Document base = document;
  assign(base.root, "sweep", {});
  std::vector<Settings> all{{}};
  if (const YamlValue* sweep = document.root.find("sweep")) {
    const std::vector<std::string> sections = section_names();
    all = Expander(document, sections).alternatives(without_fixed(*sweep, document, sections), "");
  }
  std::vector<ExpandedRun> runs;
  for (const Settings& settings : all) {
    ExpandedRun run = make_run(base, settings);
    const auto same = [&](const ExpandedRun& other) { return other.overrides == run.overrides; };
    const bool repeated = !document.fixed.empty() && std::any_of(runs.begin(), runs.end(), same);
    if (!repeated) runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<std::size_t> weight_groups(const std::vector<ExpandedRun>& runs) {
  std::map<std::string, std::size_t> first;
  std::vector<std::size_t> groups;
  for (const ExpandedRun& run : runs) {
    const Scenario& s = run.scenario;
    const bool shares = trains(s.workload) && !depends_on_time(s) && declares_times(s);
    const std::size_t self = groups.size();
    groups.push_back(shares ? first.emplace(training_key(s), self).first->second : self);
  }
  return groups;
}

namespace {

// Without sections that only --set has made and every run replaces: the default that they would
// change is none of the kinds that are run.
Document without_unused(const Document& document) {
  Document out = document;
  const YamlValue* sweep = document.root.find("sweep");
  if (sweep == nullptr) return out;
  for (const YamlEntry& entry : sweep->entries) {
    const YamlValue* section = document.root.find(entry.key);
    if (section != nullptr && section->implied) assign(out.root, entry.key, {});
  }
  return out;
}

}  // namespace

Experiment load_experiment(const std::string& path, const std::vector<std::string>& sets) {
  Document document = load_document(path);
  for (const std::string& set : sets) apply_set(document, set);
  Experiment experiment{.scenario = read_scenario(without_unused(document)),
                        .runs = expand(document)};
  experiment.scenario.sweep = without_fixed(experiment.scenario.sweep, document, section_names());
  experiment.document = std::move(document);
  return experiment;
}

}  // namespace understudy
