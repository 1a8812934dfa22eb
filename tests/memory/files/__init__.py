"""Tests of mapped files; a package, so that they share `support`."""
