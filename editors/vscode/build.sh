#!/usr/bin/env bash
# Puts the extension together: copies the grammar, fetches the client library and, where `vsce` can be had, packs a
# .vsix file that `code --install-extension` takes.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p syntaxes
cp ../../grammar/irlas.tmLanguage.json syntaxes/
npm install --omit=dev --no-audit --no-fund
npx --yes @vscode/vsce package --allow-missing-repository --skip-license
