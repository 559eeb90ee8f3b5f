import t from "tap"
import { digestOf } from "../../src/core/digest.ts"
import type { Revision, SourceName, Tree } from "../../src/core/model.ts"
import { standardSource } from "../../src/cli/lint.ts"
import type { Inputs, RenderBlob } from "../../src/reconcile/ports.ts"
import { openRender } from "../../src/open-render.ts"
import { Thread } from "../../src/thread/thread.ts"
import { openThread } from "../../src/thread/port.ts"

t.setTimeout(300_000)
const render = openThread(() => performance.now())
t.teardown(() => render[Symbol.dispose]())
const none = { env: new Map(), variables: new Map(), images: new Map(), pins: new Map() }
const inputs: Inputs = { branch: "main", earlier: [], ...none }
let commits = 0

/** A commit with these files, read by a source of that name; the same text is the same blob. */
function commit(name: string, files: Readonly<Record<string, string>>) {
  const revision = (++commits).toString(16).padStart(40, "0") as Revision
  const oids = new Map(Object.values(files).map((text) => [text, digestOf(text).slice(0, 40)]))
  const tree: Tree = {
    revision,
    entries: new Map(
      Object.entries(files).map(([path, text]) => [path, { kind: "file", oid: oids.get(text) ?? "" }] as const),
    ),
  }
  const texts = new Map<string, RenderBlob>([...oids].map(([text, oid]) => [oid, { kind: "text", text }]))
  const read = async (asked: readonly string[]) =>
    new Map(asked.map((oid) => [oid, texts.get(oid) ?? ({ kind: "unreadable", reason: "?" } as const)]))
  return { tree, read, source: { ...standardSource, name: name as SourceName } }
}

async function desired(
  name: string,
  files: Readonly<Record<string, string>>,
  port: typeof render | ReturnType<typeof openRender> = render,
) {
  const { tree, read, source } = commit(name, files)
  return port.bind(await port.index(tree, source, read), inputs, source)
}

const flow = (name: string, before = "", parameters = "n: int = 1") =>
  `from prefect import flow\n${before}\n\n@flow(name="${name}")\ndef f(${parameters}):\n    pass\n`
const manifest = (...entries: readonly string[]) =>
  JSON.stringify({
    deployments: entries.map((path, n) => ({ name: `d${n}`, entrypoint: `${path}:f`, work_pool: { name: "p" } })),
  })

t.test("in the thread everything is read as it is without one", async (t) => {
  const paths = Array.from({ length: 130 }, (_, n) => `f${n}.py`)
  const files = {
    "prefect.yaml": manifest(...paths, "missing.py"),
    ...Object.fromEntries(paths.map((path, n) => [path, flow(`flow ${n}`, "import helper", "x: int = helper.N")])),
    "helper.py": "N = 3\n",
  }
  const [there, here] = [await desired("same", files), await desired("same", files, openRender())]
  const clean = ({ problems, handsOff, deployments }: typeof here) => ({
    problems,
    handsOff,
    deployments: [...deployments.values()].map(({ fields: { pullSteps: _ofThisCommit, ...fields }, ...rest }) => ({
      ...rest,
      fields,
    })),
  })
  t.equal(there.deployments.size, 130)
  t.strictSame(clean(there), clean(here))
})

t.test("a quiet turn binds nothing anew", async (t) => {
  const { tree, read, source } = commit("quiet", { "prefect.yaml": manifest("f.py"), "f.py": flow("quiet") })
  const index = await render.index(tree, source, read)
  const first = await render.bind(index, inputs, source)
  t.equal(await render.bind(index, { ...inputs, env: new Map() }, source), first)
  t.not(await render.bind(index, { ...inputs, env: new Map([["A", "1"]]) }, source), first)
  t.ok(render.has(index))
})

/** Threads with so little memory that a file of a list of 199,000 items is the death of them. */
const small = { callMs: 60_000, heapMiB: 64 }
const huge = `deployments: [${"1,".repeat(199_000)}1]\n`

t.test("a file that takes all memory is a problem at that file; the other files of the source go on", async (t) => {
  const threads = { all: new Thread(small), ward: new Thread(small) }
  using port = openThread(() => performance.now(), threads)
  const files = {
    "prefect.yaml": manifest("f.py"),
    "f.py": flow("good"),
    ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`bad-${n}/prefect.yaml`, huge])),
  }
  const quiet = commit("neighbour", { "prefect.yaml": manifest("g.py"), "g.py": flow("neighbour") })
  const before = await port.index(quiet.tree, quiet.source, quiet.read)
  const [hostile, neighbours] = await Promise.all([
    desired("hostile", files, port),
    Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        desired(`neighbour-${n}`, { "prefect.yaml": manifest("g.py"), "g.py": flow("g") }, port),
      ),
    ),
  ])
  t.equal(hostile.kind, "partial", "so nothing is retired")
  t.strictSame([...hostile.deployments.keys()], ["good/d0"])
  t.match(
    hostile.problems.find(({ file }) => file === "bad-0/prefect.yaml"),
    { severity: "error", file: "bad-0/prefect.yaml" },
  )
  t.ok(
    neighbours.every(({ kind, deployments }) => kind === "complete" && deployments.size === 1),
    "the others are read all the same",
  )
  const after = await port.bind(before, inputs, quiet.source)
  t.equal(after.deployments.size, 1, "what the thread knew before its death is made again")
  const starts = threads.all.starts
  await desired("hostile", files, port)
  t.equal(threads.all.starts, starts, "and what was the death of it isn't tried again in the thread of all")
})

t.test("files of more than 64 MiB together are a problem of those that came last", async (t) => {
  const text = (n: number) => `deployments: [] # ${n}${" ".repeat(1_000_000)}`
  const files = Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`m-${100 + n}/prefect.yaml`, text(n)]))
  const { kind, problems } = await desired("large", files)
  t.equal(kind, "partial")
  t.match(
    problems.findLast(({ severity }) => severity === "error"),
    { message: /64 MiB together/ },
  )
})
