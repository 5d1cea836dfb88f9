# After the Handshake. `make help` lists what can be typed.
CC ?= cc
