#!/usr/bin/env python3
"""A test double of kubectl: answers from a file in kubectl's own JSON, and knows no cluster.

FAKE_CLUSTER names a JSON file: kubectl's arguments without flags -> object, or {"error": text} for
what kubectl writes on stderr. What is not in it is not in the cluster.
"""

import json
import os
import sys
from pathlib import Path

asked = " ".join(word for word in sys.argv[1:] if not word.startswith("--"))
cluster = json.loads(Path(os.environ["FAKE_CLUSTER"]).read_text("utf8"))
answer = cluster.get(asked)
if answer is None:
    sys.exit(f'Error from server (NotFound): "{asked}" not found')
if "error" in answer:
    sys.exit(answer["error"])
print(json.dumps(answer))
