#!/bin/sh
exec "$(dirname -- "$(readlink -f -- "$0")")/usr/lib/model-workbench/model-workbench" "$@"
