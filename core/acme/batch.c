#include "acme/internal.h"

void
cw_acme_batch_one_done(struct cw_acme_batch *batch)
{
	batch->left--;
	batch->done = batch->left == 0;
}

int
cw_acme_batch_run(struct cw_acme_batch *batch, struct cw_error *error)
{
	batch->done = batch->left == 0;
	return cw_loop_until(batch->acme->loop, &batch->done, error);
}
