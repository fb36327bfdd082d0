# Builds with a preset of CMakePresets.json. Source it from the root of the tree.
. tests/support/progress.sh

# A folder that an earlier run left half made, or that came along with a tree
# copied from another place, is made anew.
configure() { # PRESET
    local folder=build/$1 log
    if [ -e build ] && [ -n "$(find build -maxdepth 2 ! -writable -print -quit)" ]
    then
        echo "build/ belongs to another user; remove it:" >&2
        echo "    sudo rm -rf '$PWD/build'" >&2
        return 1
    fi
    cmake --preset "$1" >/dev/null 2>&1 && return
    rm -rf "$folder"
    log=$(cmake --preset "$1" 2>&1) || { printf '%s\n' "$log" >&2; return 1; }
}

# build PRESET [TARGET...]
build() {
    local preset=$1 log=build/$1/build.log
    shift
    configure "$preset" || return
    if ! NINJA_STATUS='%p ' cmake --build --preset "$preset" \
        ${1:+--target "$@"} 2>&1 | tee "$log" | progress "building $preset"
    then
        grep -v '^ *[0-9]*% ' "$log" | tail -n 60 >&2
        return 1
    fi
}
