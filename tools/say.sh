# shellcheck shell=bash
# Sourced by the commands: how they speak and how they fail. The caller sets $program.

say() { printf '%s\n' "$*"; }

# One sentence with the remedy, exit 1.
fail() {
    printf '%s: %s\n' "${program:?}" "$*" >&2
    exit 1
}

# The command line was wrong: one line, exit 2.
usage() {
    printf '%s: %s (try --help)\n' "${program:?}" "$*" >&2
    exit 2
}

# Empties a log file below build/log, or says why it cannot.
start_log() {
    if ! { mkdir -p "${1%/*}" && : >"$1"; } 2>/dev/null; then
        fail "cannot write to ${1%/*}: run it as the owner of the tree"
    fi
}
