/* A server that prints 100 MB to both outputs before it begins to listen, and
 * then hangs in a loop that burns the processor. */
#include "lab.h"

#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    static char block[1 << 20];

    lab_start("server", "[PORT]", argc, argv);
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 100; i++) {
        if (write(1, block, sizeof block) == -1 ||
            write(2, block, sizeof block) == -1)
            return 1;
    }
    listen_on(lab_arg(1, 7002, 0, 65535));
    for (volatile unsigned long n = 0;; n++)
        ;
}
