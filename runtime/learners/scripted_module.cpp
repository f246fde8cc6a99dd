#include "runtime/learners/scripted_module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "runtime/base/errors.hpp"
#include "runtime/learners/files/torch_archive.hpp"

namespace understudy {
namespace {

constexpr double kScalarBytes = sizeof(float);

// Names of a TorchScript class's parameters and buffers, from its source, which the archive keeps: after
// its head, `  __parameters__ = ["weight", "bias", ]`.
class ClassLists {
 public:
  explicit ClassLists(const TorchArchive& archive) : archive_(archive) {}

  struct Lists {
    std::set<std::string> parameters, buffers;
  };
  // "__torch__.torch.nn.modules.conv.Conv2d"
  const Lists& of(const std::string& type) {
    if (const auto known = lists_.find(type); known != lists_.end()) return known->second;
    const std::size_t dot = type.rfind('.');
    std::string path = "code/" + type.substr(0, dot) + ".py";
    std::replace(path.begin() + 5, path.end() - 3, '.', '/');
    const std::string* source = archive_.member(path);
    Lists lists;
    const std::string head = "class " + type.substr(dot + 1) + "(Module):\n";
    const std::size_t at = source == nullptr ? std::string::npos : source->find(head);
    if (at != std::string::npos) {
      const std::string_view body = std::string_view(*source).substr(at + head.size());
      const std::string_view own = body.substr(0, body.find("\nclass "));
      lists = {quoted_of(own, "  __parameters__ = ["), quoted_of(own, "  __buffers__ = [")};
    }
    return lists_.emplace(type, std::move(lists)).first->second;
  }

 private:
  static std::set<std::string> quoted_of(std::string_view text, std::string_view before) {
    std::set<std::string> names;
    const std::size_t begin = text.find(before);
    if (begin == std::string_view::npos) return names;
    std::string_view rest = text.substr(begin + before.size());
    rest = rest.substr(0, rest.find('\n'));
    for (std::size_t open = rest.find('"'); open != std::string_view::npos; open = rest.find('"')) {
      rest.remove_prefix(open + 1);
      const std::size_t close = rest.find('"');
      if (close == std::string_view::npos) break;
      names.emplace(rest.substr(0, close));
      rest.remove_prefix(close + 1);
    }
    return names;
  }

  const TorchArchive& archive_;
  std::map<std::string, Lists> lists_;
};

class ModuleReader {
 public:
  explicit ModuleReader(const TorchArchive& archive) : archive_(archive), lists_(archive) {}

  ScriptedFile read() {
    const Pickle pickle = archive_.pickle();
    const auto* object = std::get_if<PickledObject>(&pickle.root().is);
    if (object == nullptr) fail("holds no module");
    walk(*object, "", 0);
    const auto trains = [](const Slice& slice) { return slice.trainable; };
    if (std::ranges::none_of(out_.layout.slices, trains))
      fail("has no parameter to train; torch.jit.freeze() makes constants of them");
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: {}", archive_.file(), what));
  }

  void walk(const PickledObject& object, const std::string& prefix, int depth) {
    constexpr int kMostDepth = 64;
    if (depth == kMostDepth) fail("its modules lie too deep in each other");
    const auto* entries =
        object.state == nullptr ? nullptr : std::get_if<PickleEntries>(&object.state->is);
    if (entries == nullptr) return;
    const ClassLists::Lists& lists = lists_.of(object.type);
    for (const bool parameters : {true, false}) {
      for (const auto& [name, value] : *entries) {
        const auto* tensor = std::get_if<PickledTensor>(&value->is);
        const auto& wanted = parameters ? lists.parameters : lists.buffers;
        if (tensor != nullptr && wanted.contains(name)) add(prefix + name, *tensor, parameters);
      }
    }
    for (const auto& [name, value] : *entries) {
      if (const auto* inner = std::get_if<PickledObject>(&value->is))
        walk(*inner, prefix + name + ".", depth + 1);
    }
  }

  void add(const std::string& name, const PickledTensor& tensor, bool parameter) {
    const bool whole = holds_whole_numbers(tensor);
    if (!whole && tensor.storage.type != "torch.FloatStorage")
      fail(fmt::format("'{}' is of {}, where float32 belongs", name, tensor.storage.type));
    if (const auto [other, fresh] =
            names_.emplace(std::pair(tensor.storage.key, tensor.offset), name);
        !fresh && !tensor.shape.empty())
      fail(fmt::format("'{}' and '{}' are one tensor, and two belong", other->second, name));
    const std::vector<float> values = archive_.values(tensor, name);
    Layout& layout = out_.layout;
    layout.slices.push_back({name, tensor.shape, layout.size, values.size(),
                             parameter && tensor.requires_grad && !whole, whole});
    layout.size += values.size();
    out_.values.insert(out_.values.end(), values.begin(), values.end());
  }

  const TorchArchive& archive_;
  ClassLists lists_;
  std::map<std::pair<std::string, std::int64_t>, std::string> names_;  // by where the values lie
  ScriptedFile out_;
};

KernelCost kernel(Phase phase, double flops, double elements) {
  return {.phase = phase, .flops = flops, .bytes = elements * kScalarBytes, .mark = std::nullopt};
}

double trainable(const Layout& layout) {
  double sum = 0;
  for (const Slice& slice : layout.slices)
    if (slice.trainable) sum += static_cast<double>(slice.size);
  return sum;
}

// Of the slice, which is trainable.
double share(const ScriptedModule& module, const Slice& slice) {
  return module.flops * static_cast<double>(slice.size) / trainable(module.layout);
}

}  // namespace

ScriptedFile read_scripted_module(const std::string& file) {
  const TorchArchive archive(file);
  if (!archive.is_module())
    throw DataError(fmt::format("{}: is no TorchScript module, as torch.jit.save writes it", file));
  return ModuleReader(archive).read();
}

double flops_estimate(const Layout& layout) { return 2 * trainable(layout); }

Cost training_cost(const ScriptedModule& module, const ActivationShape& input, std::size_t count) {
  const auto samples = static_cast<double>(count);
  const std::vector<Slice>& slices = module.layout.slices;
  Cost cost{copy_cost(count, static_cast<std::size_t>(input.size()))};
  for (const Slice& slice : slices) {
    if (slice.trainable)
      cost.push_back(
          kernel(Phase::kForward, samples * share(module, slice), static_cast<double>(slice.size)));
  }
  cost.push_back(loss_cost(Phase::kLoss, samples * module.classes));
  // Forward has made the buffers' new values.
  for (const bool trained : {false, true}) {
    for (std::size_t i = slices.size(); i-- > 0;) {
      if (slices[i].trainable != trained) continue;
      const double flops = trained ? 2 * samples * share(module, slices[i]) : 0;
      cost.push_back(
          kernel(Phase::kBackward, flops, trained ? 2 * static_cast<double>(slices[i].size) : 0));
      cost.back().mark = static_cast<int>(i);
    }
  }
  return cost;
}

Cost evaluation_cost(const ScriptedModule& module, const ActivationShape& input,
                     std::size_t count) {
  const auto samples = static_cast<double>(count);
  Cost cost{copy_cost(count, static_cast<std::size_t>(input.size()))};
  for (const Slice& slice : module.layout.slices) {
    if (slice.trainable)
      cost.push_back(kernel(Phase::kEvaluate, samples * share(module, slice),
                            static_cast<double>(slice.size)));
  }
  cost.push_back(loss_cost(Phase::kEvaluate, samples * module.classes));
  return cost;
}

}  // namespace understudy
