# After the Handshake: the front door. `make help` says what can be typed.
#
# Programs of the labs are built one file, one command: labs/ are the student's
# and may fail to compile (the verdict says so, make does not stop); everything
# else is the kit's and may not.

CC ?= cc
CFLAGS ?= -O1 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
STRICT ?=
KIT := -std=gnu17 $(WARN) $(STRICT) -Icommon -Icommon/net -Icommon/xray \
       -Itests/harness -Itests/grade $(CFLAGS) -MMD -MP
LAB := -std=gnu17 $(WARN) -Icommon $(CFLAGS)
CHECK = $(shell pkg-config --cflags --libs check)

STEMS := $(patsubst tests/%.c,%,$(wildcard tests/[0-9][0-9]-*.c))
NUMBERS := $(patsubst 0%,%,$(foreach s,$(STEMS),$(firstword $(subst -, ,$s))))
stem_of = $(filter $(if $(filter 1 2 3 4 5 6 7 8 9,$1),0$1,$1)-%,$(STEMS))

MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# Several goals: one after another, as they were typed, each in parallel with
# itself. `make setup test` sees in the second what the first installed.
ifneq (,$(word 2,$(MAKECMDGOALS)))
.PHONY: $(MAKECMDGOALS)
$(firstword $(MAKECMDGOALS)):
	@for goal in $(MAKECMDGOALS); do $(MAKE) $$goal || exit; done
$(wordlist 2,99,$(MAKECMDGOALS)):
	@:
else

# ---- the kit's own programs ----

LIB := build/obj/common/lab.o

objects = $(patsubst %.c,build/obj/%.o,$1)
COMMON := $(call objects,$(wildcard common/*.c common/net/*.c))
HARNESS := $(call objects,$(wildcard tests/harness/*.c))
XRAY := $(call objects,$(wildcard common/xray/*.c))
GRADE := $(call objects,$(filter-out tests/grade/handouts.c,$(wildcard tests/grade/*.c)))
SUITES := $(STEMS:%=build/tests/%)
UNITS := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*.c))
BENCHES := $(patsubst tests/bench/%.c,build/bench/%,$(wildcard tests/bench/*.c))
MAINS := build/obj/common/xray/main.o build/obj/tests/grade/main.o \
         build/obj/tests/harness/main.o
TOOLS := build/grade build/xray build/why build/handouts build/enter build/watch

build/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(KIT) -c -o $@ $<

build/grade: $(GRADE)
	@$(CC) $(CFLAGS) -o $@ $^
build/xray: $(XRAY) $(COMMON)
	@$(CC) $(CFLAGS) -o $@ $^
build/why: build/obj/tests/door/why.o $(filter-out %/main.o,$(XRAY)) $(COMMON)
	@$(CC) $(CFLAGS) -o $@ $^
build/handouts: build/obj/tests/grade/handouts.o $(COMMON)
	@$(CC) $(CFLAGS) -o $@ $^
build/enter: build/obj/tests/door/enter.o $(COMMON)
	@$(CC) $(CFLAGS) -o $@ $^

build/watch: build/obj/tests/door/watch.o
	@$(CC) $(CFLAGS) -o $@ $^

# One archive to link tests against: what a test does not use stays out of it.
build/kit.a: $(filter-out $(MAINS),$(COMMON) $(HARNESS) $(XRAY) $(GRADE))
	@rm -f $@
	@ar rcs $@ $^
$(SUITES): build/tests/%: tests/%.c $(HARNESS) $(COMMON)
	@mkdir -p $(@D)
	@$(CC) $(KIT) -MF build/obj/$*.d -o $@ $< $(HARNESS) $(COMMON) $(CHECK)
$(UNITS): build/unit/%: tests/unit/%.c build/kit.a
	@mkdir -p $(@D)
	@$(CC) $(KIT) -MF build/obj/unit-$*.d -o $@ $< build/kit.a $(CHECK)

$(BENCHES): build/bench/%: tests/bench/%.c build/kit.a
	@mkdir -p $(@D)
	@$(CC) $(KIT) -MF build/obj/bench-$*.d -o $@ $< build/kit.a $(CHECK)

# A suite and a server that the harness itself is tried on.
build/unit/fake-suite: tests/unit/fake/suite.c $(HARNESS) $(COMMON)
	@mkdir -p $(@D)
	@$(CC) $(KIT) -MF build/obj/fake-suite.d -o $@ $< $(HARNESS) $(COMMON) $(CHECK)
build/unit/fake/server build/unit/fake/client: tests/unit/fake/server.c $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(LAB) -o $@ $< $(LIB)
build/unit/harness: build/unit/fake-suite build/unit/fake/server \
    build/unit/fake/client build/unit/forbid
build/unit/net: build/unit/forbid build/enter
build/unit/xray_run: build/unit/forbid build/xray
build/unit/why: build/why

# ---- the labs' programs ----

PROGRAMS := $(foreach s,$(STEMS),$s/server $s/client)
flags = $$(cat tests/$(firstword $(subst /, ,$1)).flags 2>/dev/null)

# The student's. Diagnostics go to a file that the verdict shows.
$(PROGRAMS:%=build/labs/%): build/labs/%: labs/%.c $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(LAB) $(call flags,$*) -MMD -MP -MF $@.d -o $@ $< $(LIB) -pthread \
	    2>$@.diag </dev/null || rm -f $@
labs/%.c: ;

# Without further flags, what a student may have left untouched is not built
# twice. The kit's own copies of the labs are in .shipped.
build_reference = mkdir -p $(@D); $(CC) $(LAB) $(STRICT) $(call flags,$1) \
    -MMD -MP -MF $@.d -o $@ $2 $(LIB) -pthread
$(PROGRAMS:%=build/shipped/%): build/shipped/%: .shipped/%.c build/labs/%
	@if cmp -s $< labs/$*.c; then mkdir -p $(@D); ln -f build/labs/$* $@; \
	else $(call build_reference,$*,$<); fi
define solution
build/solutions/$1: $(firstword $(wildcard solutions/$1.c .shipped/$1.c) labs/$1.c) $(LIB)
	@$$(call build_reference,$1,$$<)
endef
$(foreach p,$(PROGRAMS),$(eval $(call solution,$p)))

# tests/wrong-fixes/STEM/NAME.server.c -> build/wrong/STEM/NAME/{server,client}
fixes = $(wildcard tests/$1-fixes/*/*.server.c tests/$1-fixes/*/*.client.c)
define fix
build/$1/$2/$3/$4: tests/$1-fixes/$2/$3.$4.c $(LIB)
	@$$(call build_reference,$2/x,$$<)
build/$1/$2/$3/$5: build/solutions/$2/$5
	@mkdir -p $$(@D); ln -f $$< $$@
FIXED += build/$1/$2/$3/server build/$1/$2/$3/client
endef
fix_from = $(call fix,$1,$2,$(basename $3),$(patsubst .%,%,$(suffix $3)),$(if \
    $(filter .server,$(suffix $3)),client,server))
FIXED :=
$(foreach k,wrong right,$(foreach f,$(call fixes,$k),$(eval $(call \
    fix_from,$k,$(word 3,$(subst /, ,$f)),$(basename $(notdir $f))))))

MINE := $(PROGRAMS:%=build/labs/%)
REFERENCE := $(patsubst .shipped/%.c,build/shipped/%,$(wildcard \
        $(PROGRAMS:%=.shipped/%.c))) \
    $(if $(wildcard solutions),$(PROGRAMS:%=build/solutions/%))

# ---- the front door ----

.PHONY: all help setup test check prove soak by-hand list doctor clean bench \
        handouts sanitize format unit new-lab

all: $(MINE) $(SUITES) $(TOOLS)
	@echo 'Built. Next: make lab1 (make help lists the rest).'

help:
	@sh tests/door/help.sh
setup:
	@sh tests/door/setup.sh
doctor: build/enter
	@sh tests/door/doctor.sh
list: build/grade
	@build/grade list

# lab3 and lab03 are the same.
define lab_targets
.PHONY: $(foreach v,lab test hint diff reset watch xray why shell ship,$v$1)
lab$1: $(foreach p,server client,build/labs/$2/$p) build/tests/$2 \
    build/grade build/xray
	@build/grade lab $1
test$1: $(foreach p,server client,build/labs/$2/$p) build/tests/$2 build/grade
	@build/grade verdict $1
hint$1: $(foreach p,server client,build/labs/$2/$p) build/tests/$2 build/grade
	@sh tests/door/hint.sh $1 $2
diff$1: $(foreach p,server client,build/labs/$2/$p) build/tests/$2 build/grade
	@sh tests/door/diff.sh $1 $2
reset$1:
	@sh tests/door/reset.sh $1 $2
watch$1: build/watch
	@sh tests/door/watch.sh $1 $2
xray$1: $(foreach p,server client,build/labs/$2/$p build/solutions/$2/$p) \
    build/xray
	@sh tests/door/xray.sh $1 $2
why$1: $(foreach p,server client,build/labs/$2/$p build/solutions/$2/$p) \
    build/why
	@TOOL=why sh tests/door/xray.sh $1 $2
shell$1: $(foreach p,server client,build/labs/$2/$p) build/enter build/xray
	@sh tests/door/shell.sh $1 $2
ship$1:
	@mkdir -p .shipped/$2; cp labs/$2/server.c labs/$2/client.c .shipped/$2/
endef
$(foreach n,$(NUMBERS),$(eval $(call lab_targets,$n,$(call stem_of,$n))))
$(foreach v,lab test hint diff reset watch xray why shell,$(foreach n,$(filter \
    1 2 3 4 5 6 7 8 9,$(NUMBERS)),$(eval $v0$n: $v$n)))
# A number that no lab has, or none: lab99, labx.
UNKNOWN := $(filter-out $(foreach v,lab test hint diff reset watch xray why \
    shell ship,$(foreach n,$(NUMBERS),$v$n $v0$n)),$(filter lab% test% hint% diff% \
    reset% watch% xray% why% shell% ship%,$(filter-out test,$(MAKECMDGOALS))))
$(UNKNOWN):
	@echo "There is no lab for $@; there are $(NUMBERS). make list names them." >&2
	@exit 2

test: $(MINE) $(REFERENCE) $(SUITES) build/grade
	@build/grade tree

# ---- for maintainers ----

prove: $(MINE) $(REFERENCE) $(FIXED) $(SUITES) build/grade
	@build/grade prove
soak: $(MINE) $(REFERENCE) $(FIXED) $(SUITES) build/grade
	@build/grade soak
by-hand: $(MINE) $(REFERENCE) build/enter
	@sh tests/door/by-hand.sh
unit: $(UNITS) $(TOOLS)
	@sh tests/door/unit.sh $(filter-out build/unit/forbid,$(UNITS))
format:
	@sh tests/door/format.sh
check: $(MINE) $(REFERENCE) $(FIXED) $(SUITES) $(UNITS) $(TOOLS)
	@sh tests/door/check.sh $(filter-out build/unit/forbid,$(UNITS))
sanitize:
	@sh tests/door/sanitize.sh
new-lab:
	@sh tests/door/new-lab.sh '$(NAME)'
handouts: $(MINE) $(REFERENCE) $(TOOLS)
	@sh tests/door/handouts.sh
bench: $(MINE) $(REFERENCE) $(SUITES) $(TOOLS) $(BENCHES)
	@CC='$(CC)' sh tests/bench/run.sh
clean:
	@rm -rf build/obj build/tests build/unit build/bench build/labs \
	    build/shipped build/solutions build/wrong build/right build/soak \
	    build/logs build/kit.a $(TOOLS) build/results.json

endif

-include $(shell find build -name '*.d' 2>/dev/null)
