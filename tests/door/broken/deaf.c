/* A server that listens and never accepts, like one that hangs. */
#include "lab.h"

#include <unistd.h>

int main(int argc, char *argv[])
{
    lab_start("server", "[PORT]", argc, argv);
    listen_on(lab_arg(1, 7002, 0, 65535));
    for (;;)
        pause();
}
