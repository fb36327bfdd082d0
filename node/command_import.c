#include "node/audit.h"
#include "node/freeze.h"
#include "node/home.h"
#include "node/import.h"
#include "protocol/wire/loop.h"
#include "protocol/wire/text.h"

static enum status print_report(const struct home *home, const char *file,
    const struct import_report *report, bool json)
{
    if (json)
        return home_print_json(
            import_report_json(report, home->dictionary, file));
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    enum status status =
        import_report_text(&text, report, home->dictionary, file);
    if (status == STATUS_OK)
        fputs(buffer_text(&text), stdout);
    buffer_fini(&text);
    return status;
}

/* In a transaction: the daemon writes to the log as well. */
static enum status record(
    const struct home *home, const struct import_report *report, int64_t now)
{
    enum status status = store_begin(home->store);
    if (status == STATUS_OK)
        status = audit_record(home->store, home->keys, now, "imported", NULL,
            "rows %lld replaced %lld refused values %lld",
            (long long)report->rows, (long long)report->replaced,
            (long long)report->refused);
    if (status == STATUS_OK)
        return store_commit(home->store);
    store_rollback(home->store);
    return status;
}

static enum status import_one(const struct home *home, const char *file,
    const struct import_options *options, bool json)
{
    struct import_report report;
    struct diagnostic diagnostic;
    char shown[HOME_PATH_MAX];
    text_show(shown, sizeof shown, view_of_text(file));
    diagnostic_init(&diagnostic, file);
    enum status status = import_file(
        home->store, home->dictionary, file, options, &report, &diagnostic);
    const bool imported = status == STATUS_OK && !options->dry_run;
    if (imported)
        status = record(home, &report, options->now);
    if (status == STATUS_OK)
        status = print_report(home, shown, &report, json);
    else if (diagnostic.message[0] != '\0')
        program_fail_at(status, &diagnostic);
    else
        program_fail(status, "%s: %s", file, status_text(status));
    if (status != STATUS_OK && !imported && !options->dry_run)
        fprintf(stderr, "nothing of %s was imported\n", shown);
    else if (status == STATUS_OK && options->dry_run && !json)
        printf("a dry run: nothing of %s was imported\n", shown);
    import_report_fini(&report);
    return status;
}

/* What questions read of it. */
static enum status say_freeze(const struct home *home)
{
    int64_t made, last = 0;
    bool changed = false;
    enum status status =
        freeze_make_first(home->store, home->keys, clock_wall_seconds(), &made);
    if (status == STATUS_OK)
        status = store_last_freeze(home->store, &last);
    if (status == STATUS_OK)
        status = store_freeze_due(home->store, &changed);
    if (status != STATUS_OK)
        return program_fail(
            status, "the freeze could not be made: %s", status_text(status));
    if (made != 0)
        fprintf(stderr, "freeze %lld was made: questions read it\n",
            (long long)made);
    else if (changed)
        fprintf(stderr,
            "questions read freeze %lld; 'cohortium-node freeze' makes the "
            "next\n",
            (long long)last);
    return STATUS_OK;
}

enum status command_import(const struct arguments *arguments)
{
    struct home home;
    struct import_options options = {
        .dry_run = argument_flag(arguments, "dry-run"),
        .strict = argument_flag(arguments, "strict"),
        .replace = argument_flag(arguments, "replace"),
        .again = argument_flag(arguments, "again")};
    if (options.replace && operand_count(arguments) != 1)
        return program_fail(
            STATUS_USAGE, "--replace takes one file: the whole registry");
    enum status status = home_open(&home, arguments);
    if (status == STATUS_OK)
        status = home_need_past(&home);
    for (size_t i = 0; status == STATUS_OK && i < operand_count(arguments);
         i++) {
        options.now = clock_wall_seconds();
        status = import_one(&home, operand_at(arguments, i), &options,
            argument_flag(arguments, "json"));
    }
    if (status == STATUS_OK && !options.dry_run)
        status = say_freeze(&home);
    home_close(&home);
    return status;
}
