# bash completion for spoolguardctl(1)                       -*- shell-script -*-
# shellcheck shell=bash
# compgen's words have no blanks here.
# shellcheck disable=SC2207
#
# Names of conditions, playbooks, incidents and leases are those of the running daemon.
# Without one, or with an older spoolguardctl, only words known here are offered.

_spoolguardctl_names() {
	local name
	# One call; the names are the last part of the object paths below $1.
	busctl --list --no-legend tree org.spoolguard1 2>/dev/null |
		sed -n "s|^/org/spoolguard1/$1/||p" |
		while read -r name; do
			# Every _ begins the two digits of a character.
			printf '%b\n' "${name//_/\\x}"
		done
}

# Keys of the configuration, as soon as there is a dot: there are many.
_spoolguardctl_keys() {
	[[ $1 != *.* ]] || spoolguardctl config 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_spoolguardctl_plugins() {
	spoolguardctl plugins 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_spoolguardctl() {
	local cur prev words cword
	if declare -F _init_completion >/dev/null; then
		_init_completion || return
	else
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	fi

	local commands='status queue qshape explain log incidents leases return run mode maintenance unquarantine reload
		config plugins preflight help'
	local queues='maildrop incoming active deferred hold corrupt'
	local reasons='dns timeout refused unreachable lost tls greylist quota policy remote filter transport paused
		local duplicate-risk other none'
	local command='' i
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-H | --host) ((i++)) ;;
		-*) ;;
		*) command=${words[i]}; break ;;
		esac
	done

	case $prev in
	-H | --host) COMPREPLY=(); return ;;
	-n | --lines) COMPREPLY=($(compgen -W '20 100 1000 4096' -- "$cur")); return ;;
	--queue) COMPREPLY=($(compgen -W "$queues" -- "$cur")); return ;;
	--older-than | --newer-than) COMPREPLY=($(compgen -W '15m 1h 4h 1d' -- "$cur")); return ;;
	--reason) COMPREPLY=($(compgen -W "$reasons" -- "$cur")); return ;;
	--domain | --sender | --nexthop | --instance) COMPREPLY=(); return ;;
	--incident) COMPREPLY=($(compgen -W "$(_spoolguardctl_names incident)" -- "$cur")); return ;;
	esac

	if [[ $cur == -* ]]; then
		local options='--json --help --version --host -H'
		case $command in
		status) options+=' --all' ;;
		queue) options+=' --messages --instance --queue --domain --sender --reason --nexthop --older-than' ;;
		qshape) options+=' -s -p -m -b -t -l -w -n -c --instance --newer-than' ;;
		log) options+=' --lines -n --incident --follow -f' ;;
		run) options+=' --dry-run' ;;
		return) options+=' --forget --anyway' ;;
		plugins) options+=' --describe' ;;
		esac
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
		return
	fi
	case $command in
	'' | help) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
	qshape)
		case $prev in
		-c) COMPREPLY=($(compgen -d -- "$cur")) ;;
		-[mbtw]) COMPREPLY=() ;;
		*) COMPREPLY=($(compgen -W "$queues" -- "$cur")) ;;
		esac
		;;
	mode) COMPREPLY=($(compgen -W 'observe enforce' -- "$cur")) ;;
	maintenance) COMPREPLY=($(compgen -W '15m 1h 4h 1d off' -- "$cur")) ;;
	run | unquarantine) COMPREPLY=($(compgen -W "$(_spoolguardctl_names playbook)" -- "$cur")) ;;
	explain)
		COMPREPLY=($(compgen -W "$(_spoolguardctl_names condition)
			$(_spoolguardctl_names playbook)
			$(_spoolguardctl_names lease | sed 's|^|lease/|')" -- "$cur"))
		;;
	return) COMPREPLY=($(compgen -W "$(_spoolguardctl_names lease)" -- "$cur")) ;;
	incidents) COMPREPLY=($(compgen -W "$(_spoolguardctl_names incident)" -- "$cur")) ;;
	config) COMPREPLY=($(compgen -W "mode back_by notify conditions plugins playbooks
		$(_spoolguardctl_keys "$cur")" -- "$cur")) ;;
	plugins) COMPREPLY=($(compgen -W "$(_spoolguardctl_plugins)" -- "$cur")) ;;
	*) COMPREPLY=() ;;
	esac
} &&
	complete -F _spoolguardctl spoolguardctl
