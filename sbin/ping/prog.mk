LIBS_ping := -lm
ALIAS_ping := ping6
