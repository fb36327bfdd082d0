/*
 * plot_internal: one function a kind of picture, and what they share.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_INTERNAL_H
#define COHORTIUM_COORDINATOR_CLIENT_PLOT_PLOT_INTERNAL_H

#include <jansson.h>

#include "coordinator/client/plot/frame.h"
#include "coordinator/client/result_rows.h"

#define PLOT_WIDTH 760.0
#define PLOT_GROUPS_MAX 12

/* "cox  Surv(time, death) ~ age  sex = 2" */
void plot_title(struct svg *svg, const json_t *variables, const json_t *entry);
/* "n = 4552, 605 events" */
void plot_people(char *out, size_t capacity, const json_t *entry);

enum status plot_curves(
    struct svg *svg, const json_t *variables, const json_t *entry);
enum status plot_forest(
    struct svg *svg, const json_t *variables, const json_t *entry);
enum status plot_bars(
    struct svg *svg, const json_t *variables, const json_t *entry);
enum status plot_roc(
    struct svg *svg, const json_t *variables, const json_t *entry);
enum status plot_scree(
    struct svg *svg, const json_t *variables, const json_t *entry);
enum status plot_training(
    struct svg *svg, const json_t *variables, const json_t *entry);

#endif
