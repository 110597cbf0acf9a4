# Copyright (c) 2026 The Fugu authors
# SPDX-License-Identifier: ISC
LIBS_pflogd := -lpcap
