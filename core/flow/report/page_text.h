/* Texts and times in the page. Release all with free(). */
#ifndef CW_FLOW_REPORT_PAGE_TEXT_H
#define CW_FLOW_REPORT_PAGE_TEXT_H

#include "base/json.h"

/* TEXT for the content of an element or an attribute in quotes; what cannot be seen is escaped as
 * base/printable.h does. */
char *cw_page_escape(const char *text);
/* The time KEY of OBJECT as a <time> element with "30 November 2026, 06:00 UTC"; NULL: there is
 * none. */
char *cw_page_time(struct json_object *object, const char *key);
/* Its day: "30 Nov 2026", without an element. */
char *cw_page_day(struct json_object *object, const char *key);

#endif
