# a hostile sensor in the watcher's place breaks out of nothing
# shellcheck shell=bash
#
# What is held: the user, the only capability, no-new-privs and the filter as the kernel reports them, and a probe
# (probe.c) that runs as a sensor and tries the doors one by one.

watcher=$(inside pgrep -f 'role=watcher' | head -n 1)
[ -n "$watcher" ] || fail "no watcher process"
status=$(inside cat "/proc/$watcher/status")
uid=$(inside id -u spoolguard)
# CAP_DAC_READ_SEARCH is number 2.
for line in "Uid: $uid $uid $uid $uid" "CapPrm: 0000000000000004" "CapEff: 0000000000000004" \
	"CapInh: 0000000000000000" "CapAmb: 0000000000000000" "CapBnd: 0000000000000004" "NoNewPrivs: 1" "Seccomp: 2"; do
	tr -s '\t ' ' ' <<<"$status" | grep -qx "$line" || fail "watcher's status lacks: $line"
done

probe=$(mktemp -d)
gcc -std=gnu17 -Wall -Wextra -Werror -shared -fPIC -D_GNU_SOURCE -I"$source_tree/include" \
	-o "$probe/test_probe.so" "$tests/probe.c"
plugins=$(inside sh -c 'echo /usr/lib/*/spoolguard/plugins')
"$lab" put "$name" "$probe/test_probe.so" "$plugins/test_probe.so"
rm -r "$probe"
inside chmod 0644 "$plugins/test_probe.so"
inside install -o spoolguard -g spoolguard -m 0600 /dev/null /var/tmp/mine
# Landlock keeps /tmp and its like shut even where the file mode would let it in.
inside systemctl restart spoolguard

# label value -> refused, errno
results() {
	inside busctl --json=short call org.spoolguard1 /org/spoolguard1 org.spoolguard1.Manager GetReadings |
		inside python3 -c '
import json, sys
found = {}
for name, labels, value, at in json.load(sys.stdin)["data"][0]:
    if name in ("probe_refused", "probe_errno"):
        found.setdefault(labels["attempt"], {})[name] = int(value)
for attempt, result in sorted(found.items()):
    print(attempt, result.get("probe_refused"), result.get("probe_errno"))'
}
has_results() { [ "$(results | wc -l)" -ge 30 ]; }
wait_until 15 answers
wait_until 15 has_results
results
opened=$(results | awk '$1 !~ /^read-/ && $2 != 1 { print $1 }')
[ -z "$opened" ] || fail "worked in the watcher: $opened"
closed=$(results | awk '$1 ~ /^read-/ && $2 != 0 { print $1 }')
[ -z "$closed" ] || fail "must work in the watcher, but does not: $closed"
figure "$(results | grep -cv '^read-') attempts, none worked"
inside test -e /var/tmp/mine || fail "the probe removed a file"
inside rm -f "$plugins/test_probe.so" /var/tmp/mine

# Reading mail leaves no trace in it.  A deferred file is dated into the future, so that relatime spares it nothing.
inside systemctl stop postfix@-
inside sh -c 'echo x | sendmail -f a@source.example to@nowhere.example && file=$(find /var/spool/postfix/maildrop -type f) &&
	touch -m -d "now + 1 hour" "$file" && touch -a -d 2020-01-01 "$file"'
inside systemctl restart spoolguard
accessed() { inside find /var/spool/postfix/maildrop -type f -printf '%AY\n'; }
reads_it() { inside spoolguardctl queue --messages 2>/dev/null | grep -q nowhere.example; }
wait_until 15 reads_it || fail "the message is not read"
[ "$(accessed)" = 2020 ] || fail "the watcher wrote an access time: $(accessed)"
inside sh -c 'find /var/spool/postfix/maildrop -type f -delete'
inside systemctl start postfix@-
