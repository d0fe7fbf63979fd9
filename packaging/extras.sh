#!/bin/sh
# Writes what goes beside the program, made by the program itself: extras.sh PROGRAM FOLDER
# The folder gets completions/ for bash, zsh and fish, man/ with a page per command, and schema/ for editors.
set -eu

program=$1
folder=$2
mkdir -p "$folder/completions"
"$program" completions bash > "$folder/completions/retort.bash"
"$program" completions zsh > "$folder/completions/_retort"
"$program" completions fish > "$folder/completions/retort.fish"
"$program" man --dir "$folder/man"
"$program" schema export "$folder/schema" > /dev/null
# The program's own files are private; these are everybody's.
chmod 755 "$folder" "$folder/man" "$folder/schema"
chmod 644 "$folder/man"/* "$folder/schema"/*
