/*
 * Every suite's main: runs the lab's tests against the programs in one folder,
 * each test in a process, a network and a jail of its own.
 *
 *     build/tests/06-fd-leak [options] FOLDER
 *       --case symptom|contract   only those
 *       --test NAME               only that one
 *       --seed N                  the same random choices again
 *       --report FD               a record a test, for programs (grade)
 *
 * Exit status: 0 every test passed, 1 one did not, 2 could not run (usage, no
 * such test), 3 nothing failed and something could not be judged here.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BUDGET_S = 60, TEST_LIMIT_S = 90 };

struct suite *suite;
struct record *current;
struct jail jail;
enum net_tier tier;
unsigned long seed;
double time_scale = 1;

static struct options {
    const char *only_case, *only_test, *folder;
    int report; /* descriptor, or -1 */
} options = {.report = -1};
static char tier_why[160];
static struct jail_file programs[3];
static int programs_dir;
struct jail_output *outputs; /* of the test that runs now */
static uint64_t random_state;
static int sysctls = -1;

/* ---- what the suites call ---- */

static void add_test(const TTest *test, bool is_contract, const char *cause)
{
    if (suite->count == TESTS) {
        fprintf(stderr, "%s: more than %d tests\n", lab_stem, TESTS);
        exit(2);
    }
    suite->record[suite->count++] = (struct record){
        .test = test, .is_contract = is_contract, .cause = cause};
}

void symptom(const TTest *test)
{
    add_test(test, false, NULL);
}

void contract(const TTest *test, const char *cause)
{
    add_test(test, true, cause);
}

/* splitmix64: small, and the same on every machine. */
static uint64_t next_random(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

int pick(int min, int max)
{
    return min + (int)(next_random() % (uint64_t)(max - min + 1));
}

static void end_unjudged(const char *why, const char *remedy)
{
    snprintf(current->text, sizeof current->text,
             "   not judged on this machine: %s\n   remedy    %s\n", why,
             remedy);
    current->verdict = NOT_JUDGED;
    _exit(0);
}

void need_private_network(void)
{
    if (tier == NET_SHARED)
        end_unjudged(tier_why, net_remedy());
}

void need_files(int count)
{
    struct rlimit files = {0};
    char why[128];

    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < (rlim_t)count) {
        snprintf(why, sizeof why,
                 "it takes %d descriptors, and the hard limit here is %lu",
                 count, (unsigned long)files.rlim_max);
        end_unjudged(why, "ulimit -Hn: a higher one is root's to give, "
                          "limits.conf(5)");
    }
    if (files.rlim_cur < (rlim_t)count)
        files.rlim_cur = (rlim_t)count;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* ---- one test ---- */

/* Every test draws from a sequence of its own: leaving one out or running it
 * alone changes nothing for the others. */
static void seed_test(const char *name)
{
    random_state = seed;
    for (; *name; name++)
        random_state = random_state * 31 + (unsigned char)*name;
}

static void enter_network(void)
{
    char path[64], bad[96] = "";

    if (tier == NET_PRIVATE && net_leave_root() == -1)
        story_fail("[harness] leaving root: %s", strerror(errno));
    if (net_enter(tier) == -1)
        story_fail("[harness] entering a network: %s", strerror(errno));
    /* Should the runner be killed, nobody else would end this process: Check
     * gives it a process group of its own. A change of rights clears this. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    /* Through /proc: the folder itself may be closed to who we are now. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", sysctls);
    if (tier != NET_SHARED && sysctls != -1 &&
        net_sysctl_file(path, bad, sizeof bad) == -1)
        story_fail("[harness] sysctl %s: %s", bad, strerror(errno));
}

static bool wanted(const struct record *record)
{
    if (options.only_case &&
        (strcmp(options.only_case, "contract") == 0) != record->is_contract)
        return false;
    return !options.only_test ||
           strcmp(options.only_test, record->test->name) == 0;
}

/* Check calls this in the runner itself, before it forks: the cases run in the
 * order in which they were added, one test each. */
static void next_test(void)
{
    do {
        current = current ? current + 1 : suite->record;
    } while (!wanted(current));
}

static void before_test(void)
{
    current->verdict = UNFINISHED;
    current->ns = now_ns();
    story_begin();
    seed_test(current->test->name);
    if (suite->dead[0]) {
        snprintf(current->text, sizeof current->text, "   %s\n", suite->dead);
        current->verdict = FAILED;
        ck_abort_msg("%s", suite->dead);
    }
    if ((double)(now_ns() - suite->started_ns) > BUDGET_S * 1e9 * time_scale) {
        snprintf(current->text, sizeof current->text,
                 "   not run: this lab's tests have used up their %.0f s\n",
                 BUDGET_S * time_scale);
        current->verdict = FAILED;
        ck_abort_msg("out of time");
    }
    enter_network();
    stage_open(programs, programs_dir);
}

static void after_test(void)
{
    if (current->is_contract)
        stage_conserve();
    stage_close();
    current->verdict = PASSED;
    current->ns = now_ns() - current->ns;
}

/* ---- the run ---- */

static void usage(void)
{
    fprintf(stderr,
            "usage: %s [--case symptom|contract] [--test NAME] [--seed N] "
            "[--report FD] FOLDER\n",
            lab_stem);
    exit(2);
}

static void parse(int argc, char *argv[])
{
    static const struct option known[] = {
        {"case", required_argument, NULL, 'c'},
        {"test", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 's'},
        {"report", required_argument, NULL, 'r'},
        {0}};
    bool seeded = false;
    char *end = "";
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'c')
            options.only_case = optarg;
        else if (c == 't')
            options.only_test = optarg;
        else if (c == 's')
            seeded = true, seed = strtoul(optarg, &end, 10);
        else if (c == 'r')
            options.report = (int)strtol(optarg, &end, 10);
        else
            usage();
        if (*end != '\0')
            usage();
    }
    if (optind != argc - 1 ||
        (options.only_case && strcmp(options.only_case, "symptom") != 0 &&
         strcmp(options.only_case, "contract") != 0))
        usage();
    options.folder = argv[optind];
    if (!seeded && getrandom(&seed, sizeof seed, 0) == sizeof seed)
        seed %= 1000000;
}

static void open_programs(const char *folder)
{
    static const char *const names[] = {"server", "client"};
    char path[128];

    programs_dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        programs[i].name = names[i];
        programs[i].fd = openat(programs_dir, names[i], O_RDONLY | O_CLOEXEC);
        if (programs_dir == -1 || programs[i].fd == -1) {
            fprintf(stderr, "%s: cannot open %s/%s: %s\n", lab_stem, folder,
                    names[i], strerror(errno));
            exit(2);
        }
    }
    snprintf(path, sizeof path, "tests/%s.net", lab_stem);
    sysctls = open(path, O_RDONLY | O_CLOEXEC);
}

static void *shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        fprintf(stderr, "%s: mmap: %s\n", lab_stem, strerror(errno));
        exit(2);
    }
    return memory;
}

/* Returns how many tests were added to the runner. */
static int add_cases(Suite *check_suite)
{
    int count = 0;

    for (int i = 0; i < suite->count; i++) {
        if (!wanted(&suite->record[i]))
            continue;
        TCase *test_case = tcase_create(suite->record[i].test->name);
        tcase_add_unchecked_fixture(test_case, next_test, NULL);
        tcase_add_checked_fixture(test_case, before_test, after_test);
        tcase_set_timeout(test_case, TEST_LIMIT_S * time_scale);
        _tcase_add_test(test_case, suite->record[i].test, 0, 0, 0, 1);
        suite_add_tcase(check_suite, test_case);
        count++;
    }
    return count;
}

/* A test whose process ended without a word: exit() in a test, a crash of the
 * harness, the time limit. Never a pass. */
static void settle(struct record *record)
{
    if (record->verdict != UNFINISHED)
        return;
    record->verdict = FAILED;
    if (record->text[0] == '\0')
        snprintf(record->text, sizeof record->text,
                 "   the test ended without a verdict, which is a fault of the "
                 "kit or\n   the limit of %.0f s for one test\n",
                 TEST_LIMIT_S * time_scale);
}

/* A record is lines "@field value" and, for text, lines that begin with "|":
 * nothing in a story can be taken for a field. */
static void put_text(FILE *out, char mark, const char *text)
{
    while (*text) {
        int len = (int)strcspn(text, "\n");
        fprintf(out, "%c%.*s\n", mark, len, text);
        text += len + (text[len] == '\n');
    }
}

static void report(FILE *out, const struct record *record)
{
    static const char *const verdicts[] = {"error", "error", "passed", "failed",
                                           "unjudged"};

    fprintf(out, "@test %s %s %s %lld\n",
            record->is_contract ? "contract" : "symptom", record->test->name,
            verdicts[record->verdict], (long long)(record->ns / 1000));
    put_text(out, '|', record->text);
    put_text(out, '>', record->log);
}

static void print(const struct record *record)
{
    static const char *const marks[] = {"??", "??", "ok", "FAILED",
                                        "not judged"};

    printf("%-6s %s\n", marks[record->verdict], record->test->name);
    if (record->verdict != PASSED)
        printf("%s\n", record->text);
}

int main(int argc, char *argv[])
{
    bool failed = false, unjudged = false;

    suite = shared_memory(sizeof *suite);
    parse(argc, argv);
    const char *scale = getenv("TIME_SCALE");
    if (scale && strtod(scale, NULL) > 0)
        time_scale = strtod(scale, NULL);
    open_programs(options.folder);
    tier = net_probe(tier_why, sizeof tier_why);
    outputs = jail_outputs_new();
    lab_suite();

    Suite *check_suite = suite_create(lab_stem);
    SRunner *runner = srunner_create(check_suite);
    if (add_cases(check_suite) == 0) {
        fprintf(stderr, "%s: no test of that name\n", lab_stem);
        return 2;
    }
    srunner_set_fork_status(runner, CK_FORK);
    suite->started_ns = now_ns();
    srunner_run_all(runner, CK_SILENT);
    srunner_free(runner);

    FILE *out = options.report == -1 ? NULL : fdopen(options.report, "w");
    if (out)
        fprintf(out, "@suite %s seed %lu tier %d\n", lab_stem, seed, tier);
    for (int i = 0; i < suite->count; i++) {
        struct record *record = &suite->record[i];
        if (!wanted(record))
            continue;
        settle(record);
        failed |= record->verdict == FAILED;
        unjudged |= record->verdict == NOT_JUDGED;
        if (out)
            report(out, record);
        else
            print(record);
    }
    if (out)
        fprintf(out, "@end\n");
    else
        printf("seed %lu\n", seed);
    return failed ? 1 : unjudged ? 3 : 0;
}
