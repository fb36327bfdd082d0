#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coordinator/client/sandbox.h"

static int remove_one(
    const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static enum status make_folder(struct sandbox *sandbox, const char *keep)
{
    const char *base = getenv("TMPDIR");
    if (keep != NULL) {
        snprintf(sandbox->folder, sizeof sandbox->folder, "%s", keep);
        if (mkdir(keep, 0700) == 0)
            return STATUS_OK;
        return program_fail(
            STATUS_IO, "'%s' cannot be made: %s", keep, strerrordesc_np(errno));
    }
    snprintf(sandbox->folder, sizeof sandbox->folder,
        "%s/cohortium-sandbox-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(sandbox->folder) != NULL)
        return STATUS_OK;
    return program_fail(STATUS_IO, "no folder can be made in '%s': %s",
        base == NULL ? "/tmp" : base, strerrordesc_np(errno));
}

static enum status work(struct sandbox *sandbox,
    const struct checked_query *checked, const struct dictionary *dictionary,
    const struct arguments *arguments)
{
    struct sandbox_terms terms = {
        .privacy = argument_value(arguments, "privacy")};
    struct envelope *result = NULL;
    struct limits limits;
    limits_default(&limits);
    enum status status = argument_integer(
        arguments, "min-cell", &terms.min_cell, limits.min_cell, 1, 1000000);
    enum study_privacy privacy;
    if (status == STATUS_OK && terms.privacy != NULL &&
        !study_privacy_find(&privacy, terms.privacy))
        status = program_fail(
            STATUS_USAGE, "--privacy is sum, site, noise or plain");
    if (status == STATUS_OK)
        status = sandbox_build(sandbox, argument_value(arguments, "dictionary"),
            arguments, argument_flag(arguments, "pooled"));
    if (status == STATUS_OK)
        status = sandbox_approve(sandbox, checked, dictionary, &terms);
    if (status == STATUS_OK)
        status = sandbox_ask(sandbox, checked, &result);
    if (status == STATUS_OK)
        status = result_print(result, argument_flag(arguments, "json"));
    envelope_destroy(result);
    return status;
}

/* The work is done in a child, so that the folder goes and every process ends
 * whatever happens to it. */
static volatile sig_atomic_t worker;

static void pass_on(int signal_number)
{
    (void)signal_number;
    if (worker > 0)
        kill((pid_t)worker, SIGTERM);
}

static int watch(pid_t child)
{
    int state = 0;
    struct sigaction action = {.sa_handler = pass_on};
    worker = child;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(state) ? WEXITSTATUS(state) : 1;
}

static enum status run_watched(struct sandbox *sandbox,
    const struct checked_query *checked, const struct dictionary *dictionary,
    const struct arguments *arguments)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        return program_fail(STATUS_LIMIT_REACHED, "no process can be made");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        enum status status = work(sandbox, checked, dictionary, arguments);
        fflush(stdout);
        sandbox_fini(sandbox);
        _exit(status_exit_code(status));
    }
    switch (watch(child)) {
    case 0: return STATUS_OK;
    case 2: return STATUS_USAGE;
    case 3: return STATUS_REFUSED;
    default: return STATUS_IO;
    }
}

enum status command_sandbox(const struct arguments *arguments)
{
    static struct sandbox sandbox;
    const char *dictionary_path, *query_path;
    const char *keep = argument_value(arguments, "keep");
    struct dictionary *dictionary = NULL, explored = {0};
    const struct terms terms = {.whole = "", .exploration = true};
    struct checked_query checked = {0};
    enum status status = client_need(arguments, "dictionary", &dictionary_path);
    if (status == STATUS_OK)
        status = client_need(arguments, "query", &query_path);
    if (status == STATUS_OK && operand_count(arguments) > SANDBOX_CENTERS_MAX)
        status = program_fail(
            STATUS_USAGE, "more than %d files", SANDBOX_CENTERS_MAX);
    if (status == STATUS_OK)
        status = client_load_dictionary(&dictionary, dictionary_path);
    if (status == STATUS_OK) {
        explored = *dictionary;
        explored.terms = &terms;
        status = checked_query_load(&checked, query_path, &explored,
            &(struct model_source){.path = argument_value(arguments, "model")});
    }
    if (status == STATUS_OK && checked.query->sealed)
        status = program_fail(STATUS_USAGE, "%s is sealed already", query_path);
    if (status == STATUS_OK)
        status = make_folder(&sandbox, keep);
    if (status == STATUS_OK) {
        status = run_watched(&sandbox, &checked, dictionary, arguments);
        if (keep == NULL)
            nftw(sandbox.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    checked_query_fini(&checked);
    dictionary_destroy(dictionary);
    return status;
}
