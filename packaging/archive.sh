#!/bin/sh
# Packs a release of one target: archive.sh TARGET PROGRAM FOLDER
# The folder gets retort-VERSION-TARGET.tar.gz and its SHA-256. Names, order, times and owners in it are always the same.
# Where the program cannot run here, EXTRAS names a folder that extras.sh has made of one that can.
set -eu

target=$1
program=$2
folder=$3
root=$(cd "$(dirname "$0")/.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
name="retort-$version-$target"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/$name" "$folder"
cp "$program" "$work/$name/retort"
chmod 755 "$work/$name/retort"
cp "$root/README.md" "$root/CHANGELOG.md" "$root/LICENSE-APACHE" "$root/LICENSE-MIT" "$work/$name/"
if [ -n "${EXTRAS:-}" ]; then
    cp -R "$EXTRAS/completions" "$EXTRAS/man" "$EXTRAS/schema" "$work/$name/"
else
    "$root/packaging/extras.sh" "$program" "$work/$name"
fi
find "$work/$name" -exec touch -t 202001010000 {} +
(cd "$work" && find "$name" | LC_ALL=C sort > list)
if tar --version 2>/dev/null | grep -q GNU; then
    tar --owner=0 --group=0 --numeric-owner --no-recursion -C "$work" -T "$work/list" -cf "$work/archive.tar"
else
    tar --uid 0 --gid 0 -n -C "$work" -T "$work/list" -cf "$work/archive.tar"
fi
gzip -n -9 < "$work/archive.tar" > "$folder/$name.tar.gz"
cd "$folder"
if command -v sha256sum > /dev/null; then
    sha256sum "$name.tar.gz" > "$name.tar.gz.sha256"
else
    shasum -a 256 "$name.tar.gz" > "$name.tar.gz.sha256"
fi
echo "$folder/$name.tar.gz"
