#include "coordinator/home.h"

int main(int argc, char **argv)
{
    return program_main(&coordinator_program, argc, argv);
}
