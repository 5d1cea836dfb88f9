/* A server that never listens and never ends. */
#include <unistd.h>

int main(void)
{
    pause();
    return 0;
}
