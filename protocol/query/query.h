/*
 * query: what a researcher asks within a study.
 *
 * The file that a person writes has study, cohort, unit, by and analyses. To
 * be signed, `cohortium query submit` adds study_id, dictionary, nonce and
 * expires (query_seal); the signed bytes have them all. Parsing checks names,
 * types, units and categories of cohort and by; with a study's dictionary the
 * cohort is one that the study names, or as its terms allow (terms.h), without
 * one any expression. The parameters of each analysis are read by the analysis
 * itself (protocol/analysis/plan.h).
 */
#ifndef COHORTIUM_PROTOCOL_QUERY_QUERY_H
#define COHORTIUM_PROTOCOL_QUERY_QUERY_H

#include "protocol/query/terms.h"

#define QUERY_ANALYSES_MAX 64
#define QUERY_BY_MAX 3
#define QUERY_VALUES_MAX 64 /* levels that `by` gives, of all its variables */
#define QUERY_MOVE_MAX 1000
#define STUDY_NAME_MAX 64
#define NONCE_BYTES 16

enum query_unit { UNIT_EXAM, UNIT_PATIENT };

struct query_analysis {
    const char *name;
    struct field name_field;
    struct field parameters; /* the object behind the name */
};

struct query {
    struct document *document;        /* owned: fields point into it */
    char study[STUDY_NAME_MAX + 1];   /* "" when absent (sandbox) */
    const struct named_cohort *named; /* the study's; NULL: of no name */
    const char *cohort_text; /* the expression, a study's whole with it; "" for
                                everybody */
    struct cohort *cohort;
    struct buffer expression; /* cohort_text, where it is made of terms */
    enum query_unit unit;     /* patient unless the query says exam */
    size_t by_count;
    size_t by[QUERY_BY_MAX]; /* category or boolean variables */
    /* The study's amendment that names the cohort; zeros: the study does. */
    struct digest amendment;
    int64_t move; /* how often the study moved to the centers' latest freezes */
    size_t analysis_count; /* >= 1 */
    struct query_analysis analyses[QUERY_ANALYSES_MAX];
    bool sealed; /* the four below are there */
    struct digest study_id;
    struct digest dictionary_id;
    uint8_t nonce[NONCE_BYTES];
    int64_t expires; /* seconds since 1970 UTC; in the file RFC 3339 with Z */
    /* BLAKE2b-256 of the question alone (study_id, cohort, unit, by, analyses
     * as compact JSON with sorted keys): equal for the same one asked again,
     * whatever its move. */
    struct digest question;
};

enum status query_parse(struct query **out, struct view text,
    const struct dictionary *dictionary, struct diagnostic *diagnostic);
void query_destroy(struct query *query);
/* The amendment that a query says it is read with, before anything in it is
 * believed; zeros: none, or it is no query. */
struct digest query_find_amendment(struct view text);
/* The members that a query file is sealed with. */
struct query_seal {
    const struct digest *amendment; /* NULL: none */
    struct digest study_id, dictionary_id;
    uint8_t nonce[NONCE_BYTES]; /* random */
    int64_t expires;
};

/* The signed form of a query file: the same JSON object plus these members.
 * Fails if it is sealed already. */
enum status query_seal(struct buffer *out, struct view text,
    const struct query_seal *seal, struct diagnostic *diagnostic);
/* "2027-01-31" or "2027-01-31T12:00:00Z" <-> seconds since 1970. */
enum status time_parse(int64_t *seconds, const char *text);
#define TIME_TEXT 24
void time_text(char out[TIME_TEXT], int64_t seconds);

#endif
