#!/bin/bash
# notarise.sh FILE.dmg: Apple looks at it (some minutes), and its word is stapled to the file so that it is known offline.
set -euo pipefail
image=$1
: "${WORKBENCH_NOTARY_PROFILE:?a profile of xcrun notarytool store-credentials}"

xcrun notarytool submit "$image" --keychain-profile "$WORKBENCH_NOTARY_PROFILE" --wait
xcrun stapler staple "$image"
spctl --assess --type open --context context:primary-signature --verbose=2 "$image"
