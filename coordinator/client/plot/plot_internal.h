/*
 * plot_internal: one function a kind of picture, and what they share.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_INTERNAL_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_INTERNAL_H

#include <jansson.h>

#include "coordinator/client/plot/frame.h"
#include "coordinator/client/result_rows.h"
#include "coordinator/client/result_words.h"

#define PLOT_WIDTH 760.0
#define PLOT_EDGE 24.0 /* left free on every side */
#define PLOT_GROUPS_MAX 12
#define PLOT_GREY "#666666"

struct picture {
    struct canvas *canvas;
    const json_t *result, *variables, *entry;
};

/* Title and, smaller, note, as many lines as they need; returns where the
 * picture begins below them. */
double plot_head(struct picture *picture, const char *note);
/* "n = 4552, 605 events" */
void plot_people(struct words *out, const json_t *entry);
/* "p = 0.012", "p < 0.001"; nothing for NaN. */
void plot_p_value(struct words *out, double p_value);
/* "Patients" or "Exams": what a count counts. */
const char *plot_unit(const struct picture *picture);
/* A number with as many decimals as an interval of that width deserves. */
void plot_number(struct words *out, double value, double width);
/* The words of a row's text under key, or the text. */
void plot_cell(struct words *out, const struct picture *picture,
    const json_t *row, const char *key);
/* A paragraph whose middle is at height y, right or left of x. */
void plot_label(struct canvas *canvas, struct point at, struct type type,
    double width, const char *text);

/* Labels left of bars or rows. */
struct labels {
    double width; /* of the widest line, at most `limit` */
    double limit;
    double size;
};
void labels_see(struct labels *labels, const char *text);
/* Height of a label's lines. */
double labels_height(const struct labels *labels, const char *text);

enum status plot_curves(struct picture *picture);
enum status plot_forest(struct picture *picture);
enum status plot_histogram(struct picture *picture);
enum status plot_frequency(struct picture *picture);
enum status plot_crosstab(struct picture *picture);
enum status plot_means(struct picture *picture);
enum status plot_correlation(struct picture *picture);
enum status plot_roc(struct picture *picture);
enum status plot_scree(struct picture *picture);
enum status plot_training(struct picture *picture);

#endif
