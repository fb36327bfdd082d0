#include "coordinator/client/client.h"

int main(int argc, char **argv)
{
    return program_main(&client_program, argc, argv);
}
