# SPDX-License-Identifier: Apache-2.0
"""Real programs as the end-to-end tests use them: each is a class that starts, waits within bounds, and is always stopped."""
