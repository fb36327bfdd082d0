#include "coordinator/home.h"

static const struct program_option common_options[] = {
    {"home", 'H', "DIR",
        "The folder of the office: keys, settings, dictionary and ledger. "
        "The present folder when it is left out."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option init_options[] = {
    {"name", 'n', "NAME", "The office's name on the roster."},
    {"dictionary", 'd', "FILE",
        "The dictionary that the federation agreed on; it is copied."},
    {"endpoint", 'e', "ENDPOINT",
        "Where to listen, such as tcp://0.0.0.0:7100."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option serve_options[] = {
    {"endpoint", 'e', "ENDPOINT",
        "Where to listen, instead of what coordinator.conf says. "
        "tcp://127.0.0.1:* takes any free port."},
    {"check-config", 0, NULL,
        "Only read coordinator.conf and say whether it "
        "is right."},
    {"print-config", 0, NULL, "Only print every setting as it is in force."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option json_options[] = {
    {"json", 'j', NULL, "One JSON document on standard output."},
    {NULL, 0, NULL, NULL},
};

static const struct program_command commands[] = {
    {.name = "init",
        .operands = "",
        .summary = "Make the keys, settings and ledger of a new office",
        .details =
            "Writes coordinator.key (secret; keep it and back it up), "
            "card.json (for the committee, who put it on the roster), "
            "coordinator.conf, dictionary.json and ledger.sqlite. Refuses to "
            "touch an office that is there.",
        .examples = "cohortium-coordinator init --home office --name office "
                    "--dictionary dict.json --endpoint tcp://0.0.0.0:7100",
        .options = init_options,
        .run = command_init},
    {.name = "roster",
        .operands = "FILE",
        .operands_min = 1,
        .operands_max = 1,
        .summary = "Install a version of the roster",
        .details =
            "Version 1 must be signed by its own committee; compare the "
            "fingerprint that is printed with the committee's, by phone. "
            "Every later version must be signed by the threshold of the one "
            "before and by its own. A running daemon notices within a second.",
        .examples = "cohortium-coordinator roster --home office roster.json",
        .run = command_roster},
    {.name = "serve",
        .operands = "",
        .summary = "Carry questions to the centers and answers back",
        .details =
            "Listens until SIGTERM. Prints 'ready ENDPOINT' on standard output "
            "once members can connect; logs on standard error. Before the "
            "port opens, the daemon proves to itself that a stranger is "
            "refused.",
        .examples = "cohortium-coordinator serve --home office",
        .options = serve_options,
        .run = command_serve},
    {.name = "status",
        .operands = "",
        .summary = "Show centers, studies and queries from the ledger",
        .examples = "cohortium-coordinator status --home office --json",
        .options = json_options,
        .run = command_status},
    {.name = "register verify",
        .operands = "",
        .summary = "Check the chain of everything accepted and released",
        .details =
            "Recomputes every digest. A cut at the end cannot be seen in the "
            "chain itself: note the number of entries and the last digest "
            "somewhere else, and compare.",
        .options = json_options,
        .run = command_register_verify},
    {.name = "register replay",
        .operands = "",
        .summary = "Work out again how each question's sets were answered",
        .details =
            "What a question is answered of follows from what its sets weigh "
            "beside those that were asked before. The ledger keeps the "
            "weights, and what was decided: both are compared, question by "
            "question. A copy of the ledger will do.",
        .examples = "cohortium-coordinator register replay --home office",
        .options = json_options,
        .run = command_register_replay},
    {.name = "register near",
        .operands = "",
        .summary = "List cohorts within two people of an earlier one",
        .details =
            "Of each study those that were answered otherwise than the earlier "
            "one, with both questions. At as many as the study's limits say "
            "(near_cohorts) its questions wait until a member of the committee "
            "signs that it goes on ('cohortium study continue').",
        .examples = "cohortium-coordinator register near --home office",
        .options = json_options,
        .run = command_register_near},
    {.name = "register export",
        .operands = "",
        .summary = "Print the register, one JSON object a line",
        .examples =
            "cohortium-coordinator register export --home office > register",
        .run = command_register_export},
};

const struct program coordinator_program = {
    .name = "cohortium-coordinator",
    .summary = "The registry office of a Cohortium federation.",
    .details =
        "Carries signed questions from researchers to the centers' nodes, adds "
        "up their answers and signs the result. It is believed for nothing "
        "that a node can check.",
    .commands = commands,
    .command_count = sizeof commands / sizeof commands[0],
    .common = common_options,
};
