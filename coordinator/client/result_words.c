#include "coordinator/client/result_words.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/client/result_formula.h"
#include "coordinator/client/result_rows.h"

#define NAMES_SPELLED 3 /* of an expression; of more only what they are */

const json_t *words_of_result(const json_t *result)
{
    const json_t *variables = json_object_get(result, "variables");
    return json_is_object(variables) ? variables : NULL;
}

static void add_bytes(struct words *out, const char *text, size_t size)
{
    size_t room = WORDS_MAX - out->size;
    if (size > room) {
        size = room;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80)
            size--;
    }
    memcpy(out->text + out->size, text, size);
    out->size += size;
    out->text[out->size] = '\0';
}

void words_add(struct words *out, const char *text)
{
    add_bytes(out, text, strlen(text));
}

void words_add_format(struct words *out, const char *format, ...)
{
    char text[WORDS_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t bytes = size < 0 ? 0 : strlen(text);
    if (size > WORDS_MAX) { /* the last character may be cut */
        while (((unsigned char)text[bytes - 1] & 0xC0) == 0x80)
            bytes--;
        bytes--;
    }
    add_bytes(out, text, bytes);
}

/* ---- variables ---- */

/* Of "shape[3]" the vector's, and where "[3]" begins; NULL when the result has
 * no words for it. */
static const json_t *find(
    const json_t *variables, const char *name, const char **element)
{
    const size_t size = strcspn(name, "[");
    char vector[128];
    *element = name + size;
    if (size >= sizeof vector)
        return NULL;
    memcpy(vector, name, size);
    vector[size] = '\0';
    return json_object_get(variables, vector);
}

static const struct {
    const char *ucum, *words;
} units[] = {
    {"1", ""},
    {"a", "years"},
    {"mo", "months"},
    {"wk", "weeks"},
    {"d", "days"},
    {"mm[Hg]", "mmHg"},
    {"Cel", "\u00B0C"},
};

/* UCUM as people write it: "m2" with a raised 2, no brackets. */
static void add_unit(struct words *out, const char *ucum)
{
    static const char *const raised[] = {[2] = "\u00B2", [3] = "\u00B3"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(ucum, units[i].ucum) == 0) {
            words_add(out, units[i].words);
            return;
        }
    }
    for (const char *at = ucum; *at != '\0'; at++) {
        const bool power = at > ucum && isalpha((unsigned char)at[-1]) &&
                           !isalnum((unsigned char)at[1]);
        if ((*at == '2' || *at == '3') && power)
            words_add(out, raised[*at - '0']);
        else if (strchr("[]{}", *at) == NULL)
            add_bytes(out, at, 1);
    }
}

void words_add_label(
    struct words *out, const json_t *variables, const char *name)
{
    const char *element;
    const char *label = result_string(find(variables, name, &element), "label");
    if (*label == '\0') {
        words_add(out, name);
        return;
    }
    words_add(out, label);
    if (*element != '\0')
        words_add_format(out, " %s", element);
}

void words_add_variable(
    struct words *out, const json_t *variables, const char *name)
{
    const char *element;
    const json_t *words = find(variables, name, &element);
    const char *unit = result_string(words, "unit");
    words_add_label(out, variables, name);
    if (*unit == '\0' && strcmp(result_string(words, "type"), "days") == 0)
        unit = "d";
    if (*unit == '\0' || strcmp(unit, "1") == 0)
        return;
    /* No second pair of brackets behind "Age (top-coded at 90)". */
    const bool bracket = out->size == 0 || out->text[out->size - 1] != ')';
    words_add(out, bracket ? " (" : ", ");
    add_unit(out, unit);
    words_add(out, bracket ? ")" : "");
}

void words_add_level(struct words *out, const json_t *variables,
    const char *name, const char *code)
{
    const json_t *words = json_object_get(variables, name);
    const char *label = result_string(json_object_get(words, "levels"), code);
    const bool boolean = strcmp(result_string(words, "type"), "boolean") == 0;
    if (boolean && strcmp(code, "true") == 0)
        label = "yes";
    else if (boolean && strcmp(code, "false") == 0)
        label = "no";
    words_add(out, *label == '\0' ? code : label);
}

static bool is_level(const json_t *words, const char *code)
{
    if (strcmp(result_string(words, "type"), "boolean") == 0)
        return strcmp(code, "true") == 0 || strcmp(code, "false") == 0;
    return json_object_get(json_object_get(words, "levels"), code) != NULL;
}

/* ---- expressions ---- */

/* The name at text: letters, digits, '_' and "[3]"; 0 when there is none, or
 * it is a function's. */
static size_t name_size(const char *text)
{
    size_t size = 0;
    if (!isalpha((unsigned char)*text))
        return 0;
    while (isalnum((unsigned char)text[size]) || text[size] == '_')
        size++;
    if (text[size] == '(')
        return 0;
    if (text[size] == '[')
        size += strcspn(text + size, "]") + (strchr(text + size, ']') != NULL);
    return size;
}

/* Where the next word begins, name or not, so that "lvef" is not seen in
 * "my_lvef". */
static size_t word_size(const char *text)
{
    size_t size = 0;
    while (isalnum((unsigned char)text[size]) || text[size] == '_')
        size++;
    return size == 0 ? 1 : size;
}

static size_t count_names(const char *text)
{
    size_t count = 0;
    while (*text != '\0') {
        const size_t size = name_size(text);
        count += size > 0;
        text += size > 0 ? size : word_size(text);
    }
    return count;
}

/* A name that is part of an expression. */
static void add_name(
    struct words *out, const json_t *variables, const char *text, size_t size)
{
    struct words label = {0};
    char name[WORDS_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)size, text);
    words_add_label(&label, variables, name);
    const bool power = text[size] == '^' && strchr(label.text, ' ') != NULL;
    words_add_format(out, power ? "(%s)" : "%s", label.text);
}

/* "combination of A, B": each vector or variable once. */
static void add_kinds(
    struct words *out, const json_t *variables, const char *text)
{
    struct words seen = {0};
    words_add(out, "combination of ");
    while (*text != '\0') {
        const size_t size = name_size(text), plain = strcspn(text, "[");
        struct words label = {0};
        if (size > 0)
            add_name(&label, variables, text, size < plain ? size : plain);
        if (size > 0 && strstr(seen.text, label.text) == NULL) {
            words_add_format(
                &seen, "%s%s", seen.size > 0 ? ", " : "", label.text);
        }
        text += size > 0 ? size : word_size(text);
    }
    words_add(out, seen.text);
}

void words_add_expression(
    struct words *out, const json_t *variables, const char *text)
{
    if (variables != NULL && count_names(text) > NAMES_SPELLED) {
        add_kinds(out, variables, text);
        return;
    }
    while (*text != '\0') {
        const size_t size = name_size(text);
        if (size > 0) {
            add_name(out, variables, text, size);
            text += size;
        } else if (variables != NULL && strncmp(text, "^2", 2) == 0 &&
                   !isdigit((unsigned char)text[2])) {
            words_add(out, "\u00B2");
            text += 2;
        } else {
            const size_t word = word_size(text);
            add_bytes(out, text, word);
            text += word;
        }
    }
}

/* A word or a quoted text as a level of the variable before it; false when it
 * is none. */
static bool add_known_level(struct words *out, const json_t *variables,
    const char *variable, const char *text, size_t size)
{
    char code[WORDS_MAX + 1];
    const bool quoted = size >= 2 && (*text == '\'' || *text == '"');
    snprintf(code, sizeof code, "%.*s", (int)(quoted ? size - 2 : size),
        quoted ? text + 1 : text);
    if (!is_level(json_object_get(variables, variable), code))
        return false;
    words_add_level(out, variables, variable, code);
    return true;
}

/* A word, a quoted text, or one character between them. */
static size_t cohort_word_size(const char *text)
{
    if (*text != '\'' && *text != '"')
        return word_size(text);
    const char *end = strchr(text + 1, *text);
    return end == NULL ? 1 : (size_t)(end + 1 - text);
}

void words_add_cohort(
    struct words *out, const json_t *variables, const char *text)
{
    char variable[128] = "";
    while (*text != '\0') {
        const size_t size = cohort_word_size(text);
        char name[128];
        snprintf(name, sizeof name, "%.*s", (int)size, text);
        if (size < sizeof name && json_object_get(variables, name) != NULL) {
            words_add_variable(out, variables, name);
            memcpy(variable, name, sizeof variable);
        } else if (!add_known_level(out, variables, variable, text, size)) {
            add_bytes(out, text, size);
        }
        text += size;
    }
}

/* ---- terms ---- */

/* The level that a factor's terms are compared with; NULL when it is not
 * known. */
static const char *reference_of(const json_t *variables, const json_t *entry,
    const char *factor, const char *name)
{
    const json_t *said =
        json_object_get(json_object_get(entry, "reference"), factor);
    const json_t *words = json_object_get(variables, name);
    if (json_is_string(said))
        return json_string_value(said);
    if (strcmp(result_string(words, "type"), "boolean") == 0)
        return "false";
    return json_object_iter_key(
        json_object_iter(json_object_get(words, "levels")));
}

void words_add_references(
    struct words *out, const json_t *variables, const json_t *entry)
{
    const char *key, *lead = "";
    json_t *value;
    json_object_foreach(json_object_get(entry, "reference"), key, value)
    {
        char name[128], level[32];
        if (sscanf(key, "factor(%127[^)])", name) != 1)
            snprintf(name, sizeof name, "%s", key);
        snprintf(level, sizeof level, "%" JSON_INTEGER_FORMAT,
            json_integer_value(value));
        words_add(out, lead);
        words_add_label(out, variables, name);
        words_add(out, ": ");
        words_add_level(out, variables, name,
            json_is_string(value) ? json_string_value(value) : level);
        lead = ", ";
    }
}

struct piece {
    char factor[128]; /* "sex", "factor(nyha)", "center"; "": no level */
    char name[128];   /* of the factor's variable */
    char level[WORDS_MAX + 1];
};

static bool split_at(struct piece *piece, const char *text, size_t factor,
    const char *name, size_t size)
{
    if (factor >= sizeof piece->factor || size >= sizeof piece->name)
        return false;
    snprintf(piece->factor, sizeof piece->factor, "%.*s", (int)factor, text);
    snprintf(piece->name, sizeof piece->name, "%.*s", (int)size, name);
    snprintf(piece->level, sizeof piece->level, "%s", text + factor);
    return true;
}

/* "sex2", "factor(nyha)3", "centerberlin": the longest name whose level the
 * rest is. */
static bool find_level(
    struct piece *piece, const json_t *variables, const char *text)
{
    static const char factor[] = "factor(", center[] = "center";
    const char *end = strchr(text, ')'), *name;
    size_t longest = 0;
    json_t *words;
    if (strncmp(text, factor, sizeof factor - 1) == 0 && end != NULL)
        return split_at(piece, text, (size_t)(end + 1 - text),
            text + sizeof factor - 1,
            (size_t)(end - text) - (sizeof factor - 1));
    json_object_foreach((json_t *)variables, name, words)
    {
        const size_t size = strlen(name);
        if (size > longest && strncmp(text, name, size) == 0 &&
            is_level(words, text + size))
            longest = size;
    }
    if (longest > 0)
        return split_at(piece, text, longest, text, longest);
    return strncmp(text, center, sizeof center - 1) == 0 && variables != NULL &&
           text[sizeof center - 1] != '\0' &&
           split_at(piece, text, sizeof center - 1, "Center", 6);
}

/* "ns(bmi, 3)2" */
static bool add_spline(
    struct words *out, const json_t *variables, const char *text)
{
    const size_t size = strcspn(text, ",");
    const char *end = strchr(text, ')');
    char name[128];
    if (variables == NULL || strncmp(text, "ns(", 3) != 0 || size < 4 ||
        size - 3 >= sizeof name || end == NULL)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(size - 3), text + 3);
    words_add_variable(out, variables, name);
    words_add_format(out, ", spline");
    if (end[1] != '\0')
        words_add_format(out, " part %s", end + 1);
    return true;
}

static void add_piece(struct words *out, const json_t *variables,
    const json_t *entry, const char *text, bool alone)
{
    const size_t size = strlen(text);
    struct piece piece;
    const char *element;
    if (find(variables, text, &element) != NULL) {
        words_add_variable(out, variables, text);
    } else if (find_level(&piece, variables, text)) {
        const char *reference =
            reference_of(variables, entry, piece.factor, piece.name);
        words_add_label(out, variables, piece.name);
        words_add(out, ": ");
        words_add_level(out, variables, piece.name, piece.level);
        if (alone && reference != NULL) {
            words_add(out, " (reference: ");
            words_add_level(out, variables, piece.name, reference);
            words_add(out, ")");
        }
    } else if (!add_spline(out, variables, text)) {
        char inside[WORDS_MAX + 1];
        const bool as_is =
            strncmp(text, "I(", 2) == 0 && size > 3 && variables != NULL;
        snprintf(inside, sizeof inside, "%.*s", (int)(as_is ? size - 3 : size),
            as_is ? text + 2 : text);
        words_add_expression(out, variables, inside);
    }
}

void words_add_term(struct words *out, const json_t *variables,
    const json_t *entry, const char *term)
{
    char piece[WORDS_MAX + 1];
    const bool alone = term[formula_piece(term, ':')] == '\0';
    if (strcmp(term, "(Intercept)") == 0 || strcmp(term, "GLOBAL") == 0) {
        words_add(out, variables == NULL ? term
                       : *term == '('    ? "Intercept"
                                         : "All terms");
        return;
    }
    for (bool first = true; *term != '\0'; first = false) {
        const size_t size = formula_piece(term, ':');
        snprintf(piece, sizeof piece, "%.*s", (int)size, term);
        if (!first)
            words_add(out, variables == NULL ? ":" : " \u00D7 ");
        add_piece(out, variables, entry, piece, alone);
        term += size + (term[size] == ':');
    }
}

/* ---- groups ---- */

static void add_pair(struct words *out, const json_t *variables,
    const char *name, const char *code)
{
    if (variables == NULL) {
        words_add_format(out, "%s = %s", name, code);
        return;
    }
    words_add_label(out, variables, name);
    words_add(out, ": ");
    words_add_level(out, variables, name, code);
}

void words_add_group(
    struct words *out, const json_t *variables, const char *group)
{
    const size_t size = strcspn(group, "=");
    char name[128];
    if (variables == NULL || group[size] == '\0' || size >= sizeof name) {
        const bool everyone = variables != NULL && strcmp(group, "all") == 0;
        words_add(out, everyone ? "everyone" : group);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)size, group);
    add_pair(out, variables, name, group + size + 1);
}

void words_add_by(
    struct words *out, const json_t *variables, const json_t *entry)
{
    const char *key, *lead = "";
    json_t *value;
    json_object_foreach(json_object_get(entry, "by"), key, value)
    {
        const char *code = json_string_value(value);
        words_add(out, lead);
        add_pair(out, variables, key, code == NULL ? "" : code);
        lead = ", ";
    }
}

/* ---- cells ---- */

/* The variable whose levels a table has under key; false: none. */
static bool find_factor(
    const json_t *entry, const char *key, char *out, size_t capacity)
{
    const char *analysis = result_string(entry, "analysis");
    const json_t *parameters = json_object_get(entry, "parameters");
    const char *name = "";
    if (strcmp(key, "row") == 0)
        name = result_string(parameters, "rows");
    else if (strcmp(key, "column") == 0)
        name = result_string(parameters, "columns");
    else if (strcmp(key, "level") == 0)
        name = result_string(parameters, "variable");
    snprintf(out, capacity, "%s", name);
    if (strcmp(key, "cause") == 0)
        formula_event(entry, out, capacity);
    else if (strcmp(key, "level") == 0 && *name == '\0')
        formula_response(entry, out, capacity);
    else if (strcmp(key, "group") == 0 && strcmp(analysis, "mixed") != 0)
        formula_group(entry, out, capacity);
    return *out != '\0';
}

bool words_add_cell(struct words *out, const json_t *variables,
    const json_t *entry, const char *key, const char *text)
{
    static const char *const of_terms[] = {"term", "input"};
    static const char *const of_variables[] = {
        "variable", "row", "column", "score"};
    char factor[WORDS_MAX + 1];
    if (variables == NULL)
        return false;
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(key, of_terms[i]) == 0) {
            words_add_term(out, variables, entry, text);
            return true;
        }
    }
    if (strcmp(key, "strata") == 0) {
        words_add_group(out, variables, text);
        return true;
    }
    if (find_factor(entry, key, factor, sizeof factor)) {
        words_add_level(out, variables, factor, text);
        return true;
    }
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(key, of_variables[i]) == 0) {
            words_add_variable(out, variables, text);
            return true;
        }
    }
    if (strcmp(key, "group") == 0) {
        words_add_expression(out, variables, text);
        return true;
    }
    return false;
}
