"""After launch: has the incoming data moved, and does the model still do as well as it promised?"""

from __future__ import annotations
