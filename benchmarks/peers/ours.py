"""Ours: one pass over the CSV text."""

import json
import sys
from pathlib import Path

from hearthline.attribution import credit_paths

found = credit_paths(sys.argv[1])
effects = dict(zip(found.channels, found.removal.tolist(), strict=True))
linear = dict(zip(found.channels, found.linear.tolist(), strict=True))
Path(sys.argv[2]).write_text(json.dumps({"effects": effects, "linear": linear}))
