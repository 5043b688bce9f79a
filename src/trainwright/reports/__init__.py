"""One offline HTML page from sections and plots; no JavaScript, no network, no dependency."""

from __future__ import annotations
