#!/bin/bash
# Builds the tree where it stands; make decides what is to be done. Arguments are make's.
set -u
top=$(cd "$(dirname "$0")/.." && pwd -P)
program=${program:-build}
# shellcheck source=tools/say.sh
. "$top/tools/say.sh"
log=$top/build/log/build.log

# Runs a step with its output in the log; when it fails, the first error of the output becomes the sentence.
step() {
    local what=$1 error
    shift
    "$@" >>"$log" 2>&1 </dev/null && return
    error=$(sed -n 's/^configure: error: //p' "$log" | head -n 1)
    if [ -z "$error" ]; then
        error=$(grep -m 1 -E 'error: |undefined reference|[*]{3} |not found' "$log" || tail -n 1 "$log")
        error="$what failed: $error"
    fi
    fail "$error (full output: $log)"
}

# A tree that was moved or copied keeps its old place in its Makefile.
configured_here() { [ -f Makefile ] && [ -f config.status ] && grep -qxF "abs_top_srcdir = $top" Makefile; }

case $top in
    *[!a-zA-Z0-9/._+,@:~-]*) fail "make cannot work below $top: move the tree to a path of plain letters" ;;
esac
cd "$top" || exit 1
start_log "$log"
exec 9>build/log/build.lock
flock 9
if [ ! -x configure ]; then
    say "Building (log: $log)"
    step "autoreconf" autoreconf -i
fi
if ! configured_here; then
    rm -f Makefile
    step "configure" ./configure --quiet
fi
step "the build" make -s -j"$(nproc)" "$@"
# Whoever httpd runs as may start the programs, whatever the umask was.
chmod -f a+rx cgi-bin/*.cgi || true
