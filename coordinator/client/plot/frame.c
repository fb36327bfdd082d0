#include "coordinator/client/plot/frame.h"

#include <math.h>
#include <stdio.h>

#define TICK 5.0
#define INK ((struct pen){CANVAS_INK, 1, 0})
#define RULE ((struct pen){"#e6e6e6", 1, 0})

double axis_place(const struct axis *axis, double value)
{
    double share = axis->logarithmic
                       ? log(value / axis->low) / log(axis->high / axis->low)
                       : (value - axis->low) / (axis->high - axis->low);
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    return axis->from + share * (axis->to - axis->from);
}

static double round_step(double span)
{
    const double power = pow(10, floor(log10(span / 8)));
    const double times = span / 8 / power;
    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static size_t log_ticks(const struct axis *axis, double ticks[TICKS_MAX])
{
    static const double steps[] = {1, 2, 5};
    size_t count = 0;
    for (int power = (int)floor(log10(axis->low)); power < 12; power++) {
        for (size_t i = 0; i < 3; i++) {
            const double tick = steps[i] * pow(10, power);
            if (tick >= axis->low * (1 - 1e-9) &&
                tick <= axis->high * (1 + 1e-9) && count < TICKS_MAX)
                ticks[count++] = tick;
        }
    }
    return count;
}

static size_t plain_ticks(const struct axis *axis, double ticks[TICKS_MAX])
{
    const double least = axis->whole ? 1 : 0;
    const double step = fmax(least, round_step(axis->high - axis->low));
    const double first = ceil(axis->low / step - 1e-9);
    size_t count = 0;
    while (count < TICKS_MAX) {
        const double tick = (first + (double)count) * step;
        if (tick > axis->high + step * 1e-9)
            break;
        ticks[count++] = tick + 0.0; /* never -0 */
    }
    return count;
}

size_t axis_ticks(const struct axis *axis, double ticks[TICKS_MAX])
{
    if (axis->logarithmic) {
        const size_t count = log_ticks(axis, ticks);
        if (count >= 4)
            return count;
    }
    return plain_ticks(axis, ticks);
}

void axis_widen(struct axis *axis)
{
    static const double steps[] = {1, 2, 5, 10};
    if (!axis->logarithmic || axis->high / axis->low < 2)
        return;
    const double under = pow(10, floor(log10(axis->low) + 1e-9));
    const double over = pow(10, floor(log10(axis->high) - 1e-9));
    double low = under, high = 10 * over;
    for (size_t i = 0; i < 4; i++) {
        if (under * steps[i] <= axis->low * (1 + 1e-9))
            low = under * steps[i];
        if (over * steps[3 - i] >= axis->high * (1 - 1e-9))
            high = over * steps[3 - i];
    }
    axis->low = low;
    axis->high = high;
}

static void tick_text(double tick, char out[32])
{
    snprintf(out, 32, "%.6g", tick);
}

double frame_left(const struct axis *y)
{
    double ticks[TICKS_MAX], widest = 0;
    const size_t count = axis_ticks(y, ticks);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        tick_text(ticks[i], text);
        widest = fmax(widest, canvas_text_width(FRAME_LETTERS, text));
    }
    return widest + TICK + 50;
}

static double half_width(double tick)
{
    char text[32];
    tick_text(tick, text);
    return canvas_text_width(FRAME_LETTERS, text) / 2;
}

/* Whether figures below the axis would touch. */
static bool is_crowded(
    const struct axis *x, const double ticks[TICKS_MAX], size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (axis_place(x, ticks[i]) - half_width(ticks[i]) <
            axis_place(x, ticks[i - 1]) + half_width(ticks[i - 1]) + 4)
            return true;
    }
    return false;
}

static bool is_power_of_ten(double tick)
{
    return fabs(log10(tick) - round(log10(tick))) < 1e-9;
}

double frame_draw_x(
    struct canvas *canvas, const struct axis *x, double at, const char *x_label)
{
    double ticks[TICKS_MAX], free = -INFINITY;
    const size_t count = axis_ticks(x, ticks);
    const bool powers = x->logarithmic && is_crowded(x, ticks, count);
    canvas_line(
        canvas, (struct point){x->from, at}, (struct point){x->to, at}, INK);
    for (size_t i = 0; i < count; i++) {
        const double place = axis_place(x, ticks[i]);
        const double half = half_width(ticks[i]);
        char text[32];
        canvas_line(canvas, (struct point){place, at},
            (struct point){place, at + TICK}, INK);
        if (place - half < free || (powers && !is_power_of_ten(ticks[i])))
            continue;
        free = place + half + 4;
        tick_text(ticks[i], text);
        canvas_text(canvas, (struct point){place, at + 19},
            (struct type){FRAME_LETTERS, ANCHOR_MIDDLE, NULL}, text);
    }
    const size_t lines =
        canvas_paragraph(canvas, (struct point){(x->from + x->to) / 2, at + 39},
            (struct type){FRAME_LETTERS, ANCHOR_MIDDLE, NULL}, x->to - x->from,
            x_label);
    return at + 30 + (double)lines * canvas_line_height(FRAME_LETTERS);
}

double frame_draw(struct canvas *canvas, const struct axis *x,
    const struct axis *y, const char *x_label, const char *y_label)
{
    double ticks[TICKS_MAX];
    const size_t count = axis_ticks(y, ticks);
    canvas_line(canvas, (struct point){x->from, y->from},
        (struct point){x->from, y->to}, INK);
    for (size_t i = 0; i < count; i++) {
        const double place = axis_place(y, ticks[i]);
        char text[32];
        tick_text(ticks[i], text);
        canvas_line(canvas, (struct point){x->from - TICK, place},
            (struct point){x->from, place}, INK);
        if (place < y->from - 1)
            canvas_line(canvas, (struct point){x->from, place},
                (struct point){x->to, place}, RULE);
        canvas_text(canvas, (struct point){x->from - TICK - 4, place + 4},
            (struct type){FRAME_LETTERS, ANCHOR_END, NULL}, text);
    }
    canvas_text_upward(canvas,
        (struct point){x->from - frame_left(y) + 28, (y->from + y->to) / 2},
        (struct type){FRAME_LETTERS, ANCHOR_MIDDLE, NULL}, y_label);
    return frame_draw_x(canvas, x, y->from, x_label);
}
