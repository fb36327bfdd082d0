#include <sys/prctl.h>
#include <sys/resource.h>

#include "protocol/program/program.h"

enum status program_forbid_dumps(void)
{
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 &&
                   prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
               ? STATUS_OK
               : STATUS_IO;
}
