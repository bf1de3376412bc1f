/* The plugin process. */
#ifndef CW_PLUGIN_WORKER_H
#define CW_PLUGIN_WORKER_H

/* The main of the role "plugin" (base/role.h): does what comes over SOCKET (plugin/wire.h). */
int cw_plugin_main(int socket);

#endif
