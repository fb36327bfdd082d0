/* Pictures of results: what they show, and that nothing in a result can break
 * them. */
#include <math.h>
#include <string.h>

#include "coordinator/client/plot/frame.h"
#include "coordinator/client/plot/plot.h"
#include "tests/unit/test.h"

static void assert_holds(const struct buffer *text, const char *part)
{
    if (memmem(text->data, text->size, part, strlen(part)) == NULL)
        fail_msg("no '%s' in: %.*s", part, (int)text->size, text->data);
}

static enum status draw(struct buffer *out, const char *entry)
{
    json_t *parsed = json_loads(entry, 0, NULL);
    assert_non_null(parsed);
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    enum status status = plot_entry(out, NULL, parsed);
    json_decref(parsed);
    return status;
}

static void test_ticks_are_round_and_within(void **state)
{
    (void)state;
    static const struct axis axes[] = {{0, 1, 0, 100, false},
        {-3.7, 812.4, 0, 100, false}, {0.0012, 0.0047, 0, 100, false},
        {0.5, 24, 0, 100, true}, {-1e6, 1e6, 0, 100, false}};
    for (size_t a = 0; a < sizeof axes / sizeof axes[0]; a++) {
        double ticks[TICKS_MAX];
        size_t count = axis_ticks(&axes[a], ticks);
        assert_true(count >= 3);
        for (size_t i = 0; i < count; i++) {
            double digits =
                ticks[i] == 0
                    ? 1
                    : fabs(ticks[i]) / pow(10, floor(log10(fabs(ticks[i]))));
            assert_true(ticks[i] >= axes[a].low - 1e-9);
            assert_true(ticks[i] <= axes[a].high + 1e-9);
            assert_true(fabs(digits * 10 - round(digits * 10)) < 1e-6);
            assert_false(ticks[i] == 0 && signbit(ticks[i]));
        }
    }
}

static void test_axis_places_its_ends_and_middle(void **state)
{
    (void)state;
    const struct axis plain = {10, 20, 300, 100, false};
    const struct axis ratio = {0.1, 10, 0, 100, true};
    assert_true(fabs(axis_place(&plain, 10) - 300) < 1e-9);
    assert_true(fabs(axis_place(&plain, 15) - 200) < 1e-9);
    assert_true(fabs(axis_place(&plain, 99) - 100) < 1e-9); /* stays inside */
    assert_true(fabs(axis_place(&ratio, 1) - 50) < 1e-9);
}

static void test_text_is_escaped(void **state)
{
    (void)state;
    struct buffer svg;
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"frequency\",\"by\":{},\"table\":[{"
                   "\"level\":\"<a & \\\"b\\\">\",\"n\":12,"
                   "\"proportion\":1}]}"),
        STATUS_OK);
    assert_holds(&svg, "&lt;a &amp; &quot;b&quot;&gt;");
    assert_holds(&svg, "12 (100.0 %)");
    buffer_fini(&svg);
}

static void test_withheld_bars_are_hatched(void **state)
{
    (void)state;
    struct buffer svg;
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"histogram\",\"table\":[{\"low\":0,"
                   "\"high\":10,\"n\":40},{\"low\":10,\"high\":20,"
                   "\"suppressed\":true}]}"),
        STATUS_OK);
    assert_holds(&svg, "url(#hatch)");
    assert_holds(&svg, "hatched: withheld");
    buffer_fini(&svg);
}

static void test_forest_has_hazard_ratios(void **state)
{
    (void)state;
    struct buffer svg;
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"cox\",\"n\":80,\"events\":12,"
                   "\"table\":[{\"term\":\"scar\","
                   "\"estimate\":0.6931471805599453,\"conf_low\":0,"
                   "\"conf_high\":1.3862943611198906,\"p_value\":0.0501}]}"),
        STATUS_OK);
    assert_holds(&svg, "2.00 (1.00 to 4.00)");
    assert_holds(&svg, "p = 0.050");
    assert_holds(&svg, "hazard ratio (n = 80, 12 events)");
    assert_holds(&svg, "estimate (95 % CI)");
    buffer_fini(&svg);
    /* Two digits of the interval's width. */
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"lm\",\"n\":80,\"table\":["
                   "{\"term\":\"age\",\"estimate\":-0.136,"
                   "\"conf_low\":-0.1816,\"conf_high\":-0.0909}]}"),
        STATUS_OK);
    assert_holds(&svg, "-0.136 (-0.182 to -0.091)");
    assert_holds(&svg, "coefficient (n = 80)");
    buffer_fini(&svg);
}

static void test_a_ratio_has_its_name(void **state)
{
    static const char *const cases[][3] = {{"binomial", "logit", "odds ratio"},
        {"poisson", "log", "rate ratio"}, {"gamma", "log", "ratio of means"},
        {"gaussian", "identity", "coefficient"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char entry[512];
        struct buffer svg;
        snprintf(entry, sizeof entry,
            "{\"analysis\":\"glm\",\"family\":\"%s\",\"link\":\"%s\","
            "\"table\":[{\"term\":\"age\",\"estimate\":0.5,"
            "\"conf_low\":0.1,\"conf_high\":0.9}]}",
            cases[i][0], cases[i][1]);
        assert_int_equal(draw(&svg, entry), STATUS_OK);
        assert_holds(&svg, cases[i][2]);
        buffer_fini(&svg);
    }
}

static void test_curves_have_numbers_at_risk(void **state)
{
    (void)state;
    struct buffer svg;
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"km\",\"table\":["
                   "{\"strata\":\"sex=1\",\"time\":100,\"n_risk\":321,"
                   "\"estimate\":0.9,\"conf_low\":0.8,\"conf_high\":1},"
                   "{\"strata\":\"sex=2\",\"time\":200,\"n_risk\":123,"
                   "\"estimate\":0.7,\"conf_low\":null,\"conf_high\":null}]}"),
        STATUS_OK);
    assert_holds(&svg, ">321<");
    assert_holds(&svg, ">123<");
    assert_holds(&svg, "sex=2");
    assert_holds(&svg, ">days<");
    /* The first curve ends at 100 days, with 321 people still at risk: nothing
     * is known past it. */
    const char *table = strstr(buffer_text(&svg), ">at risk<");
    assert_non_null(table);
    assert_null(strstr(table, ">0<"));
    buffer_fini(&svg);
}

static void test_long_curves_are_drawn_in_years(void **state)
{
    (void)state;
    struct buffer svg;
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"km\",\"table\":["
                   "{\"strata\":\"all\",\"time\":365,\"n_risk\":321,"
                   "\"estimate\":0.9,\"conf_low\":0.8,\"conf_high\":1},"
                   "{\"strata\":\"all\",\"time\":1826.25,\"n_risk\":123,"
                   "\"estimate\":0.7,\"conf_low\":0.6,\"conf_high\":0.8}]}"),
        STATUS_OK);
    assert_holds(&svg, ">years<");
    const char *table = strstr(buffer_text(&svg), ">at risk<");
    assert_non_null(table);
    /* At 0 years the first row's; one year is behind it. */
    assert_non_null(strstr(table, ">321<"));
    assert_non_null(strstr(strstr(table, ">321<"), ">123<"));
    assert_null(strstr(buffer_text(&svg), ">1000<"));
    buffer_fini(&svg);
}

/* Whatever stands in the file: a picture or a clear no. */
static void test_strange_entries_are_survived(void **state)
{
    (void)state;
    static const char wide[] =
        "[{\"term\":\"x\",\"estimate\":1e308,\"conf_low\":-1e308,"
        "\"conf_high\":1e308}]";
    static const char *const tables[] = {"[]", "[1]", "[{}]", "[null,{}]",
        "[{\"low\":1,\"high\":1}]", "[{\"term\":5}]", wide,
        "[{\"strata\":7,\"time\":-1e300,\"n_risk\":\"x\"}]",
        "{\"suppressed\":true}", "[{\"time\":1e300,\"estimate\":5}]"};
    static const char *const kinds[] = {"km", "cumulative_incidence", "cox",
        "glm", "lm", "histogram", "frequency", "roc", "pca", "mlp", "other"};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
            char entry[512];
            struct buffer svg;
            snprintf(entry, sizeof entry,
                "{\"analysis\":\"%s\",\"auc\":0.5,\"training_curve\":[1,null],"
                "\"table\":%s}",
                kinds[k], tables[t]);
            enum status status = draw(&svg, entry);
            assert_true(status == STATUS_OK || svg.size == 0);
            buffer_fini(&svg);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks_are_round_and_within),
        cmocka_unit_test(test_axis_places_its_ends_and_middle),
        cmocka_unit_test(test_text_is_escaped),
        cmocka_unit_test(test_withheld_bars_are_hatched),
        cmocka_unit_test(test_forest_has_hazard_ratios),
        cmocka_unit_test(test_a_ratio_has_its_name),
        cmocka_unit_test(test_curves_have_numbers_at_risk),
        cmocka_unit_test(test_long_curves_are_drawn_in_years),
        cmocka_unit_test(test_strange_entries_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
