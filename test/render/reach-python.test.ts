import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { createInterface } from "node:readline"
import fc from "fast-check"
import t from "tap"
import type { DeploymentKey } from "../../src/core/model.ts"
import { moved } from "./moved.ts"
import type { Files } from "./desired.ts"

/** Generated repositories, loaded by Python as Prefect loads them: whatever it imported must move the clone. */

const python = spawn(resolve(".cache/prefect-3.8.8/bin/python"), [resolve("test/render/reached.py")], {
  stdio: ["pipe", "pipe", "inherit"],
})
const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
const folder = mkdtempSync(join(tmpdir(), "lockstep-reach-"))
t.teardown(() => {
  python.kill()
  rmSync(folder, { recursive: true })
})
t.setTimeout(600_000)
let repositories = 0

async function importedBy(files: Files, base: string, file: string): Promise<readonly string[]> {
  const root = join(folder, `${(repositories += 1)}`)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  python.stdin.write(`${JSON.stringify({ root, base, file })}\n`)
  return JSON.parse(String((await answers.next()).value)) as readonly string[]
}

const names = ["aa", "bb", "cc"] as const
const name = fc.constantFrom(...names)
const dotted = fc.array(name, { minLength: 1, maxLength: 2 }).map((parts) => parts.join("."))
const statement = fc.oneof(
  dotted.map((module) => `import ${module}`),
  fc.tuple(dotted, fc.oneof(name, fc.constant("*"))).map(([module, what]) => `from ${module} import ${what}`),
  fc
    .tuple(fc.constantFrom(".", ".."), fc.oneof(dotted, fc.constant("")), name)
    .map(([dots, module, what]) => `from ${dots}${module} import ${what}`),
  fc.constantFrom(
    "import sys; sys.path.insert(0, '../lib')",
    "import sys; sys.path.append('lib')",
    "__all__ = ['aa', 'bb']",
  ),
)
const guarded = statement
  .filter((text) => !text.includes("*"))
  .map((text) => `try:\n    ${text}\nexcept Exception:\n    pass`)
const module = fc.array(fc.oneof(statement, guarded), { maxLength: 3 }).map((lines) => `${lines.join("\n")}\n`)
const places = ["", "app/", "app/flows/", "lib/"].flatMap((place) =>
  [
    ...names.map((one) => `${one}.py`),
    ...names.flatMap((one) => ["__init__", ...names].map((two) => `${one}/${two}.py`)),
  ].map((path) => place + path),
)
const modules = fc.dictionary(fc.constantFrom(...places), module, { minKeys: 4, maxKeys: 16 })
const flow = fc.tuple(module, fc.array(guarded, { maxLength: 2 })).map(([top, late]) => {
  const inner = ["pass", ...late].join("\n").replaceAll("\n", "\n    ")
  return `${top}from prefect import flow\n\n\ndef touch():\n    ${inner}\n\n\n@flow\ndef my_flow():\n    touch()\n`
})
const layout = fc.constantFrom(
  { base: "", file: "app/flows/f.py" },
  { base: "app", file: "app/flows/f.py" },
  { base: "app", file: "app/f.py" },
  { base: "", file: "f.py" },
)

/** Found by this property: a package below the flow that climbs to the one which has the working folder in it, too. */
const climbing = {
  "app/cc/__init__.py": "",
  "app/flows/aa/aa.py": "try:\n    from .. import cc\nexcept Exception:\n    pass\n",
}
const climber = "from .aa import aa\nfrom prefect import flow\n\n\n@flow\ndef my_flow():\n    pass\n"

t.test("a changed file that running Python really imports always moves the commit", async (t) => {
  let reached = 0
  await fc.assert(
    fc.asyncProperty(modules, flow, layout, async (texts, text, { base, file }) => {
      const within = base === "" ? file : file.slice(base.length + 1)
      const entry = { name: "d", entrypoint: `${within}:my_flow`, flow_name: "my-flow", work_pool: { name: "p" } }
      const manifest = join(base, "prefect.yaml")
      const files = { ...texts, [file]: text, [manifest]: JSON.stringify({ deployments: [entry] }) }
      const imported = await importedBy(files, base, file)
      for (const path of imported) {
        reached += path === file ? 0 : 1
        const before = { ...files, [path]: `${files[path] ?? ""}\n# other\n` }
        if (!moved(files, before, "my-flow/d" as DeploymentKey))
          throw new Error(`${path} is imported, and the clone stays`)
      }
    }),
    { numRuns: 40, examples: [[climbing, climber, { base: "app", file: "app/flows/f.py" }]] },
  )
  t.ok(reached > 3, `Python imported ${reached} files beside the flows`)
})
