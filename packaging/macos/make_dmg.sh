#!/bin/bash
# make_dmg.sh "Model Workbench.app" OUT.dmg
# Signs (WORKBENCH_SIGN_IDENTITY), packs, and has Apple notarise (WORKBENCH_NOTARY_PROFILE, a profile kept with
# `xcrun notarytool store-credentials`). Without these two the image is made all the same, unsigned: people then open the app the
# first time with Control-click, Open.
set -euo pipefail
app=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)

if [[ -n "${WORKBENCH_SIGN_IDENTITY:-}" ]]; then
    "$here/sign.sh" "$app"
else
    echo "No WORKBENCH_SIGN_IDENTITY: signed for this computer only (ad hoc)." >&2
    codesign --force --deep --sign - "$app"
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
rm -f "$out"
hdiutil create -volname "Model Workbench" -srcfolder "$stage" -fs HFS+ -format ULMO -ov "$out"

if [[ -n "${WORKBENCH_SIGN_IDENTITY:-}" ]]; then
    codesign --force --timestamp --sign "$WORKBENCH_SIGN_IDENTITY" "$out"
fi
if [[ -n "${WORKBENCH_NOTARY_PROFILE:-}" ]]; then
    "$here/notarise.sh" "$out"
fi
