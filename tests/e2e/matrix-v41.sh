#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
rom=v4.1
# shellcheck source=tests/e2e/matrix
. "$(dirname "$0")/matrix"
