# the sample plugin builds against the installed headers and works; one that cannot be trusted is refused in one line
# shellcheck shell=bash
#
# Built on the outer host, from the spoolguard-dev package as it was built for this lab (or DEV_ROOT, where it is
# unpacked already): the lab itself has no compiler.

dev=${DEV_ROOT:-}
if [ -z "$dev" ]; then
	# shellcheck disable=SC2012
	package=$(echo "$(ls -dt /var/cache/spoolguard-lab/deb-*/ | head -n 1)"spoolguard-dev_*.deb)
	dev=$(mktemp -d)
	dpkg-deb -x "$package" "$dev"
fi
work=$(mktemp -d)
cp -r "$dev"/usr/share/doc/spoolguard-dev/examples/sample/. "$work"
export PKG_CONFIG_SYSROOT_DIR=$dev
PKG_CONFIG_PATH=$(dirname "$(find "$dev/usr/lib" -name spoolguard.pc)")
export PKG_CONFIG_PATH
[ "$(pkg-config --variable=plugindir spoolguard)" ] || fail "spoolguard.pc names no plugindir"
find "$work" -name '*.gz' -exec gunzip {} +
make -C "$work" CFLAGS='-O2 -Wall -Wextra -Werror' sample.so

plugins=$(inside sh -c 'echo /usr/lib/*/spoolguard/plugins')
install_plugin() { # file name-in-the-lab [mode]
	"$lab" put "$name" "$1" "$plugins/$2"
	inside chmod "${3:-0644}" "$plugins/$2"
}
install_plugin "$work/sample.so" sample.so
put_text /etc/spoolguard/playbooks/use-sample.lua <<'LUA'
return playbook {
  name = "use-sample", summary = "Tries the sample's verb", on = { any = "sample-high" },
  run = function()
    must(act("sample.touch_nothing"))
  end,
}
LUA
configure sample.lua <<<'return {
  plugins = { sample = { value = 7 } },
  conditions = { ["sample-high"] = { reading = "sample_value", trip = 5 } },
}'
inside systemctl restart spoolguard
wait_until 30 answers
reads_seven() {
	inside busctl --json=short call org.spoolguard1 /org/spoolguard1 org.spoolguard1.Manager GetReadings |
		grep -qE '\["sample_value",\{\},7(\.0+(e[+]00)?)?,'
}
wait_until 15 reads_seven || fail "the sample's reading is not there"
wait_event 15 action-outcome verb=sample.touch_nothing status=done || fail "the sample's verb did nothing"

# Each is refused with one line that says why, and the others run on.
bad_plugins=$source_tree/tests/support/bad_plugins
for bad in wrong_abi no_symbol wrong_size wrong_name; do
	gcc -std=gnu17 -shared -fPIC -fvisibility=hidden $(pkg-config --cflags spoolguard) \
		-o "$work/$bad.so" "$bad_plugins/$bad.c"
done
refused() { # file mode owner words
	inside sh -c "rm -f $plugins/test_*.so"
	install_plugin "$work/$1.so" "test_bad.so" "$2"
	inside chown "$3" "$plugins/test_bad.so"
	local since line
	since=$(now)
	inside systemctl restart spoolguard
	wait_until 30 answers || fail "$1 $2 $3: the daemon does not run"
	line=$(log_since "$since" | grep test_bad.so | sort | uniq) || fail "$1 $2 $3: no line"
	echo "$line"
	[ "$(log_since "$since" | grep -c test_bad.so)" -eq 1 ] || fail "$1 $2 $3: not one line"
	grep -qE "refused: .*$4" <<<"$line" || fail "$1 $2 $3: does not say $4"
	wait_until 15 reads_seven || fail "$1 $2 $3: the sample does not run any more"
}
refused wrong_abi 0644 root:root 'ABI 7'
refused wrong_size 0644 root:root 'descriptor'
refused no_symbol 0644 root:root 'sg_plugin'
refused wrong_name 0644 root:root 'postfix'
refused sample 0644 stranger:root 'belong to root'
refused sample 0664 root:root 'written by others'
refused sample 0646 root:root 'written by others'
echo 'this is no shared object' >"$work/text.so"
refused text 0644 root:root 'ELF|header|short'
inside sh -c "rm -f $plugins/test_*.so"

# A directory that others can write to is no place to take any plugin from.
inside chmod 0775 "$plugins"
since=$(now)
inside systemctl restart spoolguard
both_alive || fail "directory mode: the daemon does not run"
log_since "$since" | grep 'refused: its directory' || fail "directory mode: not said"
for plugin in disk journal sample; do
	log_since "$since" | grep -F "/$plugin.so refused: its directory" | say_nothing_twice >/dev/null
done
inside chmod 0755 "$plugins"
inside systemctl restart spoolguard
wait_until 30 answers
fill
wait_event 20 action-outcome verb=journal.vacuum status=done || fail "the bundled plugins do not work any more"
rm -rf "$work"
[ -n "${DEV_ROOT:-}" ] || rm -rf "$dev"
