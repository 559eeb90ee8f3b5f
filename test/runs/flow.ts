/**
 * A flow that prints where it is and what it is made of, in one line of JSON: its working folder and its own file, both
 * relative to the folder with a file named ROOT; what it imports; what it reads beside it; and the commit of its code.
 */
export function flowText(name: string, helper: string): string {
  return `import json
import os
import subprocess
from pathlib import Path

from prefect import flow

${helper}

def within(root, path):
    inside = root is not None and path.is_relative_to(root)
    return str(path.relative_to(root)) if inside else f"elsewhere: {path.name}"


@flow(name="${name}", log_prints=True)
def tick(n: int = 1):
    here = Path.cwd().resolve()
    root = next((folder for folder in (here, *here.parents) if (folder / "ROOT").exists()), None)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    data = Path("data.txt")
    seen = {
        "folder": within(root, here),
        "file": within(root, Path(__file__).resolve()),
        "helper": VALUE,
        "data": data.read_text() if data.exists() else None,
        "commit": head.stdout.strip() or None,
        "n": n,
    }
    print("SEEN " + json.dumps(seen))
`
}
