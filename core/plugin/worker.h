/* The plugin process. */
#ifndef CW_PLUGIN_WORKER_H
#define CW_PLUGIN_WORKER_H

/* The main function of the role "plugin" (base/role.h). Serves the requests from SOCKET
 * (plugin/wire.h). */
int cw_plugin_main(int socket);

#endif
