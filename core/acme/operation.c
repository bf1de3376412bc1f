#include <stdlib.h>
#include "acme/call.h"
#include "base/mem.h"

void *
cw_acme_operation_new(struct cw_acme *acme, size_t size, cw_acme_done done, void *context)
{
	struct cw_acme_operation *operation = cw_alloc(size);

	operation->acme = acme;
	operation->left = 1;
	operation->done = done;
	operation->context = context;
	operation->next = acme->operations;
	if (acme->operations != NULL)
		acme->operations->previous = operation;
	acme->operations = operation;
	return operation;
}

/* Takes the operation, with all that it has in flight, from the client. */
static void
detach(struct cw_acme_operation *operation)
{
	struct cw_acme *acme = operation->acme;

	if (operation->previous != NULL)
		operation->previous->next = operation->next;
	else
		acme->operations = operation->next;
	if (operation->next != NULL)
		operation->next->previous = operation->previous;
	cw_loop_cancel(acme->loop, cw_take(&operation->timer));
	cw_acme_call_cancel(cw_take(&operation->call));
	if (operation->release != NULL)
		operation->release(operation);
}

void
cw_acme_operation_cancel(struct cw_acme_operation *operation)
{
	struct cw_acme *acme;

	if (operation == NULL)
		return;
	acme = operation->acme;
	detach(operation);
	cw_error_clear(&operation->error);
	free(operation);
	/* Others may have waited for its place. */
	cw_acme_pump(acme);
}

static void
on_end(void *context)
{
	struct cw_acme_operation *operation = context;
	cw_auto_error struct cw_error error = {0};

	operation->timer = NULL;
	if (operation->error.status == CW_OK && operation->complete != NULL)
		operation->complete(operation);
	detach(operation);
	cw_error_move(&error, &operation->error);
	cw_acme_pump(operation->acme);
	operation->done(operation->context, error.status == CW_OK ? NULL : &error);
	free(operation);
}

void
cw_acme_operation_end(struct cw_acme_operation *operation, struct cw_error *error)
{
	if (error != NULL)
		cw_error_move(&operation->error, error);
	operation->timer = cw_loop_timer(operation->acme->loop, 0, on_end, operation);
}

void
cw_acme_operation_one_done(struct cw_acme_operation *operation)
{
	if (--operation->left == 0)
		cw_acme_operation_end(operation, NULL);
}
