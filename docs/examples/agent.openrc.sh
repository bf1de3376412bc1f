#!/sbin/openrc-run
# The agent under OpenRC: copy this to /etc/init.d/certwright-agent, make it executable, and run
# "rc-update add certwright-agent". OpenRC starts it again if it ends.
# shellcheck shell=sh disable=SC2034 # openrc-run uses the variables

description="Keeps certificates valid"
supervisor=supervise-daemon
command=/usr/bin/certwright
command_args=agent
# It needs ten seconds at most, to take back what it has changed for a challenge.
retry="TERM/20/KILL/5"
extra_started_commands=reload

depend() {
	need net
	after firewall
}

reload() {
	ebegin "Reading the configuration again"
	"$command" agent reload
	eend $?
}
