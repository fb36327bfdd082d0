#!/bin/sh
# apart.sh NODE.a OFFICE.a OUT.a: node and coordinator never see each other, and
# name some things alike. OUT is the coordinator's library, in which those names
# that the node's has too are others, so that one test can hold both.
set -eu
names=$(mktemp -d)
trap 'rm -rf "$names"' EXIT
names_of() {
    nm -g --defined-only "$1" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u
}
names_of "$1" >"$names/node"
names_of "$2" >"$names/office"
comm -12 "$names/node" "$names/office" |
    awk '{ print $1, "office_side_" $1 }' >"$names/rename"
objcopy --redefine-syms="$names/rename" "$2" "$3"
