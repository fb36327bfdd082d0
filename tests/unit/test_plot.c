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

/* No text is cut off: each begins and ends on the page. */
static void assert_texts_fit(const struct canvas *canvas)
{
    static const double before[] = {0, 0.5, 1};
    for (size_t i = 0; i < canvas->mark_count; i++) {
        const struct mark *mark = &canvas->marks[i];
        if (mark->kind != MARK_TEXT)
            continue;
        const double width = canvas_text_width(mark->size, mark->text);
        const double at = mark->upward ? canvas->height - mark->y : mark->x;
        const double from = at - before[mark->anchor] * width;
        const double room = mark->upward ? canvas->height : canvas->width;
        if (from < 0 || from + width > room)
            fail_msg("'%s' is cut off: %g to %g of %g", mark->text, from,
                from + width, room);
        assert_true(mark->upward || mark->y - mark->size >= 0);
        assert_true(mark->upward || mark->y + mark->size / 4 < canvas->height);
    }
}

static enum status draw_as(
    struct buffer *out, const char *entry, enum canvas_format format)
{
    struct canvas canvas;
    json_t *parsed = json_loads(entry, 0, NULL);
    const json_t *first = json_array_get(json_object_get(parsed, "results"), 0);
    assert_non_null(parsed);
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    enum status status =
        plot_draw(&canvas, parsed, first == NULL ? parsed : first);
    if (status == STATUS_OK) {
        assert_texts_fit(&canvas);
        status = canvas_write(out, &canvas, format);
    }
    canvas_fini(&canvas);
    json_decref(parsed);
    return status;
}

/* An entry, or the first of a result. */
static enum status draw(struct buffer *out, const char *entry)
{
    return draw_as(out, entry, CANVAS_SVG);
}

static void test_ticks_are_round_and_within(void **state)
{
    (void)state;
    static const struct axis axes[] = {{0, 1, 0, 100, false, false},
        {-3.7, 812.4, 0, 100, false, false},
        {0.0012, 0.0047, 0, 100, false, false}, {0.5, 24, 0, 100, true, false},
        {0.9, 1.3, 0, 100, true, false}, {-1e6, 1e6, 0, 100, false, false},
        {0.5, 4.5, 0, 100, false, true}};
    for (size_t a = 0; a < sizeof axes / sizeof axes[0]; a++) {
        double ticks[TICKS_MAX];
        size_t count = axis_ticks(&axes[a], ticks);
        assert_true(count >= 4);
        for (size_t i = 0; i < count; i++) {
            double digits =
                ticks[i] == 0
                    ? 1
                    : fabs(ticks[i]) / pow(10, floor(log10(fabs(ticks[i]))));
            assert_true(ticks[i] >= axes[a].low - 1e-9);
            assert_true(ticks[i] <= axes[a].high + 1e-9);
            assert_true(fabs(digits * 100 - round(digits * 100)) < 1e-6);
            assert_false(ticks[i] == 0 && signbit(ticks[i]));
        }
    }
}

static void test_axis_places_its_ends_and_middle(void **state)
{
    (void)state;
    const struct axis plain = {10, 20, 300, 100, false, false};
    const struct axis ratio = {0.1, 10, 0, 100, true, false};
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
                   "\"level\":\"<a & \\\"b\\\">\\u202e\\u0007\",\"n\":12,"
                   "\"proportion\":1}]}"),
        STATUS_OK);
    assert_holds(&svg, "&lt;a &amp; &quot;b&quot;&gt;\\u202E\\x07");
    assert_holds(&svg, "12 (100.0 %)");
    buffer_fini(&svg);
    /* What is hidden is shown, and takes its place. */
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"frequency\",\"by\":{},\"table\":[{"
                   "\"level\":\"\\u202e\\u0007\\u202e\\u0007\",\"n\":12}]}"),
        STATUS_OK);
    assert_holds(&svg, "\\u202E\\x07");
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
    assert_holds(&svg, "n = 80, 12 events");
    assert_holds(&svg, "Hazard ratio (95 % CI)");
    buffer_fini(&svg);
    /* Two digits of the interval's width. */
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"lm\",\"n\":80,\"table\":["
                   "{\"term\":\"age\",\"estimate\":-0.136,"
                   "\"conf_low\":-0.1816,\"conf_high\":-0.0909}]}"),
        STATUS_OK);
    assert_holds(&svg, "-0.136 (-0.182 to -0.091)");
    assert_holds(&svg, "Coefficient (95 % CI)");
    buffer_fini(&svg);
}

static void test_a_ratio_has_its_name(void **state)
{
    static const char *const cases[][3] = {{"binomial", "logit", "Odds ratio"},
        {"poisson", "log", "Rate ratio"}, {"gamma", "log", "Ratio of means"},
        {"gaussian", "identity", "Coefficient"}};
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
    assert_holds(&svg, ">Time (days)<");
    /* The first curve ends at 100 days, with 321 people still at risk: nothing
     * is known past it. */
    const char *table = strstr(buffer_text(&svg), ">Number at risk<");
    assert_non_null(table);
    assert_null(strstr(table, ">0<"));
    buffer_fini(&svg);
}

/* Between two steps that are shown others may be left out: numbers at risk are
 * said to be those of steps, but for all at 0. */
static void test_numbers_at_risk_of_a_thinned_curve_say_when(void **state)
{
    (void)state;
    struct buffer svg;
    assert_int_equal(
        draw(&svg, "{\"analysis\":\"km\",\"message\":\"steps are left out\","
                   "\"strata\":[{\"strata\":\"all\",\"n\":457}],\"table\":["
                   "{\"strata\":\"all\",\"time\":100,\"n_risk\":321,"
                   "\"estimate\":0.9,\"conf_low\":0.8,\"conf_high\":1}]}"),
        STATUS_OK);
    const char *table =
        strstr(buffer_text(&svg), ">Number at risk (behind 0, at the next step");
    assert_non_null(table);
    assert_non_null(strstr(table, ">457<"));
    assert_non_null(strstr(table, ">321<"));
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
    assert_holds(&svg, ">Time (years)<");
    const char *table = strstr(buffer_text(&svg), ">Number at risk<");
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
        "glm", "lm", "histogram", "frequency", "crosstab", "t_test",
        "correlation", "roc", "pca", "mlp", "other"};
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

/* A whole result, with words as long as they come. */
#define LONG_LABEL                                                             \
    "Late gadolinium enhancement of any pattern, excluding the insertion "     \
    "points of the right ventricle only, by consensus of two readers"
#define WORDS                                                                    \
    "\"variables\":{\"lge\":{\"label\":\"" LONG_LABEL                            \
    "\",\"type\":\"boolean\"},\"sex\":{\"label\":\"Sex\",\"type\":\"category\"," \
    "\"levels\":{\"1\":\"male\",\"2\":\"" LONG_LABEL "\"}},"                     \
    "\"died\":{\"label\":\"Death\",\"type\":\"boolean\"},"                       \
    "\"ef\":{\"label\":\"" LONG_LABEL                                            \
    "\",\"type\":\"real\",\"unit\":\"mL/m2\"}}"

static const char *const whole[] = {
    "{" WORDS
    ",\"results\":[{\"analysis\":\"km\",\"by\":{},\"parameters\":{\"formula\":"
    "\"Surv(days, died) ~ sex\"},\"n\":300,\"events\":30,\"table\":["
    "{\"strata\":\"sex=1\",\"time\":100,\"n_risk\":200,\"estimate\":0.9,"
    "\"conf_low\":0.8,\"conf_high\":0.95},"
    "{\"strata\":\"sex=2\",\"time\":200,\"n_risk\":100,\"estimate\":0.89,"
    "\"conf_low\":0.6,\"conf_high\":0.9}]},"
    "{\"analysis\":\"logrank\",\"by\":{},\"p_value\":0.0234,\"parameters\":{\"formula\":"
    "\"Surv(days, died) ~ sex\"}}]}",
    "{" WORDS ",\"results\":[{\"analysis\":\"cox\",\"parameters\":{\"formula\":"
    "\"Surv(days, died) ~ lge + sex + ef\"},\"table\":[{\"term\":\"lgetrue\","
    "\"estimate\":9,\"conf_low\":-0.5,\"conf_high\":1.2,\"p_value\":0.2},"
    "{\"term\":\"ef:sex2\",\"estimate\":0.1,\"conf_low\":-9,\"conf_high\":9,"
    "\"p_value\":0.0001}]}]}",
    "{" WORDS ",\"results\":[{\"analysis\":\"lm\",\"parameters\":{\"formula\":"
    "\"ef ~ lge\"},\"table\":[{\"term\":\"lgetrue\",\"estimate\":-123456.5,"
    "\"conf_low\":-234567.25,\"conf_high\":-12.5,\"p_value\":0.2}]}]}",
    "{" WORDS ",\"results\":[{\"analysis\":\"t_test\",\"n\":55,\"estimate\":3,"
    "\"conf_low\":1,\"conf_high\":5,\"p_value\":0.01,\"parameters\":{\"formula\":"
    "\"ef ~ sex\"},\"table\":[{\"group\":\"1\",\"n\":25,\"mean\":55,\"sd\":10},"
    "{\"group\":\"2\",\"n\":30,\"mean\":52,\"sd\":9}]}]}",
    "{" WORDS
    ",\"results\":[{\"analysis\":\"crosstab\",\"parameters\":{\"rows\":"
    "\"sex\",\"columns\":\"lge\"},\"n\":80,\"p_value\":0.5,\"table\":["
    "{\"row\":\"1\",\"column\":\"false\",\"n\":30},{\"row\":\"1\",\"column\":"
    "\"true\",\"n\":10},{\"row\":\"2\",\"column\":\"false\",\"suppressed\":true},"
    "{\"row\":\"2\",\"column\":\"true\",\"n\":20}]}]}",
    "{" WORDS ",\"results\":[{\"analysis\":\"correlation\",\"n\":80,\"table\":["
    "{\"row\":\"ef\",\"column\":\"lge\",\"estimate\":-0.512},"
    "{\"row\":\"ef\",\"column\":\"sex\",\"estimate\":-0.001}]}]}",
    "{" WORDS ",\"results\":[{\"analysis\":\"histogram\",\"parameters\":{"
    "\"variable\":\"ef\"},\"table\":[{\"low\":0,\"high\":10,\"n\":1234567}]}]}",
    "{" WORDS ",\"results\":[{\"analysis\":\"frequency\",\"parameters\":{"
    "\"variable\":\"sex\"},\"table\":[{\"level\":\"2\",\"n\":12,"
    "\"proportion\":0.5},{\"level\":\"1\",\"suppressed\":true}]}]}",
    "{" WORDS
    ",\"results\":[{\"analysis\":\"roc\",\"auc\":0.75,\"parameters\":{"
    "\"formula\":\"died ~ ef + sex + lge\"},\"calibration\":[{\"n\":5,"
    "\"expected\":0.2,\"observed\":0.3}],\"table\":[{\"sensitivity\":1,"
    "\"specificity\":0},{\"sensitivity\":0.5,\"specificity\":0.75}]}]}",
    "{" WORDS
    ",\"results\":[{\"analysis\":\"pca\",\"parameters\":{\"variables\":"
    "[\"ef\",\"lge\"]},\"table\":[{\"proportion\":0.9,\"cumulative\":0.9},"
    "{\"proportion\":0.1,\"cumulative\":1}]}]}",
    "{" WORDS ",\"results\":[{\"analysis\":\"mlp\",\"parameters\":{\"formula\":"
    "\"sex ~ ef\"},\"table\":[{}],\"training_curve\":[1.5,0.5,0.25]}]}",
};
#define WHOLE_COUNT (sizeof whole / sizeof whole[0])

/* In each format; that no text is cut off is looked at while drawing. */
static void test_every_kind_fits_its_page_in_every_format(void **state)
{
    static const struct {
        const char *start;
        size_t size;
    } starts[] = {[CANVAS_SVG] = {"<svg", 4},
        [CANVAS_PNG] = {"\x89PNG\r\n\x1a\n", 8},
        [CANVAS_PDF] = {"%PDF-", 5}};
    (void)state;
    for (size_t i = 0; i < WHOLE_COUNT; i++) {
        for (size_t f = 0; f < 3; f++) {
            struct buffer out;
            assert_int_equal(
                draw_as(&out, whole[i], (enum canvas_format)f), STATUS_OK);
            assert_true(out.size > 500);
            assert_memory_equal(out.data, starts[f].start, starts[f].size);
            buffer_fini(&out);
        }
    }
}

/* Letters come out on a machine with any font or none: with the text there is
 * more ink than without it. */
static void test_png_has_letters(void **state)
{
    size_t sizes[2];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct canvas canvas;
        struct buffer out;
        buffer_init(&out, BUFFER_LIMIT_DEFAULT);
        canvas_init(&canvas, 200, 40);
        canvas_text(&canvas, (struct point){5, 20},
            (struct type){12, ANCHOR_START, NULL}, i == 0 ? "" : "Age, years");
        assert_int_equal(canvas_write(&out, &canvas, CANVAS_PNG), STATUS_OK);
        sizes[i] = out.size;
        canvas_fini(&canvas);
        buffer_fini(&out);
    }
    assert_true(sizes[1] > sizes[0] + 200);
    assert_true(canvas_text_width(12, "Age, years") > 40);
}

static void test_curves_name_groups_and_the_log_rank_p(void **state)
{
    struct buffer svg;
    (void)state;
    assert_int_equal(draw(&svg, whole[0]), STATUS_OK);
    assert_holds(&svg, "Kaplan-Meier estimate: Death by Sex<");
    assert_holds(&svg, "log-rank p = 0.023");
    assert_holds(&svg, ">male<");
    assert_holds(&svg, "stroke-dasharray=\"8 4\""); /* not colour alone */
    buffer_fini(&svg);
    /* Of other groups the test says nothing. */
    char other[4096];
    snprintf(other, sizeof other, "%s", whole[0]);
    memcpy(strstr(strstr(other, "logrank"), "~ sex"), "~ lge", 5);
    assert_int_equal(draw(&svg, other), STATUS_OK);
    assert_null(memmem(svg.data, svg.size, "log-rank", 8));
    buffer_fini(&svg);
}

/* A curve goes on past its last step, so that its level is seen. */
static void test_curves_do_not_end_in_a_fall(void **state)
{
    struct canvas canvas;
    size_t lines = 0;
    (void)state;
    json_t *result = json_loads(whole[0], 0, NULL);
    assert_int_equal(plot_draw(&canvas, result,
                         json_array_get(json_object_get(result, "results"), 0)),
        STATUS_OK);
    for (size_t i = 0; i < canvas.mark_count; i++) {
        const struct mark *mark = &canvas.marks[i];
        if (mark->kind != MARK_PATH || mark->area)
            continue;
        const struct point *end = &canvas.points[mark->first + mark->count - 1];
        assert_true(end[0].x > end[-1].x);
        assert_true(end[0].y == end[-1].y);
        lines++;
    }
    assert_int_equal(lines, 2);
    canvas_fini(&canvas);
    json_decref(result);
}

static void test_tables_are_drawn_with_their_shares_and_figures(void **state)
{
    struct buffer svg;
    (void)state;
    assert_int_equal(draw(&svg, whole[3]), STATUS_OK);
    /* 55 -+ qt(0.975, 24) * 10 / 5 */
    assert_holds(&svg, "55.0 (50.9 to 59.1), n = 25");
    assert_holds(&svg, "difference of means 3.0 (1.0 to 5.0), p = 0.010");
    buffer_fini(&svg);
    assert_int_equal(draw(&svg, whole[4]), STATUS_OK);
    assert_holds(&svg, "no: 30 (75 %)");
    assert_holds(&svg, "a cell is withheld");
    assert_null(memmem(svg.data, svg.size, "20 (", 4));
    buffer_fini(&svg);
    assert_int_equal(draw(&svg, whole[5]), STATUS_OK);
    assert_holds(&svg, ">-0.51<");
    assert_holds(&svg, ">0.00<");
    buffer_fini(&svg);
}

static void test_the_ending_decides_the_format(void **state)
{
    enum canvas_format format;
    (void)state;
    assert_true(plot_format(&format, "a.b/x.svg"));
    assert_int_equal(format, CANVAS_SVG);
    assert_true(plot_format(&format, "x.PNG"));
    assert_int_equal(format, CANVAS_PNG);
    assert_true(plot_format(&format, "x.pdf"));
    assert_int_equal(format, CANVAS_PDF);
    assert_false(plot_format(&format, "x.gif"));
    assert_false(plot_format(&format, "x"));
    assert_false(plot_format(&format, ""));
    assert_false(plot_format(&format, "a.svg/x"));
}

static void test_paragraphs_break_between_words(void **state)
{
    const struct type type = {12, ANCHOR_START, NULL};
    struct canvas canvas;
    (void)state;
    canvas_init(&canvas, 100, 100);
    assert_int_equal(canvas_paragraph(&canvas, (struct point){0, 12}, type, 60,
                         " one two  three "),
        2);
    assert_string_equal(canvas.marks[0].text, "one two");
    assert_string_equal(canvas.marks[1].text, "three ");
    /* A word that does not fit is cut, never in a character; what steers is
     * shown. */
    assert_true(canvas_paragraph(&canvas, (struct point){0, 12}, type, 20,
                    "\u00FC\u00FC\u00FC\u00FC\u202E\u00FC\u00FC\x07\xC3") > 1);
    for (size_t i = 2; i < canvas.mark_count; i++) {
        json_t *valid = json_string(canvas.marks[i].text);
        assert_non_null(valid);
        assert_null(strstr(canvas.marks[i].text, "\u202E"));
        json_decref(valid);
    }
    assert_int_equal(
        canvas_paragraph(NULL, (struct point){0, 0}, type, 60, ""), 0);
    canvas_fini(&canvas);
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
        cmocka_unit_test(test_numbers_at_risk_of_a_thinned_curve_say_when),
        cmocka_unit_test(test_long_curves_are_drawn_in_years),
        cmocka_unit_test(test_strange_entries_are_survived),
        cmocka_unit_test(test_every_kind_fits_its_page_in_every_format),
        cmocka_unit_test(test_png_has_letters),
        cmocka_unit_test(test_curves_name_groups_and_the_log_rank_p),
        cmocka_unit_test(test_curves_do_not_end_in_a_fall),
        cmocka_unit_test(test_tables_are_drawn_with_their_shares_and_figures),
        cmocka_unit_test(test_the_ending_decides_the_format),
        cmocka_unit_test(test_paragraphs_break_between_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
