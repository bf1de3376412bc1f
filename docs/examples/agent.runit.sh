#!/bin/sh
# The agent under runit: copy this to /etc/sv/certwright-agent/run, make it executable, and link the
# folder into the one that runsvdir watches. "sv hup certwright-agent" lets it read its configuration
# again. The agent stays in the foreground; what it says goes to the log service, if there is one.
exec 2>&1
exec certwright agent
