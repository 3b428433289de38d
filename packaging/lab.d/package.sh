# lab.d/package.sh - build the .deb of this tree and install it in a lab
#
# A built package is kept under a hash of all that went into it: every file that
# git tracks or would offer to track, with name, mode and contents.
# shellcheck shell=bash

source_tree=$(dirname "$here")

# How many different trees' packages stay in the cache.
package_keep=4

package_hash() {
	local file
	{
		git -C "$source_tree" ls-files -z -co --exclude-standard | sort -z |
			while IFS= read -r -d '' file; do
				# A tracked file may have been deleted in the work tree.
				[ -f "$source_tree/$file" ] || continue
				printf '%s %s ' "$file" "$(stat -c %a "$source_tree/$file")"
				sha256sum <"$source_tree/$file"
			done
	} | sha256sum | cut -c1-16
}

# The package file in a directory; exactly one, or we would guess.
package_find() {
	local found
	found=$(find "$1" -maxdepth 1 -name 'spoolguard_*.deb' 2>/dev/null)
	[ -n "$found" ] || die "no spoolguard_*.deb in '$1'"
	[ "$(wc -l <<<"$found")" -eq 1 ] || die "more than one spoolguard_*.deb in '$1'"
	echo "$found"
}

# Prints a directory with the packages of the tree as it is now.
package_build() {
	local dir work
	dir=$cache_dir/deb-$(package_hash)
	if [ ! -d "$dir" ]; then
		mkdir -p "$cache_dir"
		# What an interrupted build left; none takes an hour.
		find "$cache_dir" -maxdepth 1 -name 'deb.??????' -mmin +60 -exec rm -rf {} +
		work=$(mktemp -d "$cache_dir/deb.XXXXXX")
		say "building the package (log: $cache_dir/deb.log)"
		# The tests belong to packaging/check; the lab wants the package soon.
		if ! DEB_BUILD_OPTIONS="nocheck noautodbgsym ${DEB_BUILD_OPTIONS:-}" \
			"$here/deb" "$work" >"$cache_dir/deb.log" 2>&1 </dev/null; then
			rm -rf "$work"
			grep -E '( error: |^(dh_[a-z]*|dpkg-[a-z]*|make|CMake|E):? .*([Ee]rror|missing))' "$cache_dir/deb.log" | head -n 5 >&2 || true
			die "the package does not build; all of it in $cache_dir/deb.log"
		fi
		# Somebody else may have built the same tree meanwhile: theirs is as good.
		mv -T "$work" "$dir" 2>/dev/null || rm -rf "$work"
		# shellcheck disable=SC2012
		ls -1dt "$cache_dir"/deb-* | tail -n +$((package_keep + 1)) | xargs -r rm -rf
	fi
	touch "$dir"
	echo "$dir"
}

# apt inside has no package lists and no network: dependencies are in the image.
# What it says is shown when it fails; it stays in the instance's install.log.
package_install() {
	local name=$1 deb log
	log=$(instance_dir "$name")/install.log
	deb=$(package_find "$2")
	cmd_put "$name" "$deb" "/tmp/$(basename "$deb")"
	inside "$name" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-unsafe-io \
		--no-install-recommends --reinstall --allow-downgrades install "/tmp/$(basename "$deb")" \
		</dev/null >"$log" 2>&1 || {
		cat "$log" >&2
		die "the package does not install in '$name'"
	}
	inside "$name" rm -f "/tmp/$(basename "$deb")"
}
