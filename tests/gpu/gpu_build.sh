#!/usr/bin/env bash
# Follows docs/gpu.md: PyTorch's wheels with CUDA and NCCL, a build against them, and its tests of learners and of
# libraries of collectives, and whole runs; those that want a GPU skip without one. By hand, not under ctest: it fetches some 2 GB.
# Usage: tests/gpu/gpu_build.sh [WHEELS], a folder of wheels that pip fetched before.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

if [[ ! -d build/gpu-wheels/torch ]]; then
  from=()
  [[ $# -eq 0 ]] || from=(--no-index --find-links "$1")
  python3 -m pip install --quiet "${from[@]}" --target build/gpu-wheels torch
fi
cmake --preset gpu >/dev/null
cmake --build --preset gpu --target understudy understudy-node torch_learner_test c10d_test

# One LibTorch, with CUDA and NCCL, and nothing of the system's.
libraries=$(ldd build/gpu/bin/understudy-node)
for wanted in libtorch_cuda.so libnccl.so; do
  [[ $libraries == *"$wanted"* ]] || { echo "the program does not link $wanted" >&2; exit 1; }
done
if grep -E 'lib(torch|c10)' <<<"$libraries" | grep -v "$root/build/gpu-wheels"; then
  echo 'the program mixes another LibTorch into the one of the wheels' >&2
  exit 1
fi
build/gpu/bin/torch_learner_test --gtest_brief=1
build/gpu/bin/c10d_test --gtest_brief=1
tests/gpu/gpu_runs.sh build/gpu/bin || [[ $? -eq 77 ]]
