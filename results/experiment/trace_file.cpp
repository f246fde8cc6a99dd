#include "results/experiment/trace_file.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runtime/base/errors.hpp"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path part(const fs::path& path) { return path.string() + ".part"; }

std::ofstream open(const fs::path& path) {
  std::ofstream file(part(path));
  if (!file) throw RunError(fmt::format("{}: cannot be written", path.string()));
  return file;
}

double microseconds(TimePoint t) { return static_cast<double>(t.time_since_epoch().count()) / 1e6; }

void add_activity(Json& to, const Activity& about) {
  if (!about.collective.empty()) to["collective"] = about.collective;
  if (!about.layers.empty()) to["layers"] = about.layers;
  if (about.step) to["step"] = *about.step;
  if (about.round) to["round"] = *about.round;
  if (about.epoch) to["epoch"] = *about.epoch;
}

// "ring conv2.weight..fc1.bias"
std::string title(const MessageEvent& event) {
  if (!event.about) return "message";
  std::string text = event.about->collective.empty() ? "message" : event.about->collective;
  if (!event.about->layers.empty()) text += " " + event.about->layers;
  return text;
}

}  // namespace

TraceFile::TraceFile(const fs::path& folder, UnitKey key, std::size_t most) : most_(most) {
  fs::create_directories(folder);
  const std::string name = fmt::format("unit-{:04}-{:02}", key.run, key.repeat);
  lines_path_ = folder / (name + ".jsonl");
  chrome_path_ = folder / (name + ".trace.json");
  lines_ = open(lines_path_);
  chrome_ = open(chrome_path_);
  chrome_ << "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n";
}

TraceFile::~TraceFile() {
  if (finished_) return;
  std::error_code ignored;
  fs::remove(part(lines_path_), ignored);
  fs::remove(part(chrome_path_), ignored);
}

Unit TraceFile::follow(UnitTask& task) {
  task.on_event = [this](const TraceEvent& event) { write(event); };
  Unit unit = run_unit(task);
  finish();
  return unit;
}

void TraceFile::write(const TraceEvent& event) {
  if (events_ == most_) lines_ << Json{{"event", "truncated"}}.dump() << '\n';
  if (events_++ >= most_) return;
  if (const auto* message = std::get_if<MessageEvent>(&event)) {
    write_message(*message);
  } else {
    write_compute(std::get<ComputeEvent>(event));
  }
}

void TraceFile::write_message(const MessageEvent& event) {
  Json line{{"event", "message"},
            {"from", event.from.value},
            {"to", event.to.value},
            {"stream", event.tag.stream},
            {"tag", event.tag.step},
            {"bytes", event.size.count},
            {"sent_s", to_seconds(event.sent)},
            {"arrived_s", to_seconds(event.arrived)},
            {"received_s", to_seconds(event.received)},
            {"waited_s", to_seconds(event.waited)},
            {"delivered", event.delivered}};
  Json details{{"from", event.from.value}, {"to", event.to.value}, {"bytes", event.size.count}};
  if (event.about) {
    add_activity(line, *event.about);
    add_activity(details, *event.about);
  }
  if (!event.delivered) details["lost"] = true;
  lines_ << line.dump() << '\n';
  introduce(event.from);
  introduce(event.to);
  const auto interval = [&](const char* category, const std::string& name, Rank rank,
                            TimePoint begin, TimePoint end) {
    const std::size_t id = ids_++;
    for (const auto& [phase, at] : {std::pair("b", begin), std::pair("e", end)}) {
      Json mark{{"name", name},      {"cat", category}, {"ph", phase},           {"id", id},
                {"pid", rank.value}, {"tid", 3},        {"ts", microseconds(at)}};
      if (*phase == 'b') mark["args"] = details;
      chrome(mark.dump());
    }
  };
  interval("message", fmt::format("{} to node {}", title(event), event.to.value), event.from,
           event.sent, event.arrived);
  if (event.waited > Duration::zero()) {
    interval("wait", fmt::format("waits for node {}", event.from.value), event.to,
             event.received - event.waited, event.received);
  }
}

void TraceFile::write_compute(const ComputeEvent& event) {
  lines_ << Json{{"event", "compute"},
                 {"node", event.rank.value},
                 {"phase", name(event.phase)},
                 {"begin_s", to_seconds(event.begin)},
                 {"end_s", to_seconds(event.end)}}
                .dump()
         << '\n';
  introduce(event.rank);
  const double begin = microseconds(event.begin);
  chrome(Json{{"name", name(event.phase)},
              {"cat", "compute"},
              {"ph", "X"},
              {"pid", event.rank.value},
              {"tid", event.phase == Phase::kReduce ? 2 : 1},
              {"ts", begin},
              {"dur", microseconds(event.end) - begin}}
             .dump());
}

void TraceFile::chrome(const std::string& object) {
  chrome_ << (first_ ? "" : ",\n") << object;
  first_ = false;
}

// Names the node and its tracks.
void TraceFile::introduce(Rank rank) {
  if (!introduced_.insert(rank).second) return;
  const auto name = [&](const char* what, int track, const std::string& text) {
    chrome(Json{{"name", what},
                {"ph", "M"},
                {"pid", rank.value},
                {"tid", track},
                {"args", {{"name", text}}}}
               .dump());
  };
  name("process_name", 0, fmt::format("node {}", rank.value));
  name("thread_name", 1, "computes");
  name("thread_name", 2, "adds up");
}

void TraceFile::finish() {
  chrome_ << "\n]}\n";
  lines_.close();
  chrome_.close();
  for (const auto& [file, path] :
       {std::pair(&lines_, &lines_path_), std::pair(&chrome_, &chrome_path_)}) {
    if (!*file) throw RunError(fmt::format("{}: cannot be written", path->string()));
    fs::rename(part(*path), *path);
  }
  finished_ = true;
}

}  // namespace understudy
