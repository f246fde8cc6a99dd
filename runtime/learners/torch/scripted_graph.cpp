#include "runtime/learners/torch/scripted_graph.hpp"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <functional>

namespace understudy {
namespace {

using torch::jit::Block;
using torch::jit::Node;

void for_each_node(const Block* block, const std::function<void(const Node&)>& visit) {
  for (const Node* node : block->nodes()) {
    visit(*node);
    for (const Block* inner : node->blocks()) for_each_node(inner, visit);
  }
}

// The constant that an operation is given as this argument; none where it has no such argument, or gets
// a value that depends on something.
c10::optional<c10::IValue> constant(const Node& node, const char* argument) {
  if (!node.hasNamedInput(argument)) return c10::nullopt;
  return torch::jit::toIValue(node.namedInput(std::string(argument)));
}

// A probability of zero drops nothing in training either.
bool never_drops(const Node& node) {
  for (const char* argument : {"p", "dropout"}) {
    const auto probability = constant(node, argument);
    if (probability && probability->isDouble() && probability->toDouble() == 0) return true;
  }
  return false;
}

void look_at(const Node& node, ScriptedGraph& out) {
  if (node.maybeSchema() == nullptr) return;
  const std::string name = node.kind().toUnqualString();
  out.draws |=
      !never_drops(node) && (node.isNondeterministic() || node.hasNamedInput("generator") ||
                             name.find("dropout") != std::string::npos);
  out.normalises |= name.find("batch_norm") != std::string::npos;
  for (const char* argument : {"training", "train"}) {
    const auto value = constant(node, argument);
    if (!value || !value->isBool() || never_drops(node)) continue;
    out.frozen = name;
    out.frozen_in_training = value->toBool();
  }
}

}  // namespace

ScriptedGraph look_at(const torch::jit::Module& module) {
  const auto graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  ScriptedGraph out;
  for_each_node(graph->block(), [&](const Node& node) { look_at(node, out); });
  return out;
}

}  // namespace understudy
