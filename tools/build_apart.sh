#!/bin/bash
# Makes a source release of the tree, unpacks it in DIR and builds it there, unit tests included, with flags of its own:
# tools/build_apart.sh DIR CONFIGURE-ARGUMENT...
set -eu
cd "$(dirname "$0")/.."
dir=$1
shift
rm -rf "$dir"
mkdir -p "$dir"
rm -f mod_mediaupload-*.tar.gz
make -s dist-gzip
tar -xzf mod_mediaupload-*.tar.gz --strip-components=1 -C "$dir"
rm -f mod_mediaupload-*.tar.gz
cd "$dir"
./configure --quiet --enable-werror "$@"
make -s -j"$(nproc)"
make -s -j"$(nproc)" check TESTS=
