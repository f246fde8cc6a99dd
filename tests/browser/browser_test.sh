#!/usr/bin/env bash
# Reports of small runs in a browser: every chart is drawn, the console stays empty, and the page asks
# nobody for anything. Whether this would be noticed is tried first, on pages that do wrong.
set -euo pipefail

program=$2
type -P chromium >/dev/null || { echo 'chromium is not installed' && exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# --- looking --------------------------------------------------------------------------------------

# The browser asks for updates of its own, which --host-resolver-rules keeps on this machine.
open_page() {
  rm -rf "$work/profile"
  timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-proxy-server \
    --no-first-run --disable-background-networking --disable-component-update --disable-sync \
    --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$work/profile" \
    --virtual-time-budget=2000 --enable-logging=stderr --log-net-log="$work/net.json" \
    --dump-dom "file://$1" >"$work/dom" 2>"$work/log"
}

# Addresses that the page asked for; requests of the browser itself come from "not an origin".
requests() {
  { grep -E '"initiator":' "$work/net.json" || true; } |
    { grep -v '"initiator":"not an origin"' || true; } |
    sed -E 's/.*"url":"([^"]*)".*/\1/'
}

# What is wrong with a page, a line each.
problems_of() {
  open_page "$1" || { echo "chromium failed: $(tail -n 1 "$work/log")" && return; }
  sed -n 's/.*:CONSOLE[^]]*\] /on the console: /p' "$work/log"
  local canvases drawn
  canvases=$({ grep -o '<canvas id=' "$1" || true; } | wc -l)
  drawn=$(sed -nE 's/.*<body[^>]* data-drawn="([0-9]+)".*/\1/p' "$work/dom")
  [[ $drawn == "$canvases" ]] || echo "of $canvases charts ${drawn:-none} are drawn"
  requests | sed -E '/^(file|data):/d; s/^/asked for: /'
}

fail() {
  printf 'FAILED in "%s": %s\n' "$case_name" "$1"
  failures=$((failures + 1))
}

# --- what would be noticed ------------------------------------------------------------------------

# $1: case; $2: what must be found wrong, and nothing else; stdin: the body of a page.
guilty() {
  case_name=$1
  { echo '<!doctype html><html>' && cat; } >"$work/page.html"
  local problems
  problems=$(problems_of "$work/page.html")
  [[ $problems == "$2"* && $problems != *$'\n'* ]] || fail "\"$2\" expected, found \"$problems\""
}

guilty 'a script that fails' 'on the console: "Uncaught ReferenceError' <<'P'
<body data-drawn="1"><canvas id="chart0"></canvas><script>missing();</script>
P
guilty 'a warning' 'on the console: "beware' <<'P'
<body data-drawn="0"><script>console.warn("beware");</script>
P
guilty 'a chart that is not drawn' 'of 2 charts 1 are drawn' <<'P'
<body data-drawn="1"><canvas id="chart0"></canvas><canvas id="chart1"></canvas>
P
guilty 'no chart is drawn' 'of 1 charts none are drawn' <<'P'
<body><canvas id="chart0"></canvas>
P
guilty 'an image from elsewhere' 'asked for: http://elsewhere.invalid/x.png' <<'P'
<body data-drawn="0"><img src="http://elsewhere.invalid/x.png">
P
guilty 'a message home' 'asked for: https://elsewhere.invalid/home' <<'P'
<body data-drawn="0"><script>fetch("https://elsewhere.invalid/home", {mode: "no-cors"}).catch(() => {});</script>
P

# --- reports --------------------------------------------------------------------------------------

# $1: case; $2: how many charts its report has; stdin: the scenario.
report() {
  case_name=$1
  cat >"$work/$1.yaml"
  if ! "$program" run "$work/$1.yaml" --quiet --jobs 1 --out "$work/$1" 2>"$work/errors"; then
    fail "the run failed: $(cat "$work/errors")"
    return
  fi
  local problems canvases
  problems=$(problems_of "$work/$1/report.html")
  [[ ! $problems ]] || fail "$problems"
  canvases=$({ grep -o '<canvas id=' "$work/$1/report.html" || true; } | wc -l)
  [[ $canvases == "$2" ]] || fail "$2 charts expected, found $canvases"
}

# Accuracy and time against nodes, accuracy against epochs and seconds, time by phase, utilisation.
report classifier 6 <<'Y'
repeats: 2
topology: {kind: cluster, device: rtx3080}
workload: {kind: image_classifier, dataset: fashion_mnist, model: lenet, batch: 32, train_limit: 256,
           test_limit: 100, evaluate_every: 2}
report: {question: "Is every chart drawn?"}
sweep:
  variant: [{name: as published}, {name: scaled rate, workload.lr_scaling: linear}]
  topology.machines: [1, 2]
Y

# Time and bus bandwidth against nodes.
report collective 2 <<'Y'
workload: {kind: collective, bytes: 1MB}
sweep: {strategy.collective: [ring, tree], topology.machines: [2, 4, 8]}
Y

# Spans, under a name that would run a script if it could.
report traffic 1 <<'Y'
name: "</script><img src=http://elsewhere.invalid/ onerror=alert(1)>\" onload='alert(2)' x=\"<!--"
topology: {kind: path, nodes: 3}
workload: {kind: traffic, flows: [{from: 0, to: 2, bytes: 1MB}, {from: 1, to: 2, bytes: 2MB, start: 1ms}]}
sweep: {network.kind: [ideal, fair_share]}
Y

# Steps against x; on the way one run leaves the numbers behind.
report quadratic 1 <<'Y'
workload: {kind: quadratic, start: 5, updates: 400}
sweep: {workload.optimizer.lr: [0.1, 1000]}
Y

((failures == 0)) || exit 1
echo 'every report is drawn'
