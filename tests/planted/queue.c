/* A queue of jobs, written to be hard to read for those who look for strings, comments and conditions:
 * "not a string", 'not a character', if (not a condition) { // no comment of its own
 */
#include <stdio.h>
#  include "queue.h"
#if defined(DEBUG) && (LEVEL > 2)
# define LOG(format, ...) \
	fprintf(stderr, format, __VA_ARGS__)
#elif (LEVEL)
#define LOG(format, ...) puts("log: " format) // of one line
#else
#define LOG(format, ...) /* of two
	lines */ ((void)0)
#endif

#define SLOTS 64u
#define SHIFT(x) ((x) << 2)

typedef unsigned int job_id;	/**/
struct job {
	job_id id;
	char name[16];
	double weight;
	struct job *next;
};

static const char QUOTE = '"', APOSTROPHE = '\'', BACKSLASH = '\\', SLASH = '/';
static const char *const WORDS[] = { "if (x)", "while (1) {", "/* no */", "// no", "a \"b\" c", "", L"wide" };

/* true if `name` is one of ours */
static int is_known(const char *name)
{
	int whiled = 0, iffy = 3, _if = 0x1F, do_while(int (*test)(int));

	if (name == NULL || *name == '\0')
		return 0;
	for (unsigned i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
		if (WORDS[i][0] == name[0] && /* a ) in a comment */ WORDS[i][1] == ")"[0]) {
			return iffy / 2 * (whiled - _if);
		} else if (do_while (NULL) == ')')
			break;
	}
	return 1;
}

double total(const struct job *first, double least)
{
	double sum = 0.5e-3;
	const struct job *at = first;

	while (at) {	// all of them
		sum += at->weight > least ? at->weight : 1.f;
		at = at->next;
	}
	do {
		sum /= 2;
	} while (
		(sum > 1e6) &&
		!is_known("sum")
	);
	switch ((int)sum) {
	case 'a': case 07:
		goto out;
	default:
		LOG("total: %f, \
and more\n", sum);
	}
out:
	if (sum < 0) { if (least > 0) return -sum; } else if(sum > SHIFT(SLOTS)) { sum /= 4; }
	return sum /* the end */;
}
