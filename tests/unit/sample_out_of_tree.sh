#!/bin/sh
# Installs the headers and spoolguard.pc below a scratch directory, copies the sample there, and runs its Makefile.
set -eu
cmake=$1 built=$2 sample=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

DESTDIR="$scratch" "$cmake" --install "$built" >/dev/null
pc=$(dirname "$(find "$scratch" -name spoolguard.pc)")
cp -r "$sample" "$scratch/my-plugin"
cd "$scratch/my-plugin"
rm -f sample.so
# The sysroot stands in for the / that the package would be installed to.
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$scratch"
make CFLAGS="-O2 -Wall -Wextra -Werror"
nm -D --defined-only sample.so | grep -q ' sg_plugin$'
test "$(nm -D --defined-only sample.so | wc -l)" -eq 1
# As its README makes it one's own.
mv sample.c mine.c
sed -i 's/^PLUGIN = .*/PLUGIN = mine/' Makefile
make CFLAGS="-O2 -Wall -Wextra -Werror"
make -n install DESTDIR="$scratch/x" | grep -q 'mine.so .*/spoolguard/plugins/mine.so$'
pkg-config --variable=plugindir spoolguard | grep -q '/spoolguard/plugins$'
