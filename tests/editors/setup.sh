#!/usr/bin/env bash
# Gets a real VS Code that runs without a desktop: code-server on a node of its own, and what drives a browser.
# All goes into one folder outside the repository and stays there; a second run finds it and ends at once.
#
#   tests/editors/setup.sh [FOLDER]        # default: ~/.cache/finetab-editors; about 820 MB, some minutes
#
# Needs npm, and on Debian two packages: chromium (or any Chrome, or CHROMIUM=/path/to/one), and libkrb5-dev, against
# which one of code-server's native modules is compiled. Prints the browser's path on stdout, and the rest on stderr.
set -euo pipefail
exec 3>&1 1>&2
dir=${1:-$HOME/.cache/finetab-editors}

die() { echo "setup.sh: $*" >&2; exit 1; }

browser() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name"; then return; fi
  done
  die "no Chromium is here; install one (Debian: apt-get install chromium) or set CHROMIUM to its path"
}

# into FOLDER PACKAGE...: packages in a folder of their own, unless they are there already
into() {
  local folder=$dir/$1; shift
  if [ -f "$folder/.done" ] && [ "$(cat "$folder/.done")" = "$*" ]; then return; fi
  echo "setup.sh: $* -> $folder"
  mkdir -p "$folder"
  (cd "$folder" && npm init -y >/dev/null && npm install --no-audit --no-fund "$@")
  echo "$*" >"$folder/.done"
}

command -v npm >/dev/null || die "npm is not here; install Node.js 20 or newer"
chromium=$(browser)
into node node@24
into driver playwright-core@1.65.1
# code-server runs on that node, and its native modules are compiled with the headers that came along.
export PATH="$dir/node/node_modules/node/bin:$PATH"
header=$(find "$dir/node/node_modules" -path '*/include/node/node.h' | head -n 1)
export npm_config_nodedir=${header%/include/node/node.h}
into vscode code-server@4.139.1
echo "$chromium" >&3
