# the control socket takes garbage, floods and strangers with one line each, and the daemon goes on
# shellcheck shell=bash

inside chmod 0755 /root /root/host
executor=$(executor_pid) watcher=$(watcher_pid)
since=$(now)
judge <<'PYTHON'
import os
import socket
import time
import control

def refused(command, *words, **arguments):
    said = control.order(command, **arguments)
    assert said and not said[0], f"{command} {arguments}: {said}"
    assert len(said[1].splitlines()) == 1 and all(word in said[1] for word in words), said
    print(command, arguments, "->", said[1])

def ended(what, *packets, pause=1.2):
    """Hung up on after these packets; the pause lets the next complaint have its own line in the log."""
    client = control.connect()
    try:
        for packet in packets:
            client.send(packet)
        while control.answer(client):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass
    client.close()
    print("hung up on after", what)
    time.sleep(pause)

# Understood, and refused.
refused("explode", "explode")
refused("mode", "sideways", mode="sideways")
refused("mode")
refused("maintenance", "at most", usec=str(10**17))
refused("maintenance", "-5", usec="-5")
refused("maintenance", usec="12 parsecs")
refused("run", "no-such-thing", playbook="no-such-thing")
refused("unquarantine", "quarantine", playbook="vacuum-journal")

# Not understood.
good = control.request("status")
ended("half a message", good[:len(good) // 2])
ended("one byte", b"\x17")
ended("a byte too many", good + b"!")
ended("another version", good[:2] + b"\x07\x00" + good[4:])
ended("a message of the watcher", b"\x01\x00\x01\x00" + good[4:])
ended("a command with control characters", control.request(b"sta\x07tus"))
ended("a command that is no UTF-8", control.request(b"sta\xfftus"))
ended("too long a command", control.request("x" * 64))
ended("17 arguments", control.request("status", [("a", "b")] * 17))
ended("a packet of 20,000 bytes", os.urandom(20000))
ended("10 MB of garbage", *(os.urandom(16000) for _ in range(640)))
ended("a flood", *([good] * 5000))

# More connections than there is room for; those that are there go on.
clients = [control.connect() for _ in range(8)]
time.sleep(0.3)
extra = control.connect()
assert control.answer(extra) is None, "a ninth connection was served"
for client in clients:
    client.send(good)
    said = control.answer(client)
    assert said and said[0], said
for client in clients:
    client.close()
time.sleep(0.3)
ok, text = control.order("status")
assert ok and "version:" in text, text
PYTHON
log_since "$since" | grep 'control socket:' || fail "no line in the journal"
lines=$(log_since "$since" | grep -c 'control socket:')
[ "$lines" -ge 12 ] && [ "$lines" -le 20 ] || fail "$lines lines for 13 misdeeds"

# A stranger does not get through the socket's mode; where an admin opened it, he is not heeded.
stranger() { inside runuser -u stranger -- python3 /root/host/control.py mode mode=observe 2>&1; }
! answer=$(stranger) || fail "a stranger gave orders"
grep -q PermissionError <<<"$answer" || fail "how was the stranger refused? $answer"
inside chmod 0666 /run/spoolguard/control
# At most one line a second.
sleep 1.1
since=$(now)
! answer=$(stranger) || fail "a stranger gave orders to an open socket: $answer"
echo "$answer"
log_since "$since" | grep 'is not heeded' | say_nothing_twice
inside chmod 0600 /run/spoolguard/control
[ "$(property '' Manager Mode)" = enforce ] || fail "the mode was changed"
[ "$(executor_pid) $(watcher_pid)" = "$executor $watcher" ] || fail "a process was restarted"
fill
healed 30 || fail "no healing after all this"
inside chmod 0700 /root
