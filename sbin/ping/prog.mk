LIBS_ping := -lm
