# btrfs filled to the last byte by somebody else, under the logs and under its own state: acts, records, reports
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=disks.sh
. "$tests/disks.sh"
# shellcheck source=full.sh
. "$tests/full.sh"

full_disks btrfs
