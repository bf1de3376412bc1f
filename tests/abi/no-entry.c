/* A shared object that is no plugin. */
int cw_some_function(void);

int
cw_some_function(void)
{
	return 42;
}
