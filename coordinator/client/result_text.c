#include "coordinator/client/result_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/result_rows.h"

#define DIGITS 3
#define DECIMALS_MAX 6
#define SIZES_MAX 1e4

struct sizes {
    double least, most;
    bool whole;
};

static void see(struct sizes *sizes, const json_t *value)
{
    const double size = fabs(json_number_value(value));
    if (!json_is_number(value) || size == 0)
        return;
    sizes->least = fmin(sizes->least, size);
    sizes->most = fmax(sizes->most, size);
    sizes->whole = sizes->whole && size == floor(size) && size < 1e15;
}

int result_text_decimals(const json_t *rows, const char *key)
{
    struct sizes sizes = {.least = INFINITY, .whole = true};
    size_t at;
    json_t *row;
    json_array_foreach((json_t *)rows, at, row)
    {
        see(&sizes, json_object_get(row, key));
        if (strcmp(key, "conf_low") == 0)
            see(&sizes, json_object_get(row, "conf_high"));
    }
    if (sizes.whole)
        return 0;
    if (sizes.most >= SIZES_MAX * sizes.least)
        return RESULT_TEXT_SIGNIFICANT;
    const double wanted = DIGITS - 1 - floor(log10(sizes.least));
    return (int)fmax(1, fmin(DECIMALS_MAX, wanted));
}

static void write_real(char *out, size_t capacity, double number, int decimals)
{
    if (decimals != RESULT_TEXT_SIGNIFICANT)
        snprintf(out, capacity, "%.*f", decimals, number);
    else if (number == floor(number) && fabs(number) < 1e9)
        snprintf(out, capacity, "%.0f", number);
    else if (fabs(number) >= 1000 && fabs(number) < 1e9)
        snprintf(out, capacity, "%.1f", number);
    else
        snprintf(out, capacity, "%.4g", number);
}

void result_text_write(char *out, size_t capacity, const char *key,
    const json_t *value, int decimals)
{
    const double number = json_number_value(value);
    if (json_is_integer(value))
        snprintf(out, capacity, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value) && strstr(key, "p_value") != NULL)
        snprintf(out, capacity, number < 0.001 ? "<0.001" : "%.3f", number);
    else if (json_is_real(value))
        write_real(out, capacity, number, decimals);
    else if (json_is_string(value))
        snprintf(out, capacity, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(out, capacity, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_object(value) && result_is_suppressed(value))
        snprintf(out, capacity, "withheld");
    else
        snprintf(out, capacity, "%s", value == NULL ? "" : "-");
}

void result_text_ratio(char *out, size_t capacity, double log_ratio)
{
    const double ratio = exp(log_ratio);
    snprintf(out, capacity,
        ratio >= 0.1 && ratio < 1000   ? "%.2f"
        : ratio >= 1000 && ratio < 1e6 ? "%.0f"
                                       : "%.3g",
        ratio);
}

void result_text_key(struct words *out, const char *key)
{
    static const char *const words[][2] = {{"se", "SE"}, {"sd", "SD"},
        {"std_error", "SE"}, {"p_value", "p"}, {"n_risk", "at risk"},
        {"n_event", "events"}, {"n_censor", "censored"}, {"aic", "AIC"},
        {"auc", "AUC"}, {"icc", "ICC"}, {"reml", "REML"}, {"rmst", "RMST"},
        {"zph", "proportional hazards"}, {"loglik", "log-likelihood"},
        {"loglik_null", "log-likelihood of no terms"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(key, words[i][0]) == 0) {
            words_add(out, words[i][1]);
            return;
        }
    }
    for (; *key != '\0'; key++)
        words_add_format(out, "%c", *key == '_' ? ' ' : *key);
}
