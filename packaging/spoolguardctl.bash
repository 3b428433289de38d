# bash completion for spoolguardctl(1)                       -*- shell-script -*-
# shellcheck shell=bash
#
# Names of conditions, playbooks and incidents are those of the running daemon.
# Without one, or with an older spoolguardctl, only words known here are offered.

_spoolguardctl_names() {
	# One call; the names are the last part of the object paths below $1.
	busctl --list --no-legend tree org.spoolguard1 2>/dev/null |
		sed -n "s|^/org/spoolguard1/$1/||p" | sed 's/_2d/-/g'
}

_spoolguardctl() {
	local cur prev words cword
	if declare -F _init_completion >/dev/null; then
		_init_completion || return
	else
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	fi

	local commands='status explain log incidents run mode maintenance config plugins preflight reload'
	local command='' i
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-H) ((i++)) ;;
		-*) ;;
		*) command=${words[i]}; break ;;
		esac
	done

	if [[ $prev == -H ]]; then
		COMPREPLY=()
	elif [[ $cur == -* ]]; then
		local options='--json --help --version -H'
		[[ $command != run ]] || options+=' --dry-run'
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
	else
		case $command in
		'') COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
		mode) COMPREPLY=($(compgen -W 'observe enforce' -- "$cur")) ;;
		maintenance) COMPREPLY=($(compgen -W '15m 1h 4h 1d 0' -- "$cur")) ;;
		run) COMPREPLY=($(compgen -W "$(_spoolguardctl_names playbook)" -- "$cur")) ;;
		explain)
			COMPREPLY=($(compgen -W "$(_spoolguardctl_names condition)
				$(_spoolguardctl_names playbook)" -- "$cur"))
			;;
		incidents) COMPREPLY=($(compgen -W "$(_spoolguardctl_names incident)" -- "$cur")) ;;
		*) COMPREPLY=() ;;
		esac
	fi
} &&
	complete -F _spoolguardctl spoolguardctl
