#include "coordinator/client/plot/frame.h"

#include <math.h>
#include <stdio.h>

#define INK "#333"

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
    const double power = pow(10, floor(log10(span / 5)));
    const double times = span / 5 / power;
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

size_t axis_ticks(const struct axis *axis, double ticks[TICKS_MAX])
{
    if (axis->logarithmic)
        return log_ticks(axis, ticks);
    const double step = round_step(axis->high - axis->low);
    size_t count = 0;
    const double first = ceil(axis->low / step - 1e-9);
    while (count < TICKS_MAX) {
        const double tick = (first + (double)count) * step;
        if (tick > axis->high + step * 1e-9)
            break;
        ticks[count++] = tick + 0.0; /* never -0 */
    }
    return count;
}

void frame_draw_x(
    struct svg *svg, const struct axis *x, double at, const char *x_label)
{
    double ticks[TICKS_MAX];
    const size_t count = axis_ticks(x, ticks);
    char text[32];
    svg_line(svg, x->from, at, x->to, at, (struct svg_pen){INK, 1});
    for (size_t i = 0; i < count; i++) {
        const double place = axis_place(x, ticks[i]);
        snprintf(text, sizeof text, "%.6g", ticks[i]);
        svg_line(svg, place, at, place, at + 5, (struct svg_pen){INK, 1});
        svg_text(svg, place, at + 19, 12, ANCHOR_MIDDLE, text);
    }
    svg_text(svg, (x->from + x->to) / 2, at + 38, 13, ANCHOR_MIDDLE, x_label);
}

void frame_draw(struct svg *svg, const struct axis *x, const struct axis *y,
    const char *x_label, const char *y_label)
{
    double ticks[TICKS_MAX];
    const size_t count = axis_ticks(y, ticks);
    char text[32];
    frame_draw_x(svg, x, y->from, x_label);
    svg_line(svg, x->from, y->from, x->from, y->to, (struct svg_pen){INK, 1});
    for (size_t i = 0; i < count; i++) {
        const double place = axis_place(y, ticks[i]);
        snprintf(text, sizeof text, "%.6g", ticks[i]);
        svg_line(
            svg, x->from - 5, place, x->from, place, (struct svg_pen){INK, 1});
        svg_line(
            svg, x->from, place, x->to, place, (struct svg_pen){"#eee", 1});
        svg_text(svg, x->from - 8, place + 4, 12, ANCHOR_END, text);
    }
    svg_text_upward(svg, x->from - 48, (y->from + y->to) / 2, y_label);
}
