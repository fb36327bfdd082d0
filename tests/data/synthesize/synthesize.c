/*
 * synthesize: a registry of 13 centers that never was, from a seed, to the
 * dictionary beside this file. Every figure follows a model that is known
 * (README.md, truth.json), so that an analysis can be checked against it.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#define CENTERS 13
#define SHAPES 16
#define TEN_YEARS 3652

/* ---- random numbers: a ChaCha20 stream a center ---- */

struct stream {
    unsigned char key[crypto_stream_chacha20_KEYBYTES];
    uint64_t block;
    uint64_t words[512];
    size_t left;
};

static void stream_open(struct stream *stream, uint64_t seed, uint64_t center)
{
    const uint64_t both[2] = {seed, center};
    crypto_generichash(stream->key, sizeof stream->key,
        (const unsigned char *)both, sizeof both, NULL, 0);
    stream->block = 0;
    stream->left = 0;
}

static uint64_t draw(struct stream *stream)
{
    unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    if (stream->left == 0) {
        memcpy(nonce, &stream->block, sizeof stream->block);
        crypto_stream_chacha20((unsigned char *)stream->words,
            sizeof stream->words, nonce, stream->key);
        stream->block++;
        stream->left = sizeof stream->words / sizeof stream->words[0];
    }
    return stream->words[--stream->left];
}

/* in (0, 1) */
static double uniform(struct stream *stream)
{
    return ((double)(draw(stream) >> 11) + 0.5) * 0x1p-53;
}

static bool chance(struct stream *stream, double probability)
{
    return uniform(stream) < probability;
}

/* Box and Muller 1958 */
static double normal(struct stream *stream, double mean, double sd)
{
    const double radius = sqrt(-2 * log(uniform(stream)));
    return mean + sd * radius * cos(2 * M_PI * uniform(stream));
}

static double within(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static double bounded(
    struct stream *stream, double mean, double sd, double low, double high)
{
    return within(normal(stream, mean, sd), low, high);
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* ---- centers ---- */

struct center {
    double share;   /* of all patients, in percent */
    double three_t; /* probability of 3 T */
    double frailty; /* log hazard */
    double absent;  /* factor on what is missing */
    int vendor;     /* the usual one */
    double congenital;
};

static const struct center centers[CENTERS] = {{19, 0.40, 0.00, 0.8, 0, 1.0},
    {15, 0.25, -0.15, 1.0, 0, 0.7}, {12, 0.60, 0.20, 1.2, 1, 1.4},
    {10, 0.10, 0.10, 0.9, 0, 0.8}, {8, 0.30, -0.05, 1.1, 2, 1.0},
    {7, 0.50, 0.15, 1.0, 1, 2.0}, {6, 0.00, -0.10, 1.3, 0, 0.9},
    {5, 0.20, 0.05, 0.7, 2, 1.1}, {5, 0.45, 0.25, 1.0, 1, 0.8},
    {4, 0.35, -0.20, 1.1, 0, 3.0}, {4, 0.15, 0.00, 1.4, 0, 0.6},
    {3, 0.55, 0.10, 0.9, 1, 1.0}, {2, 0.00, -0.25, 1.2, 2, 1.2}};

enum diagnosis { NORMAL, ISCHEMIC, DCM, HCM, AMYLOID, VALVE, TOF, OTHER };
static const char *const diagnoses[] = {
    "normal", "ischemic", "dcm", "hcm", "amyloid", "valve", "tof", "other"};
static const double mix[] = {0.24, 0.24, 0.11, 0.07, 0.06, 0.12, 0.05, 0.11};
static const char *const vendors[] = {"siemens", "philips", "ge"};
static const char *const amyloids[] = {"none", "al", "attr"};

struct patient {
    enum diagnosis dx;
    int vendor, amyloid, ar_grade, morphology;
    bool female, three_t, hypertension, diabetes, lipids, smoking, mi, repaired,
        scar, infarct;
    double age, height, weight, bsa, rate, edvi, esvi, ef, mass, rvedvi, rvef,
        wmsi, t1, ecv, extent, ar_fraction, ar_volume, pr_volume, pr_fraction;
    double shape[SHAPES];
};

static enum diagnosis draw_diagnosis(
    struct stream *stream, const struct center *center)
{
    double weights[8], total = 0;
    for (size_t i = 0; i < 8; i++) {
        weights[i] = mix[i] * (i == TOF ? center->congenital : 1);
        total += weights[i];
    }
    double at = uniform(stream) * total;
    for (size_t i = 0; i < 7; i++) {
        if (at < weights[i])
            return (enum diagnosis)i;
        at -= weights[i];
    }
    return OTHER;
}

static void draw_person(struct stream *stream, struct patient *p)
{
    static const double ages[] = {50, 63, 55, 54, 71, 54, 30, 52};
    static const double female[] = {.52, .30, .40, .38, .27, .30, .47, .48};
    p->age = floor(bounded(stream, ages[p->dx], 13, 18, 90));
    p->female = chance(stream, female[p->dx]);
    p->height = round(bounded(stream, p->female ? 163 : 176, 7, 130, 215));
    p->weight =
        round(10 * bounded(stream, p->female ? 74 : 88, 16, 35, 220)) / 10;
    /* Mosteller 1987 */
    p->bsa = round(100 * sqrt(p->height * p->weight / 3600)) / 100;
    p->hypertension = chance(stream, logistic(-2.4 + 0.035 * p->age));
    p->diabetes = chance(stream, p->dx == ISCHEMIC ? 0.30 : 0.15);
    p->lipids = chance(stream, p->dx == ISCHEMIC ? 0.65 : 0.35);
    p->smoking = chance(stream, p->dx == ISCHEMIC ? 0.50 : 0.32);
    p->rate = round(bounded(stream, 71, 12, 38, 150));
}

/* Normal values: Kawel-Boehm et al., JCMR 2015;17:29, tables 1 and 2. */
static void draw_ventricle(struct stream *stream, struct patient *p)
{
    static const double more[] = {0, 18, 45, -4, -4, 0, 2, 4};
    static const double ef[] = {63, 50, 33, 66, 54, 58, 58, 58};
    static const double spread[] = {5, 12, 9, 6, 9, 7, 6, 8};
    static const double mass[] = {0, 8, 16, 34, 38, 16, 2, 4};
    p->ar_fraction = p->dx == VALVE
                         ? round(10 * bounded(stream, 32, 13, 6, 75)) / 10
                         : round(10 * bounded(stream, 3, 3, 0, 14)) / 10;
    double edvi = (p->female ? 76 : 81) + more[p->dx] +
                  normal(stream, 0, p->female ? 10 : 12);
    if (p->dx == VALVE) { /* project 1: lvedvi ~ ao_regurg_frac * sex + age */
        edvi = 72 + 1.20 * p->ar_fraction +
               (p->female ? -6 - 0.45 * p->ar_fraction : 0) -
               0.15 * (p->age - 50) + normal(stream, 0, 12);
    }
    p->edvi = round(10 * within(edvi, 35, 260)) / 10;
    p->ef = bounded(stream, ef[p->dx], spread[p->dx], 10, 82);
    p->esvi = round(10 * p->edvi * (1 - p->ef / 100)) / 10;
    p->ef = round(1000 * (1 - p->esvi / p->edvi)) / 10;
    p->mass = round(10 * within((p->female ? 61 : 67) + mass[p->dx] +
                                    normal(stream, 0, 10),
                             28, 220)) /
              10;
    p->ar_volume =
        round(10 * p->ar_fraction / 100 * (p->edvi - p->esvi) * p->bsa) / 10;
    p->ar_grade = p->ar_fraction < 5    ? 0
                  : p->ar_fraction < 16 ? 1
                  : p->ar_fraction < 26 ? 2
                  : p->ar_fraction < 48 ? 3
                                        : 4;
    p->morphology = chance(stream, p->dx == VALVE ? 0.38 : 0.02) ? 2 : 1;
    p->repaired = chance(stream, p->dx == VALVE ? 0.03 : 0.02);
}

static void draw_tissue(struct stream *stream, struct patient *p)
{
    static const double scar[] = {
        0.05, 0.72, 0.38, 0.55, 0.88, 0.30, 0.35, 0.15};
    static const double shift[] = {0, 15, 40, 45, 115, 15, 20, 10};
    p->scar = chance(stream, scar[p->dx]);
    p->infarct = p->scar && (p->dx == ISCHEMIC || chance(stream, 0.18));
    p->mi = p->infarct ? chance(stream, 0.55) : chance(stream, 0.02);
    p->extent =
        p->scar ? round(10 * within(-8 * log(uniform(stream)), 0.5, 60)) / 10
                : 0;
    p->wmsi = p->ef >= 55
                  ? 1
                  : round(100 * within(1 + (58 - p->ef) / 28 +
                                           fabs(normal(stream, 0, 0.15)),
                                    1, 4)) /
                        100;
    p->t1 = round((p->three_t ? 1160 : 960) + (p->vendor == 1 ? 12 : 0) +
                  (p->vendor == 2 ? -18 : 0) + shift[p->dx] +
                  (p->female ? 12 : 0) + normal(stream, 0, 28));
    p->ecv = round(10 * bounded(stream,
                            p->dx == AMYLOID ? 46 : 27 + shift[p->dx] / 25,
                            p->dx == AMYLOID ? 7 : 3.2, 16, 72)) /
             10;
    p->rvedvi = round(10 * bounded(stream,
                               p->dx == TOF ? 132
                               : p->female  ? 74
                                            : 84,
                               p->dx == TOF ? 30 : 13, 30, 280)) /
                10;
    p->rvef = round(10 * bounded(stream,
                             p->dx == TOF   ? 47
                             : p->dx == DCM ? 45
                                            : 55,
                             7, 12, 80)) /
              10;
}

/* Project 5: ATTR is of older men with thicker walls; AL has the larger ECV. */
static void draw_amyloid(struct stream *stream, struct patient *p)
{
    p->amyloid = 0;
    if (p->dx != AMYLOID)
        return;
    const double x = 0.4 + 0.09 * (p->age - 71) + (p->female ? -1.1 : 0.4) +
                     0.035 * (p->mass - 104) - 0.10 * (p->ecv - 46);
    p->amyloid = chance(stream, logistic(x)) ? 2 : 1;
}

/* Project 4: three modes of shape, the first of which follows pulmonary
 * regurgitation; the rest is noise. */
static void draw_shape(struct stream *stream, struct patient *p)
{
    p->pr_volume = round(10 * bounded(stream, p->dx == TOF ? 34 : 1.5,
                                  p->dx == TOF ? 16 : 1, 0, 120)) /
                   10;
    p->pr_fraction = round(10 * within(p->pr_volume * 0.9, 0, 75)) / 10;
    const double scores[3] = {0.30 * (p->pr_volume - 34) + normal(stream, 0, 3),
        normal(stream, 0, 4), normal(stream, 0, 2.5)};
    for (size_t j = 0; j < SHAPES; j++) {
        double at = normal(stream, 0, 0.5);
        for (size_t k = 0; k < 3; k++)
            at += scores[k] * sqrt(2.0 / SHAPES) *
                  cos(M_PI * (double)(k + 1) * ((double)j + 0.5) / SHAPES);
        p->shape[j] = round(100 * within(at, -60, 60)) / 100;
    }
}

static void draw_patient(
    struct stream *stream, const struct center *center, struct patient *p)
{
    p->dx = draw_diagnosis(stream, center);
    p->three_t = chance(stream, center->three_t);
    p->vendor = chance(stream, 0.8) ? center->vendor : (int)(draw(stream) % 3);
    draw_person(stream, p);
    draw_ventricle(stream, p);
    draw_tissue(stream, p);
    draw_amyloid(stream, p);
    draw_shape(stream, p);
}

/* ---- follow-up ---- */

struct period {
    double start, end;
    bool surgery;
    int outcome; /* 0 alive, 1 cardiac death, 2 other death */
};

/* Proportional hazards on a Weibull baseline. Project 2: a small infarct has a
 * hazard ratio of exp(0.5) = 1.65; project 3: scar exp(0.9) = 2.46 with aortic
 * regurgitation, valve surgery exp(-0.7) = 0.50 from the day it is done. */
static double log_hazard(const struct patient *p, const struct center *center)
{
    double x = center->frailty + 0.050 * (p->age - 58) +
               (p->female ? -0.20 : 0) + 0.15 * p->hypertension +
               0.30 * p->diabetes + 0.35 * p->smoking - 0.020 * (p->ef - 60) +
               0.50 * p->infarct;
    if (p->dx == VALVE)
        x += 0.60 + (p->scar ? 0.90 - 0.50 * p->infarct : 0);
    if (p->dx == AMYLOID)
        x += 1.3;
    return x;
}

#define SHAPE 1.2
#define SCALE 12000.0

/* Days to death with cumulative hazard exp(x) (t / SCALE)^SHAPE. */
static double death_day(double exponential, double x)
{
    return SCALE * pow(exponential / exp(x), 1 / SHAPE);
}

static size_t follow(struct stream *stream, const struct patient *p,
    const struct center *center, struct period periods[2])
{
    const double x = log_hazard(p, center);
    const double exponential = -log(uniform(stream));
    const double censored = floor(200 + uniform(stream) * (TEN_YEARS - 200));
    double operated = TEN_YEARS + 1;
    if (p->dx == VALVE && !p->repaired)
        operated = floor(60 - 2400 * log(uniform(stream)) *
                                  exp(-0.05 * (p->ar_fraction - 32)));
    double died = death_day(exponential, x);
    if (died > operated) { /* what is left of the hazard is used up slower */
        const double used = exp(x) * pow(operated / SCALE, SHAPE);
        died = SCALE * pow((exponential - used) / exp(x - 0.7) +
                               pow(operated / SCALE, SHAPE),
                           1 / SHAPE);
    }
    const bool dead = died < censored;
    const double end = within(ceil(dead ? died : censored), 1, TEN_YEARS);
    const int outcome = !dead ? 0 : chance(stream, 0.62) ? 1 : 2;
    if (operated >= end) {
        periods[0] = (struct period){0, end, false, outcome};
        return 1;
    }
    periods[0] = (struct period){0, operated, false, 0};
    periods[1] = (struct period){operated, end, true, outcome};
    return 2;
}

/* ---- one file a center ---- */

static bool absent(
    struct stream *stream, const struct center *center, double probability)
{
    return chance(stream, within(probability * center->absent, 0, 0.95));
}

static void put(FILE *file, bool missing, int decimals, double value)
{
    if (missing)
        fputc(',', file);
    else
        fprintf(file, ",%.*f", decimals, value + 0.0);
}

static void put_word(FILE *file, bool missing, const char *word)
{
    fprintf(file, ",%s", missing ? "" : word);
}

static const char header[] =
    "patient,exam,age_at_exam,sex,height_cm,weight_kg,bsa,heart_rate,"
    "hx_hypertension,hx_diabetes,hx_hyperlipidemia,smoking,hx_mi,"
    "hx_valve_intervention,scanner_vendor,field_strength,indication,dx_primary,"
    "lvedvi,lvesvi,lvef,lv_mass_i,rvedvi,rvef,wmsi,t1_native,ecv,lge_present,"
    "lge_infarct,lge_extent_pct,ar_grade,ao_regurg_frac,ao_regurg_vol,"
    "aortic_valve_morph,pulm_regurg_vol,pulm_regurg_frac,amyloid_type,"
    "shape,start_days,followup_days,valve_surgery,death,outcome\n";

static const char *indication_of(const struct patient *p, double at)
{
    if (p->dx == VALVE)
        return "valve";
    if (p->dx == TOF)
        return "congenital";
    if (p->dx == ISCHEMIC)
        return at < 0.45 ? "viability" : "stress";
    if (p->dx == NORMAL || p->dx == OTHER) {
        return at < 0.3    ? "stress"
               : at < 0.55 ? "arrhythmia"
               : at < 0.75 ? "cardiomyopathy"
                           : "other";
    }
    return "cardiomyopathy";
}

/* A vector: one field, numbers with blanks between them. */
static void put_shape(FILE *file, const struct patient *p)
{
    fputc(',', file);
    for (size_t j = 0; p->dx == TOF && j < SHAPES; j++)
        fprintf(file, "%s%.2f", j == 0 ? "" : " ", p->shape[j] + 0.0);
}

/* The figures of the exam, the same on each of a patient's rows. */
static void write_exam(FILE *file, struct stream *stream,
    const struct center *center, const struct patient *p)
{
    const bool no_size = absent(stream, center, 0.03);
    const bool no_t1 = absent(stream, center, 0.28);
    const bool no_ecv = no_t1 || absent(stream, center, 0.12);
    const bool no_rv = absent(stream, center, p->dx == TOF ? 0.01 : 0.10);
    const bool no_flow = p->dx != VALVE && absent(stream, center, 0.55);
    const bool no_pulmonary = p->dx != TOF && absent(stream, center, 0.80);
    const bool no_lge = absent(stream, center, 0.04);
    put(file, false, 0, p->age);
    put(file, false, 0, p->female ? 2 : 1);
    put(file, no_size, 0, p->height);
    put(file, no_size, 1, p->weight);
    put(file, no_size, 2, p->bsa);
    put(file, absent(stream, center, 0.06), 0, p->rate);
    put(file, absent(stream, center, 0.05), 0, p->hypertension);
    put(file, absent(stream, center, 0.05), 0, p->diabetes);
    put(file, absent(stream, center, 0.08), 0, p->lipids);
    put(file, absent(stream, center, 0.10), 0, p->smoking);
    put(file, absent(stream, center, 0.04), 0, p->mi);
    put(file, false, 0, p->repaired);
    put_word(file, false, vendors[p->vendor]);
    put_word(file, false, p->three_t ? "3" : "1.5");
    put_word(
        file, absent(stream, center, 0.04), indication_of(p, uniform(stream)));
    put_word(file, false, diagnoses[p->dx]);
    put(file, false, 1, p->edvi);
    put(file, false, 1, p->esvi);
    put(file, false, 1, p->ef);
    put(file, absent(stream, center, 0.05), 1, p->mass);
    put(file, no_rv, 1, p->rvedvi);
    put(file, no_rv, 1, p->rvef);
    put(file, absent(stream, center, 0.03), 2, p->wmsi);
    put(file, no_t1, 0, p->t1);
    put(file, no_ecv, 1, p->ecv);
    put(file, no_lge, 0, p->scar);
    put(file, no_lge, 0, p->infarct);
    put(file, no_lge, 1, p->extent);
    put(file, no_flow, 0, p->ar_grade);
    put(file, no_flow, 1, p->ar_fraction);
    put(file, no_flow, 1, p->ar_volume);
    put(file, absent(stream, center, 0.10), 0, p->morphology);
    put(file, no_pulmonary, 1, p->pr_volume);
    put(file, no_pulmonary, 1, p->pr_fraction);
    put_word(file, false, amyloids[p->amyloid]);
    put_shape(file, p);
}

static void write_patient(FILE *file, struct stream *stream,
    const struct center *center, size_t number)
{
    struct patient patient;
    struct period periods[2];
    draw_patient(stream, center, &patient);
    const size_t count = follow(stream, &patient, center, periods);
    const struct stream kept = *stream;
    for (size_t i = 0; i < count; i++) {
        struct stream same = kept; /* what is missing is missing on both rows */
        fprintf(file, "%02td-%06zu,%02td-%06zu-%zu", center - centers + 1,
            number, center - centers + 1, number, i + 1);
        write_exam(file, &same, center, &patient);
        fprintf(file, ",%.0f,%.0f,%d,%d,%d\n", periods[i].start, periods[i].end,
            periods[i].surgery, periods[i].outcome != 0, periods[i].outcome);
        *stream = same;
    }
}

static bool write_center(
    const char *folder, size_t at, uint64_t seed, size_t patients)
{
    char path[4096];
    struct stream stream;
    snprintf(path, sizeof path, "%s/center_%02zu.csv", folder, at + 1);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fprintf(stderr, "synthesize: %s: %s\n", path, strerrordesc_np(errno));
        return false;
    }
    stream_open(&stream, seed, at);
    fputs(header, file);
    for (size_t i = 0; i < patients; i++)
        write_patient(file, &stream, &centers[at], i + 1);
    const bool well = ferror(file) == 0;
    return fclose(file) == 0 && well;
}

/* ---- the command ---- */

static const char usage[] =
    "usage: synthesize [--seed N] [--patients N] [--equal] FOLDER\n"
    "\n"
    "Writes center_01.csv to center_13.csv: a synthetic registry of N patients\n"
    "(15,600 unless said otherwise) from seed N (1). --equal: centers of the\n"
    "same size. The same seed gives the same bytes.\n";

static bool read_number(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *out = value;
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
}

int main(int count, char **arguments)
{
    uint64_t seed = 1, patients = 15600;
    const char *folder = NULL;
    bool equal = false;
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i];
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        if (strcmp(word, "--help") == 0)
            return fputs(usage, stdout) < 0;
        if (strcmp(word, "--equal") == 0)
            equal = true;
        else if ((strcmp(word, "--seed") == 0 && read_number(value, &seed)) ||
                 (strcmp(word, "--patients") == 0 &&
                     read_number(value, &patients)))
            i++;
        else if (*word != '-' && folder == NULL)
            folder = word;
        else
            return fputs(usage, stderr), 2;
    }
    if (folder == NULL || sodium_init() < 0)
        return fputs(usage, stderr), 2;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "synthesize: %s: %s\n", folder, strerrordesc_np(errno));
        return 1;
    }
    for (size_t c = 0; c < CENTERS; c++) {
        const double share = equal ? 100.0 / CENTERS : centers[c].share;
        if (!write_center(folder, c, seed,
                (size_t)floor((double)patients * share / 100 + 0.5)))
            return 1;
    }
    return 0;
}
