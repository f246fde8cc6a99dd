// From YAML text to YamlValue, with the bounds.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "runtime/base/errors.hpp"
#include "scenarios/yaml_value.hpp"

namespace understudy {
namespace {

// The first control character in the text, as "U+001B", or nothing. Terminals obey them, those of
// the second block (U+0080 to U+009F) too; only what `allowed` holds is text.
std::string control_character(std::string_view text, std::string_view allowed) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && allowed.find(text[i]) == std::string_view::npos) || byte == 0x7f)
      return fmt::format("U+{:04X}", byte);
    if (byte != 0xc2 || i + 1 == text.size()) continue;
    const auto next = static_cast<unsigned char>(text[i + 1]);
    if (next < 0xa0) return fmt::format("U+{:04X}", next);
  }
  return {};
}

// Builds the tree from yaml-cpp's events, which alone carry marks, tags and aliases.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string where, bool has_lines)
      : where_(std::move(where)), has_lines_(has_lines) {}
  YamlValue take() {
    if (!odd_key_.empty()) throw ScenarioError(odd_key_);
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    require_no_anchor(mark, anchor);
    add(value_at(mark, YamlValue::Kind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "an alias (*name) has no place in a scenario");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    require_no_anchor(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty())
      fail(mark, fmt::format("the tag {} has no place in a scenario", quote(tag)));
    if (const std::string odd = control_character(text, "\n\t"); !odd.empty())
      fail(mark, fmt::format("the control character {} has no place in a scenario", odd));
    YamlValue value = value_at(mark, YamlValue::Kind::kScalar);
    value.quoted = tag == "!";
    value.text = text;
    add(std::move(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlValue::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlValue::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or map under construction; key and its line wait for their value.
  struct Level {
    YamlValue value;
    std::string key;
    int key_line = 0;
    bool has_key = false;
    std::unordered_map<std::string, int> lines{};  // of the keys so far
  };

  int line(const YAML::Mark& mark) const { return has_lines_ ? mark.line + 1 : 0; }
  YamlValue value_at(const YAML::Mark& mark, YamlValue::Kind kind) const {
    YamlValue value;
    value.kind = kind;
    value.line = line(mark);
    return value;
  }
  std::string sentence(int line, const std::string& what) const {
    return has_lines_ ? fmt::format("{}:{}: {}", where_, line, what)
                      : fmt::format("{}: {}", where_, what);
  }
  [[noreturn]] void fail(int line, const std::string& what) const {
    throw ScenarioError(sentence(line, what));
  }
  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what) const {
    fail(line(mark), what);
  }
  void require_no_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) fail(mark, "an anchor (&name) has no place in a scenario");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlValue::Kind kind) {
    require_no_anchor(mark, anchor);
    if (tag != "?" && !tag.empty())
      fail(mark, fmt::format("the tag {} has no place in a scenario", quote(tag)));
    if (levels_.size() >= static_cast<std::size_t>(kMaxYamlDepth)) {
      fail(mark, fmt::format("sections are nested deeper than {} levels", kMaxYamlDepth));
    }
    if (!levels_.empty() && levels_.back().value.is_map() && !levels_.back().has_key)
      refuse_key(mark);
    levels_.push_back({.value = value_at(mark, kind), .key = {}});
  }

  // yaml-cpp takes an unclosed bracket for a key until it comes to the end of the text, and then
  // has the better reason to stop.
  void refuse_key(const YAML::Mark& mark) {
    if (odd_key_.empty()) odd_key_ = sentence(line(mark), "a key must be a name");
    levels_.back().has_key = true;
  }

  void close() {
    YamlValue value = std::move(levels_.back().value);
    levels_.pop_back();
    add(std::move(value));
  }

  void add(YamlValue value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.value.is_list()) {
      level.value.items.push_back(std::move(value));
    } else if (level.has_key) {
      value.line = level.key_line;
      level.value.entries.push_back({std::move(level.key), std::move(value)});
      level.has_key = false;
    } else {
      take_key(level, value);
    }
  }

  void take_key(Level& level, const YamlValue& value) {
    if (!value.is_scalar()) fail(value.line, "a key must be a name");  // null
    const auto [first, is_new] = level.lines.emplace(value.text, value.line);
    if (!is_new) {
      fail(value.line, has_lines_ ? fmt::format("the key {} is given twice, first in line {}",
                                                quote(value.text), first->second)
                                  : fmt::format("the key {} is given twice", quote(value.text)));
    }
    level.key = value.text;
    level.key_line = value.line;
    level.has_key = true;
  }

  std::string where_;
  bool has_lines_;
  std::string odd_key_;  // the sentence about the first key that is none
  YamlValue root_;
  std::vector<Level> levels_;
};

// yaml-cpp takes some control characters for spaces, and a NUL for the end.
void require_no_control(std::string_view line, const std::string& where, int number) {
  const std::string odd = control_character(line, "\t\r");
  if (odd.empty()) return;
  const std::string place = number == 0 ? where : fmt::format("{}:{}", where, number);
  throw ScenarioError(
      fmt::format("{}: the control character {} has no place in a scenario", place, odd));
}

void require_text_lines(std::string_view text, const std::string& where, bool has_lines) {
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    require_utf8(text.substr(begin, end - begin), where, has_lines ? line : 0);
    require_no_control(text.substr(begin, end - begin), where, has_lines ? line : 0);
    begin = end + 1;
  }
}

YamlValue parse(std::string_view text, const std::string& where, bool has_lines) {
  if (text.size() > kMaxYamlBytes) {
    throw ScenarioError(fmt::format("{}: is larger than the {} bytes that a scenario may have",
                                    where, kMaxYamlBytes));
  }
  require_text_lines(text, where, has_lines);
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(where, has_lines);
  int line = 1;
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder rest(where, has_lines);
    if (parser.HandleNextDocument(rest))
      throw ScenarioError(where + ": holds more than one YAML document");
    return builder.take();
  } catch (const YAML::Exception& problem) {
    if (!problem.mark.is_null()) line = problem.mark.line + 1;
    throw ScenarioError(has_lines ? fmt::format("{}:{}: is not YAML ({})", where, line, problem.msg)
                                  : fmt::format("{}: is not YAML ({})", where, problem.msg));
  }
}

}  // namespace

void require_utf8(std::string_view text, const std::string& where, int line) {
  if (is_utf8(text)) return;
  throw ScenarioError(line == 0 ? fmt::format("{}: is not UTF-8", where)
                                : fmt::format("{}:{}: is not UTF-8", where, line));
}

Document parse_document(std::string_view text, const std::string& source) {
  Document document{.source = source, .root = parse(text, source, true), .fixed = {}};
  if (document.root.is_null()) throw ScenarioError(source + ": is empty");
  if (!document.root.is_map())
    throw ScenarioError(
        fmt::format("{}:{}: a scenario is a map of sections", source, document.root.line));
  return document;
}

Document load_document(const std::string& path) {
  std::error_code problem;
  if (std::filesystem::is_directory(path, problem))
    throw ScenarioError(fmt::format("{}: is a folder, not a scenario file", path));
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ScenarioError(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(kMaxYamlBytes + 1, '\0');  // one more than allowed shows that there is more
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_document(text, path);
}

YamlValue parse_value(std::string_view text, const std::string& where) {
  return parse(text, where, false);
}

}  // namespace understudy
