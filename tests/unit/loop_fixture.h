/* A loop, and pipes to watch. Include after <cmocka.h>. */
#ifndef CW_TESTS_LOOP_FIXTURE_H
#define CW_TESTS_LOOP_FIXTURE_H

#include "base/loop.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the callbacks of a test share. */
struct scene {
	struct cw_loop *loop;
	char calls[64]; /* a letter for each call, in order */
	short events;
	struct cw_timer *other;
	int pipes[3][2];
	bool done;
};

static inline int
set_up(void **state)
{
	struct scene *scene = cw_alloc(sizeof(*scene));

	scene->loop = cw_loop_new();
	for (size_t i = 0; i < CW_COUNT(scene->pipes); i++)
		assert_int_equal(pipe2(scene->pipes[i], O_CLOEXEC | O_NONBLOCK), 0);
	*state = scene;
	return 0;
}

static inline int
tear_down(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < CW_COUNT(scene->pipes); i++) {
		close(scene->pipes[i][0]);
		close(scene->pipes[i][1]);
	}
	cw_loop_free(scene->loop);
	free(scene);
	return 0;
}

static inline void
called(struct scene *scene, char letter)
{
	size_t length = strlen(scene->calls);

	if (length + 1 < sizeof(scene->calls))
		scene->calls[length] = letter;
}

static inline void
make_ready(const struct scene *scene, size_t index)
{
	assert_int_equal(write(scene->pipes[index][1], "x", 1), 1);
}

static inline int
turn(struct scene *scene, int64_t limit)
{
	return cw_loop_turn(scene->loop, limit, NULL);
}

static inline void
call_a(void *context)
{
	called(context, 'a');
}

static inline void
finish(void *context)
{
	((struct scene *)context)->done = true;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
