# the twin of the stuck filter: a newsletter of 2,000 drains through it at a normal rate, and nothing is done
# shellcheck shell=bash
# shellcheck source=nights.sh
. "$tests/nights.sh"
# shellcheck source=outage.sh
. "$tests/outage.sh"
# shellcheck source=filter.sh
. "$tests/filter.sh"

filter_night
filter_may_be_restarted
start
# Installing it reserved the ballast.
recorded=$(events | wc -l)
inject /root/news.list flow.test N 2000
wait_until 400 nothing_moves || fail "$(messages_in incoming active deferred) messages are left"
taken_once /root/news.list
nothing_was_done || fail "something was done"
[ -z "$(diagnosis)" ] || fail "something is wrong: $(diagnosis)"
