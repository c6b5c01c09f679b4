/* tests/support/failing_json.h - jansson's memory is the process's, past every hook: its N-th allocation fails.
 *
 *     for (int64_t n = 1; ; n++) {
 *         failing_json_begin(n);
 *         bool done = thing();
 *         failing_json_end();
 *         if (done) break;
 *     }
 */
#ifndef ALC_TESTS_FAILING_JSON_H
#define ALC_TESTS_FAILING_JSON_H

#include <stdint.h>

/* Allocation number `which`, counted from 1, and all later ones fail. */
void failing_json_begin(int64_t which);
void failing_json_end(void);

#endif
