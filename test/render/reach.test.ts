import t from "tap"
import type { JsonObject } from "../../src/core/json.ts"
import type { Tree } from "../../src/core/model.ts"
import { treeOf, type Files } from "./desired.ts"
import { look, there } from "./moved.ts"

/** Which changes of a repository a run can notice. `reach-python.test.ts` asks Python itself. */

const flow = (text = ""): string => `from prefect import flow\n${text}\n\n@flow\ndef my_flow():\n    pass\n`

function manifest(entrypoint: string, entry: JsonObject = {}): string {
  return JSON.stringify({ deployments: [{ name: "d", entrypoint, work_pool: { name: "p" }, ...entry }] })
}

/** Below `app/`, with a flow that has these lines above it. */
const appWith = (lines: string, more: Files = {}, entry: JsonObject = {}): Files => ({
  "app/prefect.yaml": manifest("f.py:my_flow", entry),
  "app/f.py": flow(lines),
  ...more,
})

const unrelated = { "other/f.py": flow(), "other/data.csv": "1", "other/util.py": "A = 1" }

/** Title, lines of the flow, other files, and what changes: a path that gets another text, or is added or removed. */
type Row = readonly [string, string, Files, string]
const still: readonly Row[] = [
  ["a manifest", "", {}, "app/prefect.yaml"],
  ["another manifest", "", { "other/prefect.yaml": "deployments: []" }, "other/prefect.yaml"],
  ["a README beside the flow", "", {}, "app/README.md"],
  ["a README at the root", "", {}, "README.md"],
  ["a workflow of GitHub", "", {}, ".github/workflows/ci.yaml"],
  ["another flow", "import pandas", unrelated, "other/f.py"],
  ["another flow's data", "import pandas", unrelated, "other/data.csv"],
  ["a module that nobody imports", "from app import x", unrelated, "other/util.py"],
  [
    "a module of the same name elsewhere, for one beside the flow",
    "import util",
    { "app/util.py": "", ...unrelated },
    "other/util.py",
  ],
  ["a folder named as the package that every flow imports", "", { "prefect/x.py": "" }, "prefect/x.py"],
  ["a file of a package of that name without what is imported", "import other", unrelated, "other/new.txt.bak/x"],
  ["a word in a comment", "# other.util", unrelated, "other/util.py"],
  ["methods named like functions that run texts", "model.eval()\nre.compile('x')", unrelated, "other/util.py"],
]
// A folder that is imported counts, data and all.
const moves: readonly Row[] = [
  ["the flow itself", "", {}, "app/f.py"],
  ["a data file beside the flow", "", { "app/q.sql": "1" }, "app/q.sql"],
  ["a data file further below", "", { "app/sql/x/q.sql": "1" }, "app/sql/x/q.sql"],
  ["a file at the root", "", { "requirements.txt": "1" }, "requirements.txt"],
  ["a module beside the flow", "import util", { "app/util.py": "" }, "app/util.py"],
  ["a module of the repository's root", "from shared.util import A", { "shared/util.py": "" }, "shared/util.py"],
  ["one that it imports", "import shared.util", { "shared/util.py": "import lib.x", "lib/x.py": "" }, "lib/x.py"],
  [
    "a package's __init__",
    "import shared.util",
    { "shared/__init__.py": "", "shared/util.py": "" },
    "shared/__init__.py",
  ],
  ["… that comes", "import shared.util", { "shared/util.py": "" }, "shared/__init__.py"],
  [
    "a submodule named after import",
    "from shared import util",
    { "shared/__init__.py": "", "shared/util.py": "" },
    "shared/util.py",
  ],
  ["a submodule that comes, for a name", "from shared import util", { "shared/__init__.py": "" }, "shared/util.py"],
  ["… by a star", "from shared import *", { "shared/__init__.py": "", "shared/util.py": "" }, "shared/util.py"],
  ["… relative", "from .util import A", { "app/util.py": "" }, "app/util.py"],
  [
    "… relative within a package",
    "import shared.a",
    { "shared/a.py": "from . import b", "shared/b.py": "" },
    "shared/b.py",
  ],
  [
    "… relative to a package above",
    "import shared.x.a",
    { "shared/x/a.py": "from ..b import c", "shared/b.py": "" },
    "shared/b.py",
  ],
  ["an import in a function", "def g():\n    import shared.util", { "shared/util.py": "" }, "shared/util.py"],
  ["an import in a branch", "if 1:\n    from shared import util", { "shared/util.py": "" }, "shared/util.py"],
  ["several in one statement", "import os, shared.util as u", { "shared/util.py": "" }, "shared/util.py"],
  [
    "several in brackets",
    "from shared import (\n    a as x,\n    util,\n)",
    { "shared/util.py": "" },
    "shared/util.py",
  ],
  [
    "another of the name, for an import in a function",
    "def g():\n    import util",
    { "app/util.py": "", ...unrelated },
    "other/util.py",
  ],
  [
    "another of the name, after the path is changed",
    "import sys\nsys.path.append('x')\nimport util",
    { "app/util.py": "", ...unrelated },
    "other/util.py",
  ],
  ["a module that begins to hide another", "import util", { "lib/util.py": "" }, "app/util.py"],
  ["a module that begins to hide an installed one", "import pandas", {}, "app/pandas.py"],
  ["a module in a project's src", "import jobs.a", { "libs/j/src/jobs/a.py": "" }, "libs/j/src/jobs/a.py"],
  [
    "a file beside a reached module",
    "import shared.util",
    { "shared/util.py": "", "shared/q.sql": "" },
    "shared/q.sql",
  ],
  ["a file that is named", "open('../other/data.csv')", unrelated, "other/data.csv"],
  ["a folder that is named", "ROOT / 'other'", unrelated, "other/data.csv"],
  [
    "a file named in a reached module",
    "import shared.util",
    { "shared/util.py": "P = 'q.sql'", "sql/q.sql": "" },
    "sql/q.sql",
  ],
  ["a script that is named", "S = 'other/f.py'", unrelated, "other/f.py"],
  ["anything, by importlib", "import importlib", unrelated, "other/util.py"],
  ["… by __import__", "__import__('x')", unrelated, "other/util.py"],
  ["… by exec", "exec(open('x').read())", unrelated, "other/util.py"],
  ["… by another program", "import subprocess", unrelated, "other/util.py"],
  ["… in a reached module", "import shared.util", { "shared/util.py": "import runpy", ...unrelated }, "other/util.py"],
  ["… data too", "import importlib", unrelated, "other/data.csv"],
  [
    "… by a module that its package makes up",
    "import shared.made",
    { "shared/__init__.py": "", ...unrelated },
    "other/util.py",
  ],
  [
    "… by a file that Python refuses",
    "import shared.util",
    { "shared/util.py": "def (", ...unrelated },
    "other/util.py",
  ],
]

function changed(files: Files, path: string): Files {
  const { [path]: text, ...rest } = files
  return text === undefined ? { ...files, [path]: "# new\n" } : { ...rest, [path]: `${text}\n# changed\n` }
}

for (const [title, lines, more, path] of still) {
  t.test(`a clone stays at ${title}`, async (t) => {
    const files = appWith(lines, more)
    // What a manifest says is in the index; its text doesn't count.
    const before = path === "app/prefect.yaml" ? { ...files, [path]: "deployments: []" } : changed(files, path)
    t.match(look(files, before), { moved: false })
  })
}

for (const [title, lines, more, path] of moves) {
  t.test(`a clone moves with ${title}`, async (t) => {
    const files = appWith(lines, more)
    t.match(look(changed(files, path), files), { moved: true }, "it changes or comes")
    if (path !== "app/f.py") t.match(look(files, changed(files, path)), { moved: true }, "it changes back or goes")
  })
}

t.test("with codePaths only what lies below these counts", async (t) => {
  const files = appWith("import shared.util", { "shared/util.py": "", "flows/x.txt": "" })
  const rendering = { codePaths: ["flows"] }
  t.match(look(files, changed(files, "shared/util.py"), rendering), { moved: false, read: 0 })
  t.match(look(files, changed(files, "flows/x.txt"), rendering), { moved: true, read: 0 })
})

t.test("nothing is read where nothing differs, or the answer is plain", async (t) => {
  const files = appWith("import shared.util", { "shared/util.py": "", "app/q.sql": "" })
  t.match(look(files, files), { moved: false, read: 0 })
  t.match(look(files, changed(files, "app/q.sql")), { moved: true, read: 0 })
  t.match(look(files, changed(files, "app/f.py")), { moved: true, read: 0 })
  t.match(look(files, changed(files, "shared/other.py")), { moved: false, read: 2 }, "the flow and what it imports")
})

t.test("a link in reach may show anything, so the clone moves", async (t) => {
  const files = appWith("", { "app/data": "../other", ...unrelated })
  const linked = (at: Files): Tree => {
    const tree = treeOf(at, there)
    const link = { oid: "link", kind: "symlink" } as const
    return { ...tree, entries: new Map([...tree.entries, ["app/data", link]]) }
  }
  t.match(look(files, linked(changed(files, "other/data.csv"))), { moved: true })
})

const entries: readonly (readonly [string, JsonObject, boolean])[] = [
  ["a file named in its parameters", { parameters: { input: "other/data.csv" } }, true],
  ["a command of its own", { work_pool: { name: "p", job_variables: { command: "make" } } }, true],
  ["other parameters", { parameters: { limit: 1 } }, false],
]
for (const [title, entry, moved] of entries) {
  t.test(`an entry with ${title} ${moved ? "reaches" : "doesn't reach"} another folder`, async (t) => {
    const files = appWith("", unrelated, entry)
    t.match(look(files, changed(files, "other/data.csv")), { moved })
  })
}
