#!/bin/sh
# message_ids - every event that the executor logs is explained in the catalog, and nothing else is
#
# usage: message_ids.sh SOURCE-TREE.  Fails with the ids that stand on one side only.
set -eu
ids=$(mktemp)
trap 'rm -f "$ids"' EXIT
grep -oE '"[0-9a-f]{32}"' "$1/core/executor/message_ids.h" | tr -d '"' | sort >"$ids"
[ -s "$ids" ]
sed -n 's/^-- \([0-9a-f]*\)$/\1/p' "$1/packaging/spoolguard.catalog" | sort | diff "$ids" -
