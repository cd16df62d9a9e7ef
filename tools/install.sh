#!/bin/bash
# Installs the Debian packages that are missing for the needs named: tools/install.sh build serve check
# (the words are the first column of tools/packages). Asks nothing; does nothing when all is there.
set -u
top=$(cd "$(dirname "$0")/.." && pwd -P)
program=${program:-install}
# shellcheck source=tools/say.sh
. "$top/tools/say.sh"
log=$top/build/log/install.log

# The packages of the needs given that are neither installed nor stood in for by their command.
missing_packages() {
    local need package command wanted=() installed
    while read -r need package command; do
        case " $* " in *" $need "*) ;; *) continue ;; esac
        [ -n "$command" ] && command -v "$command" >/dev/null && continue
        wanted+=("$package")
    done < <(grep -v '^#' "$top/tools/packages")
    [ ${#wanted[@]} -eq 0 ] && return
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null)
    for package in "${wanted[@]}"; do
        grep -qx "installed $package" <<<"$installed" || printf '%s ' "$package"
    done
}

command -v dpkg-query >/dev/null || exit 0   # not Debian: configure says what is missing
missing=$(missing_packages "$@")
[ -z "$missing" ] && exit 0

start_log "$log"
as_root=()
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || fail "packages are missing; run as root: apt-get install ${missing% }"
    as_root=(sudo -n)
fi
say "Installing $missing"
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 "$@" \
        >>"$log" 2>&1 </dev/null
}
apt update   # may fail for a source that none of the packages comes from
# shellcheck disable=SC2086  # a list of words
apt install --no-install-recommends $missing && exit 0
left=$(missing_packages "$@")
[ -z "$left" ] && exit 0
fail "apt-get cannot install ${left% }: check the network and the package sources in /etc/apt/sources.list*," \
    "then start again (full output: $log)"
