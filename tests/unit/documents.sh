#!/bin/sh
# documents - the manual has every built-in condition and playbook, each playbook says what its options mean, and the
# README has every verb with its risk
#
# usage: documents.sh SOURCE-TREE.  Fails with what is missing, or said otherwise.
set -eu
failed=0
manual=$1/packaging/man/spoolguardd.8

# SECTION NAME: does that section of the manual have an entry for it?
names() {
	sed -n "/^[.]SH $1/,/^[.]SH/p" "$manual" | tr -d '\134' | grep -qE "^[.]BR? (.* )?$2( .*)?\$"
}

conditions=$(sed -n 's/^ *{"\([a-z-]*\)", "summary".*/\1/p' "$1/core/config/conditions.c")
[ -n "$conditions" ]
for condition in $conditions; do
	names CONDITIONS "$condition" || {
		echo "spoolguardd.8 does not name the condition $condition"
		failed=1
	}
done

for file in "$1"/lua/playbooks/*.lua; do
	playbook=$(basename "$file" .lua)
	names PLAYBOOKS "$playbook" || {
		echo "spoolguardd.8 does not name the playbook $playbook"
		failed=1
	}
	for option in $(awk '/^  options/ { inside = 1; sub(/^[^{]*/, "") } inside; /}/ { inside = 0 }' "$file" |
		grep -oE '[a-z_]+ *=' | tr -d ' ='); do
		grep -qE -- "^-- .*[^a-z_]$option([^a-z_]|\$)" "$file" || {
			echo "$file does not say what its option $option means"
			failed=1
		}
	done
done

# NAME RISK of every verb that is shipped.
verbs=$(find "$1/plugins" -name '*.c' ! -path '*/sample/*' -exec awk '/^const struct sg_verb / { name = risk = "" }
	/^ *[.]name = "[a-z]+[.][a-z_]+"/ { split($0, part, "\""); name = part[2] }
	/^ *[.]risk = SG_RISK_/ { sub(/.*SG_RISK_/, ""); sub(/,.*/, ""); if (name != "") print name, tolower($0) }' {} +)
[ -n "$verbs" ]
while read -r verb risk; do
	grep -qF "| \`$verb\` | $risk |" "$1/README.md" || {
		echo "README.md does not have $verb as $risk"
		failed=1
	}
done <<EOF
$verbs
EOF
exit "$failed"
