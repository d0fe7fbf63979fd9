#!/bin/sh
# Runs every hostile case and prints what it takes above a plain run: peak memory, seconds, exit code, verdict.
#
#   RETORT=target/release/retort tests/hostile/measure.sh [WORD …]
#
# With words, the cases whose names hold one of them. A case is a row of the table in measure.py; a new one is a row more.
exec python3 "$(dirname "$0")/measure.py" "$@"
