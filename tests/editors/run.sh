#!/usr/bin/env bash
# Drives the editors: run.sh EXTENSION FINETAB. Needs what setup.sh fetches; pictures go to tests/editors/pictures.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${FINETAB_EDITORS:-$HOME/.cache/finetab-editors}
vsix=$(realpath "${1:?the packaged extension, a .vsix file}")
finetab=$(realpath -s "${2:?the finetab command}")

CHROMIUM=$("$here/setup.sh" "$cache")
export CHROMIUM
node=$cache/node/node_modules/node/bin/node
"$node" "$here/vscode_trouble.mjs" "$cache" "$vsix" "$here/pictures"
"$node" "$here/vscode.mjs" "$cache" "$vsix" "$finetab" "$here/pictures"
