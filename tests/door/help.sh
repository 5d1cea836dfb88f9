#!/bin/sh
# What can be typed, one line each.
cat <<'END'
make setup        install what is missing: a C compiler, make, pkg-config, check
make list         the labs, and how far you are
make labN         lab N: run your pair, see what happened, hear the verdict
make testN        the verdict alone; exit 0 only when lab N is fixed
make hintN        the next of three hints
make diffN        the fix (before lab N is fixed: make diffN SPOIL=1)
make resetN       the shipped files again; yours go to build/saved/ first
make watchN       make labN again at every save
make xrayN        the picture alone: IN=solutions FIRST=client|server SVG=file
                  PCAP=file EVENTS=file
make whyN         the answer in words: IN=solutions FIRST=client|server LADDER=1
make shellN       a shell in lab N's private network, its programs on PATH
make test         every lab: verdict, points, and the proof of the kit
make doctor       what this machine allows, and how to mend what it does not
make clean        remove what was built; saved files stay

for maintainers
make check        the strict proof, unit tests, handouts, formatting
make soak         every suite against every variant: RUNS=20 LOAD=0 JOBS=2
                  LABS="2 5"
make by-hand      every pair as a student starts it: RUNS=1
make sanitize     the fixed programs and the kit under ASan, UBSan, valgrind
make bench        what the kit costs, as ratios
make new-lab NAME=wrong-turn   the files of the next lab
make handouts     run the handouts' examples again and draw their figures
END
