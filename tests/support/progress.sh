# What takes long is seen to go on. Source it.

# progress WHAT: reads lines "PERCENT TEXT" and shows how far it is: in one line
# that changes on a terminal, otherwise a line at each quarter.
progress() {
    local percent text quarter=0
    while read -r percent text; do
        percent=${percent%%[!0-9]*}
        [ -n "$percent" ] || continue
        if [ -t 2 ]; then
            printf '\r\033[K%s: %3d %% %.50s' "$1" "$percent" "$text" >&2
        elif [ $((percent / 25)) -gt "$quarter" ]; then
            quarter=$((percent / 25))
            printf '%s: %d %%\n' "$1" "$percent" >&2
        fi
    done
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}
