#!/usr/bin/env bash
# shellcheck disable=SC1091,SC2154
# Two ranks under torchrun of a current PyTorch, and a restart of all when one is killed. PyTorch comes
# from PyPI into a folder of the test's own, or is that of UNDERSTUDY_TORCHRUN.
source "$(dirname "$0")/common.sh"
torchrun=${UNDERSTUDY_TORCHRUN:-}
if [ -z "$torchrun" ]; then
  python3 -m venv "$work/python" > /dev/null 2>&1 || skip "python3 has no venv"
  "$work/python/bin/pip" install --quiet torch > /dev/null 2>&1 || skip "no PyTorch can be had from PyPI"
  torchrun=$work/python/bin/torchrun
fi
start() { "$torchrun" --no-python --standalone --nproc-per-node 2 "${restarts[@]}" "$program" worker "$@"; }

restarts=()
start train.yaml --out trained 2> trained_out || fail "torchrun: $(cat trained_out)"
check_trained trained
expect_text trained_out "rank 1 of 2 (local rank 1), rank 0 at 127.0.0.1:"

start train.yaml --out by_gloo --set strategy.collective=gloo --quiet 2> gloo_out || fail "torchrun, gloo: $(cat gloo_out)"
check_trained by_gloo  # two terms have one sum

# The second start goes on in the folder of the first.
restarts=(--max-restarts 1)
sed 's/updates: 40/updates: 20000/' train.yaml > longer.yaml
"$program" run longer.yaml --set mode=virtual --out longer_expected --quiet
start longer.yaml --out longer > /dev/null 2> longer_out &
wait_for_start longer
kill -9 "$(rank_process RANK=1)"
wait $! || fail "torchrun has not restarted: $(cat longer_out)"
[ "$(grep -c 'rank 1 of 2 (local rank 1)' longer_out)" = 2 ] || fail "rank 1 was not started twice: $(cat longer_out)"
[ "$(weights longer)" = "$(weights longer_expected)" ] || fail "other weights after a restart"
exit 0
