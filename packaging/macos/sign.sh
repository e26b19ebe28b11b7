#!/bin/bash
# sign.sh "Model Workbench.app": every library, then the program, then the bundle, with the hardened runtime. From the inside
# out, because a signature covers what lies within.
set -euo pipefail
app=$1
here=$(cd "$(dirname "$0")" && pwd)
: "${WORKBENCH_SIGN_IDENTITY:?the name of a Developer ID Application certificate}"

find "$app/Contents" -type f \( -name '*.dylib' -o -name '*.so' -o -perm -u+x \) -print0 |
    while IFS= read -r -d '' file; do
        if file -b "$file" | grep -q 'Mach-O'; then
            codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
                --sign "$WORKBENCH_SIGN_IDENTITY" "$file"
        fi
    done
codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
    --sign "$WORKBENCH_SIGN_IDENTITY" "$app"
codesign --verify --deep --strict --verbose=2 "$app"
