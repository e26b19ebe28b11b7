#!/bin/sh
# Puts Model Workbench into this person's menu, wherever its folder lies. No administrator is needed.
#   ./install-for-me.sh          ./install-for-me.sh --remove
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
share=${XDG_DATA_HOME:-$HOME/.local/share}
bin=$HOME/.local/bin
entry=$share/applications/model-workbench.desktop

refresh() {
    if command -v update-mime-database >/dev/null 2>&1; then update-mime-database "$share/mime" || true; fi
    if command -v update-desktop-database >/dev/null 2>&1; then update-desktop-database "$share/applications" || true; fi
}

if [ "${1:-}" = "--remove" ]; then
    rm -f "$entry" "$share/mime/packages/model-workbench.xml" "$bin/model-workbench" "$bin/workbench"
    rm -f "$share"/icons/hicolor/*/apps/model-workbench.png "$share/icons/hicolor/scalable/apps/model-workbench.svg"
    refresh
    echo "Taken out of the menu. Delete this folder to remove the app; your projects stay in your documents."
    exit 0
fi

mkdir -p "$share/applications" "$share/mime/packages" "$share/icons" "$bin"
cp -R "$here/desktop/icons/." "$share/icons/"
cp "$here/desktop/mime/packages/model-workbench.xml" "$share/mime/packages/"
# The desktop entry names the program by its place, quoted as the Desktop Entry Specification wants.
PLACE=$(printf '%s' "$here/model-workbench" | sed -e 's/[\\"`$]/\\&/g' -e 's/%/%%/g')
export PLACE
awk '/^Exec=model-workbench/ { print "Exec=\"" ENVIRON["PLACE"] "\"" substr($0, length("Exec=model-workbench") + 1); next }
    { print }' "$here/desktop/applications/model-workbench.desktop" > "$entry"
ln -sf "$here/model-workbench" "$bin/model-workbench"
ln -sf "$here/model-workbench" "$bin/workbench"
refresh
echo "Model Workbench is in the menu now. On a terminal: $bin/workbench --help"
