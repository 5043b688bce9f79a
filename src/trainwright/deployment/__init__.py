"""Stage 5: a fitted model becomes a package, and the package answers, in files and over HTTP."""
