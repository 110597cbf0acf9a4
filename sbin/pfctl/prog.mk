LIBS_pfctl := -lm
