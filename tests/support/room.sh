# The parts of tests/room. Source it.

# The package sources of this machine that have Debian 12.
sources_of_debian_12() {
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        /etc/apt/sources.list.d/*.sources; do
        if [ -s "$file" ] && grep -qE '^[^#]*[ :]bookworm( |$)' "$file"; then
            printf '%s\n' "$file"
        fi
    done
}

# make_room DIR: of an empty folder
make_room() {
    local room=$1 settings sources file
    echo "tests/room: making a bare Debian 12 in $room" >&2
    settings=$(mktemp)
    # Proxies and whatever else it takes to load from here.
    apt-config dump --format '%F "%v";%n' Acquire | grep -v ' "";$' >"$settings"
    mapfile -t sources < <(sources_of_debian_12)
    mmdebstrap --quiet --variant=minbase --format=directory \
        --aptopt="$settings" bookworm "$room" "${sources[@]}" || return
    rm -f "$settings"
    # Keys of sources that are not Debian's own.
    for file in /etc/apt/trusted.gpg.d/* /etc/apt/keyrings/* \
        $(sed -nE 's/^Signed-By: *//p' /dev/null "${sources[@]}"); do
        [ ! -f "$file" ] || [ -e "$room$file" ] ||
            install -D -m 644 "$file" "$room$file"
    done
    for file in /etc/resolv.conf /etc/hosts; do
        cp --remove-destination "$(realpath "$file")" "$room$file"
    done
    chroot "$room" useradd --create-home --shell /bin/bash stranger
    if [ -f ~/.npmrc ]; then
        for file in "$room/root" "$room/home/stranger"; do
            install -m 600 ~/.npmrc "$file/.npmrc"
        done
    fi
    touch "$room/etc/room"
}

# enter_room DIR PERSON FOLDER COMMAND...: as the first process of a namespace;
# what the command leaves behind ends with it
enter_room() {
    local room=$1 person=$2 folder=$3 kept=() name
    local path=/usr/local/bin:/usr/bin:/bin
    shift 3
    [ "$person" != root ] || path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    mount -t proc proc "$room/proc"
    mount --rbind /dev "$room/dev"
    for name in TERM $(compgen -e | grep -iE '_proxy$|^npm_config_'); do
        [ -z "${!name:-}" ] || kept+=("$name=${!name}")
    done
    chroot "$room" env -i "${kept[@]}" PATH="$path" USER="$person" \
        HOME="$(chroot "$room" sh -c "echo ~$person")" \
        setpriv --reuid "$person" --regid "$person" --init-groups \
        sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@"
    exit $?
}
