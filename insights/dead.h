/* Dead code: lines and functions that no replayed request reached, over any number of runs.
 *
 * Runs are merged by path and content: line numbers of two contents of a file are never mixed, and
 * a file that a run does not know is not observed by it, which is no evidence against it. Of a file
 * with several contents the work tree's is reported, else the newest run's; struct dead_file says
 * how many runs saw it.
 *
 * Dead is what was executable in every run that saw the content and executed in none. */
#ifndef TOLLGATE_INSIGHTS_DEAD_H
#define TOLLGATE_INSIGHTS_DEAD_H

#include "baselines/run.h"
#include "insights/dead_keep.h"

enum dead_state {
    DEAD_HIT,   /* reached by requests */
    DEAD_ERROR, /* only by requests that were answered with a status of 400 or more */
    DEAD_START, /* only before the first request, or beside the requests */
    DEAD_NEVER,
    DEAD_UNSURE, /* not reached, and not executable in every run: nothing can be said */
    DEAD_STATE_COUNT,
};

const char *dead_state_key(enum dead_state state);   /* in JSON and of --state: "error" */
const char *dead_state_words(enum dead_state state); /* "only in errors" */

/* A line that instructions were generated for. */
struct dead_line {
    uint32_t line;
    enum dead_state state;
    uint32_t function;         /* index in its file; UINT32_MAX = outside of any */
    double executions;         /* a request, of the endpoints that reach it, by their traffic */
    const uint32_t *endpoints; /* that reach it: indices into struct dead, rising */
    size_t endpoint_count;
};

struct dead_function {
    const char *name;
    uint32_t line, last_line;
    size_t lines; /* executable ones that are its own */
    size_t lines_by_state[DEAD_STATE_COUNT];
    size_t endpoint_count; /* that reach any of them */
};

struct dead_file {
    const char *path;          /* from the root of the source tree, with '/'; hostile */
    const char *hash;          /* git's object id of the content; NULL = not known */
    bool current;              /* the work tree has this content */
    bool stale;                /* newer than the program: lines may not fit the text */
    const char *commit;        /* of the newest run that saw the content; NULL = not known */
    size_t runs;               /* that saw this content ... */
    size_t runs_other;         /* ... and another one of the path */
    size_t endpoints_observed; /* of the runs that saw it */
    const uint32_t *endpoints; /* that reach the file, rising */
    size_t endpoint_count;
    const struct dead_line *lines; /* rising */
    size_t line_count;
    size_t lines_by_state[DEAD_STATE_COUNT];
    const struct dead_function *functions; /* by line */
    size_t function_count;
};

/* When lines were last changed, as their repository knows it. */
struct dead_age {
    bool known;
    bool uncommitted;  /* changed since the last commit */
    bool at_least;     /* the history is cut off there: they may be older */
    int64_t changed_s; /* seconds since 1970 */
    char commit[13];
};

/* A whole function, or lines of one that stand together with no other executable line between. */
struct dead_unit {
    const struct dead_file *file;
    const struct dead_function *function; /* NULL = outside of any */
    bool whole;
    enum dead_state state; /* of a whole function: of those of its lines that got furthest */
    uint32_t first, last;
    uint32_t lines;                  /* executable ones in the state */
    const struct dead_keep *kept;    /* in force for it */
    const struct dead_keep *expired; /* was in force for it */
    double centrality;               /* see dead_find */
    struct dead_age age;             /* filled in by who can ask; all zero = not known */
    double age_days;                 /* from dead_rank on, as the two below */
    double score;
};

struct dead_evidence {
    size_t runs;
    int64_t first_s, last_s; /* when the first and the last run were made; 0 = not known */
    double days;             /* between them */
    int64_t requests;        /* replayed and looked at */
    size_t endpoints;
};

struct dead {
    struct dead_evidence evidence;
    const char *const *endpoints;
    size_t endpoint_count;
    const struct dead_file *files; /* with executable lines, by path */
    size_t file_count;
    size_t lines_by_state[DEAD_STATE_COUNT];
    size_t line_count;
    struct dead_unit *units; /* DEAD_NEVER, _START and _ERROR; by dead_rank: what is likeliest to
                                be of no use first, each state for itself */
    size_t unit_count;
    const char *const *unseen; /* source files without any executable line, by path */
    size_t unseen_count;
    const struct dead_keep *const *idle_keeps; /* that fit no dead line */
    size_t idle_keep_count;
};

struct dead_merge;

MUST_CHECK bool dead_merge_new(struct dead_merge **merge, struct error *err);
void dead_merge_free(struct dead_merge *merge);

/* Takes what the run's head executed. A run that cannot help is left out: *why then says so in
 * words (they live as long as the merge), else it is NULL. The run may be released afterwards. */
MUST_CHECK bool dead_merge_add(struct dead_merge *merge, const struct run *run, const char **why,
                               struct error *err);

/* All paths that were met. */
const char *dead_merge_path(const struct dead_merge *merge, size_t index);
size_t dead_merge_path_count(const struct dead_merge *merge);

struct dead_question {
    const char *const *hashes;  /* by dead_merge_path: of the work tree's files; an element may be
                                   NULL = not there; NULL = nothing is known of a work tree */
    const char *const *tracked; /* NULL-terminated: files of the work tree; NULL = not known */
    const char *const *globs;   /* NULL-terminated: only files that one fits; NULL or none = all */
    const struct dead_keep_list *keep; /* may be NULL */
    const char *keep_folder; /* that its paths are relative to, from the root; "" = the root */
    const char *today;       /* "2026-11-22" */
};

/* Into `arena`; the merge may be released afterwards, `keep` may not.
 *
 * Centrality says how much the code around is used: (f + g) / (2n + 1), where of n endpoints that
 * were observed f reach the function and g its file; lines of a function that runs at start are as
 * central as can be, for every endpoint needs it. A function that nothing reaches stands further
 * from what is used than lines inside of one that is; and never is it quite 1, so that length and
 * age count in code that everything goes through, too.
 *
 * `unseen` are tracked files of an extension that others have code in, at or below the folder that
 * all of those share. Headers are left out: most only declare. */
MUST_CHECK bool dead_find(struct dead *dead, const struct dead_merge *merge,
                          const struct dead_question *question, struct arena *arena,
                          struct error *err);

/* Scores lines × age × (1 − centrality) and sorts. An age counts as a day at least, and as one day
 * where it is not known. */
void dead_rank(struct dead *dead, int64_t now_s);

#endif
