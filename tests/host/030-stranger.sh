# over D-Bus everybody may read, and only root and spoolguard-admin may lower authority
# shellcheck shell=bash

control() { # user method signature arguments...
	local user=$1
	shift
	inside runuser -u "$user" -- busctl call org.spoolguard1 /org/spoolguard1 org.spoolguard1.Control "$@" 2>&1
}
inside runuser -u stranger -- busctl get-property org.spoolguard1 /org/spoolguard1 org.spoolguard1.Manager State ||
	fail "a stranger cannot read"
for call in "Observe" "Maintenance t 60000000" "RunPlaybook sb vacuum-journal false" "ReturnLease o /org/spoolguard1/lease/1" "Reload"; do
	# shellcheck disable=SC2086
	! answer=$(control stranger $call) || fail "a stranger may call $call"
	grep -qiE 'denied|not permitted|AccessDenied' <<<"$answer" || fail "refused, but how? $answer"
done
[ "$(property '' Manager Mode)" = enforce ] || fail "the stranger changed the mode"

control helper Maintenance t 60000000 || fail "spoolguard-admin cannot start a maintenance"
[ "$(property '' Manager MaintenanceUntilUSec)" -gt 0 ] || fail "no maintenance after the call"
! control helper Maintenance t 0 || fail "spoolguard-admin ended it, which raises authority"
inside spoolguardctl maintenance 0 || fail "root cannot end it"
control helper Observe || fail "spoolguard-admin cannot lower to observe"
[ "$(property '' Manager Mode)" = observe ] || fail "still $(property '' Manager Mode)"
# Raising is root's, over the control socket.
! inside runuser -u helper -- spoolguardctl mode enforce || fail "spoolguard-admin could raise the mode"
inside spoolguardctl mode enforce
mode_is() { [ "$(property '' Manager Mode)" = "$1" ]; }
wait_until 20 mode_is enforce || fail "root could not raise the mode"
