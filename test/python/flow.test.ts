import t from "tap"
import { FlowReader } from "../../src/python/flow-reader.ts"
import type { FileText, FlowFacts, ReadFile, Reading } from "../../src/python/reading.ts"

function fileSystem(files: Readonly<Record<string, string | FileText>>): ReadFile {
  return (path) => {
    const file = files[path]
    if (file === undefined) return { kind: "missing" }
    return typeof file === "string" ? { kind: "text", text: file } : file
  }
}

function factsOf(reading: Reading): FlowFacts {
  if (reading.kind !== "facts") throw new Error(`no facts: ${JSON.stringify(reading)}`)
  return reading.facts
}

const flow = "from prefect import flow\n"

t.test("a plain flow is read as Prefect registers it", async (t) => {
  const reader = new FlowReader()
  const text = `${flow}from typing import Optional

@flow(name="Nightly", log_prints=True)
def nightly_load(day: str, limit: Optional[int] = None, *, dry_run: bool = False):
    """Loads a day.

    Args:
        day: The day to load,
            in ISO 8601.
    """
`

  const reading = reader.read("flows/load.py", "nightly_load", fileSystem({ "flows/load.py": text }))

  const schema = {
    title: "Parameters",
    type: "object",
    properties: {
      day: { type: "string", title: "day", description: "The day to load,\nin ISO 8601.", position: 0 },
      limit: { anyOf: [{ type: "integer" }, { type: "null" }], default: null, title: "limit", position: 1 },
      dry_run: { type: "boolean", default: false, title: "dry_run", position: 2 },
    },
    required: ["day"],
  }
  t.strictSame(reading, {
    kind: "facts",
    facts: {
      at: { file: "flows/load.py", line: 5, column: 1 },
      name: { decided: true, value: "Nightly" },
      description: {
        decided: true,
        value: "Loads a day.\n\nArgs:\n    day: The day to load,\n        in ISO 8601.",
      },
      schema: { decided: true, value: schema },
      looseSchema: schema,
      undecidedParameters: [],
      wrapper: null,
    },
  })
})

t.test("the name is known, or the reason and the place are", async (t) => {
  const reader = new FlowReader()
  const cases: readonly [text: string, name: string | null, reason: RegExp | null][] = [
    [`${flow}@flow\ndef my_flow_1(): pass`, "my-flow-1", null],
    [`${flow}@flow(name="x" "y")\ndef my_flow_1(): pass`, "xy", null],
    [`${flow}N = "n"\n@flow(name=f"{N}-{2 * 3}")\ndef my_flow_1(): pass`, "n-6", null],
    [`import prefect as p\n@p.flow(name="")\nasync def my_flow_1(): pass`, "my-flow-1", null],
    [`from prefect.flows import flow as f\n@f(name=None)\ndef my_flow_1(): pass`, "my-flow-1", null],
    [`from prefect import Flow\n@Flow\ndef my_flow_1(): pass`, "my-flow-1", null],
    [`from prefect import Flow\n@Flow("x")\ndef my_flow_1(): pass`, null, /decorator/u],
    [`${flow}import os\n@flow(name=os.environ["N"])\ndef my_flow_1(): pass`, null, /.+/u],
    [`${flow}@flow(name="a/b")\ndef my_flow_1(): pass`, null, /refuses the flow name/u],
    [`${flow}@flow(*options)\ndef my_flow_1(): pass`, null, /hides it/u],
    [`${flow}@flow(**options)\ndef my_flow_1(): pass`, null, /`options` isn't defined/u],
    [`${flow}@flow\n@other\ndef my_flow_1(): pass`, null, /below `@flow`/u],
    [`from mine import flow\n@flow\ndef my_flow_1(): pass`, null, /decorator/u],
    [`${flow}if x:\n    @flow\n    def my_flow_1(): pass`, null, /condition/u],
    [`${flow}def g(): pass\nmy_flow_1 = flow(g, name="called")`, "called", null],
    [`${flow}@flow\ndef g(): pass\nmy_flow_1 = g.with_options(name="x")`, "x", null],
    [`${flow}@flow\ndef g(): pass\nmy_flow_1 = g.with_options(*o)`, null, /hides it/u],
    [`${flow}@flow\ndef g(): pass\nmy_flow_1 = g.with_options(**o)`, null, /`o` isn't defined/u],
    [`${flow}@flow\ndef g(): pass\nmy_flow_1 = g.copied(name="x")`, null, /only known when it runs/u],
  ]

  for (const [text, name, reason] of cases) {
    const facts = factsOf(reader.read("f.py", "my_flow_1", fileSystem({ "f.py": text })))

    if (name !== null) {
      t.strictSame(facts.name, { decided: true, value: name }, text)
    } else if (facts.name.decided) {
      t.fail(`decided: ${text}`)
    } else {
      t.match(facts.name.reason, reason ?? /.+/u, text)
      t.equal(facts.name.at.file, "f.py", text)
      t.type(facts.name.at.line, "number", text)
    }
  }
})

t.test("one undecided parameter leaves the others decided in the loose schema", async (t) => {
  const reader = new FlowReader()
  const text = `${flow}import os
from vendor import Thing
from generated.settings import HOME

@flow
def my_flow(a: int, b: Thing, c: str = os.getenv("C"), d: str = HOME):
    pass
`

  const facts = factsOf(reader.read("f.py", "my_flow", fileSystem({ "f.py": text })))

  t.equal(facts.schema.decided, false)
  t.strictSame(facts.undecidedParameters, [
    {
      name: "b",
      reason: "`Thing` comes from `vendor`, which isn't in this repository",
      at: { file: "f.py", line: 7, column: 24 },
    },
    {
      name: "c",
      reason:
        "the environment variable `C` isn't known; `env:` of the source may say what it is where flows are deployed",
      at: { file: "f.py", line: 7, column: 40 },
    },
    {
      name: "d",
      reason: "`generated.settings.HOME` isn't a value of this repository",
      at: { file: "f.py", line: 7, column: 65 },
    },
  ])
  t.strictSame(facts.looseSchema, {
    title: "Parameters",
    type: "object",
    properties: {
      a: { type: "integer", title: "a", position: 0 },
      b: { title: "b", position: 1 },
      c: { title: "c", position: 2 },
      d: { title: "d", position: 3 },
    },
    required: ["a", "b"],
  })
})

t.test("an undecided parameter keeps what the docstring says of it", async (t) => {
  const text = `from prefect import flow
from elsewhere import LIMIT, Kind
@flow
def f(limit: int = LIMIT, kind: Kind = None, other=LIMIT):
    """Words.

    Args:
        limit: how many
        kind: which
    """
`
  const reading = new FlowReader().read("f.py", "f", () => ({ kind: "text", text }))
  t.match(reading, {
    facts: {
      looseSchema: { properties: { limit: { description: "how many" }, kind: { description: "which" }, other: {} } },
    },
  })
})

const header = "from prefect import flow, task\nimport functools, typing\n"
const wrapping = `def wrapper(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        return fn(*args, **kwargs)
    return inner
`
const noting = "ALL = []\ndef register(fn):\n    ALL.append(fn)\n    return fn\n"

/** The last one: whether it is sure to make something else of the flow. */
const above: readonly (readonly [string, string, boolean | null])[] = [
  ["a wrapper made by functools.wraps", `${wrapping}@wrapper`, false],
  ["@task", "@task", true],
  ["@task with options", "@task(retries=3)", true],
  ["@cache", "@functools.cache", true],
  ["@lru_cache with options", "@functools.lru_cache(maxsize=1)", true],
  ["an imported decorator", "from lib import deco\n@deco", false],
  ["an imported decorator with arguments", "from lib import deco\n@deco(3)", false],
  ["@contextmanager", "from contextlib import contextmanager\n@contextmanager", true],
  ["a class", "class D:\n    def __init__(self, fn): pass\n@D", false],
  ["one below another", `${noting}@register\n@functools.cache`, true],
  ["one that only notes it", `${noting}@register`, null],
  ["@final", "@typing.final", null],
  ["none", "", null],
]

t.test("a decorator above @flow that makes something else of it is told, with its place", async (t) => {
  for (const [what, code, certain] of above) {
    const text = `${header}${code}\n@flow\ndef f(x: int = 1): pass\n`
    const reading = new FlowReader().read("f.py", "f", (path) =>
      path === "f.py" ? { kind: "text", text } : { kind: "missing" },
    )
    const wrapper = reading.kind === "facts" ? reading.facts.wrapper : undefined
    t.equal(wrapper === null ? null : wrapper?.certain, certain, what)
    if (certain !== null) t.equal(wrapper?.at.line, text.split("\n").indexOf("@flow"), what)
  }
})

t.test("what stands in the way is a problem with its place", async (t) => {
  const reader = new FlowReader()
  const big = `${flow}# ${"x".repeat(1024 * 1024)}\n`
  const cases: readonly [object: string, text: string | FileText, code: string, line: number | undefined][] = [
    ["my_flow", { kind: "missing" }, "flow-file-missing", undefined],
    ["my_flow", { kind: "unreadable", reason: "it is a symlink" }, "flow-file-missing", undefined],
    ["my_flow", big, "flow-file-too-large", undefined],
    ["my_flow", `${flow}${"a;".repeat(500_000)}\n`, "flow-file-too-large", undefined],
    ["my_flow", `${flow}@flow\ndef my_flow(:\n    pass\n`, "python-syntax", 3],
    [
      "my_flow",
      `${flow}@flow\ndef my_flow():\n    pass\nA = ${"[".repeat(300)}${"]".repeat(300)}\n`,
      "python-syntax",
      5,
    ],
    ["my_flow", `${flow}@flow\ndef my_flow(a=1, b):\n    pass\n`, "python-syntax", 3],
    ["my_flow", "def my_flow(): pass\n", "not-a-flow", 1],
    ["my_flow", "my_flow = 3\n", "not-a-flow", 1],
    ["my_flow", `${flow}@flow\ndef my_flwo(): pass\n`, "flow-not-found", undefined],
    ["A.my_flow", `${flow}class A:\n    pass\n`, "flow-not-found", undefined],
  ]

  for (const [object, text, code, line] of cases) {
    const reading = reader.read("f.py", object, fileSystem({ "f.py": text }))

    const problem = reading.kind === "problem" ? reading.problem : null
    t.strictSame([problem?.code, problem?.severity, problem?.file, problem?.line], [code, "error", "f.py", line])
  }
})

t.test("a misspelt function is answered with the nearest one", async (t) => {
  const reader = new FlowReader()
  const text = `${flow}@flow\ndef load_orders(): pass\n@flow\ndef send_mail(): pass\n`

  const reading = reader.read("f.py", "load_order", fileSystem({ "f.py": text }))

  t.match(reading, { problem: { message: "f.py doesn't define `load_order`; did you mean `load_orders`?" } })
})

t.test("files that aren't read yet are asked for, until all are there", async (t) => {
  const reader = new FlowReader()
  const unread = { kind: "unread" } as const
  const texts = {
    "a/f.py": `${flow}from pkg.names import NAME\nfrom limits import LIMIT\n@flow(name=NAME)\ndef my_flow(x=LIMIT): pass\n`,
    "src/pkg/names.py": "from .base import BASE\nNAME = BASE + '-n'\n",
    "src/pkg/base.py": "BASE = 'b'\n",
    "limits.py": "LIMIT = 3\n",
  }

  t.strictSame(reader.read("a/f.py", "my_flow", fileSystem({ ...texts, "a/f.py": unread })), {
    kind: "needs",
    paths: ["a/f.py"],
  })
  const first = reader.read(
    "a/f.py",
    "my_flow",
    fileSystem({ ...texts, "src/pkg/names.py": unread, "limits.py": unread }),
  )
  t.strictSame(new Set(first.kind === "needs" ? first.paths : []), new Set(["limits.py", "src/pkg/names.py"]))
  t.strictSame(reader.read("a/f.py", "my_flow", fileSystem({ ...texts, "src/pkg/base.py": unread })), {
    kind: "needs",
    paths: ["src/pkg/base.py"],
  })
  t.match(reader.read("a/f.py", "my_flow", fileSystem(texts)), {
    facts: { name: { value: "b-n" }, schema: { value: { properties: { x: { default: 3 } } } } },
  })
})

t.test("a module that could be two files is undecided", async (t) => {
  const reader = new FlowReader()
  const text = `${flow}from names import NAME\n@flow(name=NAME)\ndef my_flow(): pass\n`
  const files = { "a/b/f.py": text, "a/names.py": "NAME = 'x'\n", "names.py": "NAME = 'y'\n" }

  const facts = factsOf(reader.read("a/b/f.py", "my_flow", fileSystem(files)))

  t.match(facts.name, { decided: false, reason: "`names` could be a/names.py or names.py" })
})

t.test("circles and deep nests end as undecided", async (t) => {
  const reader = new FlowReader()
  const doubling = Array.from({ length: 60 }, (_, index) => `A${index + 1} = f"{A${index}}{A${index}}"`).join("\n")
  const texts = [
    `${flow}from f import A\n@flow\ndef my_flow(x=A): pass\n`,
    `${flow}A0 = "x"\n${doubling}\n@flow\ndef my_flow(x=A60): pass\n`,
    `${flow}A = ${"[".repeat(150)}${"]".repeat(150)}\n@flow\ndef my_flow(x=A): pass\n`,
    `${flow}A = ${"1 + ".repeat(5000)}1\n@flow\ndef my_flow(x=A): pass\n`,
  ]

  for (const text of texts) {
    const facts = factsOf(reader.read("f.py", "my_flow", fileSystem({ "f.py": text })))

    t.equal(facts.schema.decided, false, text.slice(0, 80))
    t.strictSame(facts.name, { decided: true, value: "my-flow" })
  }
})

t.test("reading the same text again gives the same answer", async (t) => {
  const reader = new FlowReader()
  const files = fileSystem({ "f.py": `${flow}@flow\ndef my_flow(a: int): pass\n` })

  t.strictSame(reader.read("f.py", "my_flow", files), reader.read("f.py", "my_flow", files))
})

t.test("a secret of the source never becomes part of a schema", async (t) => {
  const text = `${flow}import os\n@flow\ndef my_flow(x=os.getenv("TOKEN")): pass\n`
  const environment = new Map([["TOKEN", { kind: "env", name: "SECRET_TOKEN" } as const]])

  const reading = new FlowReader().read("f.py", "my_flow", fileSystem({ "f.py": text }), { projects: [], environment })

  t.match(factsOf(reading).schema, { decided: false, reason: /`TOKEN` is a secret of the source/u })
})
