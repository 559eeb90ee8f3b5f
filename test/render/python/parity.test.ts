import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import fc from "fast-check"
import t from "tap"
import type { Json } from "../../../src/core/json.ts"
import { jsonEqual } from "../../../src/core/json.ts"
import { FlowReader } from "../../../src/render/python/flow.ts"
import type { Decided, FlowFacts } from "../../../src/render/python/reading.ts"
import { type Case, signatures, sources } from "./cases.ts"
import { arbitrarySignature } from "./signatures.ts"

const version = "3.8.8"
const root = fileURLToPath(new URL("../../../", import.meta.url))
const python = `${root}.cache/prefect-${version}/bin/python`
if (!existsSync(`${root}.cache/prefect-${version}/template.db`)) {
  const install = spawnSync("bash", [`${root}test/support/prefect/install.sh`, version], { encoding: "utf8" })
  if (install.status !== 0) throw new Error(`Prefect ${version} can't be installed: ${install.stderr}`)
}

type Answer =
  | { readonly name: string; readonly description: string | null; readonly schema: Json }
  | { readonly error: string }

/** What real Prefect says about all cases, in one process. */
function askPrefect(cases: readonly Case[]): Answer[] {
  const input = JSON.stringify(cases.map((each) => ({ files: each.files, entrypoint: `${each.path}:${each.object}` })))
  const oracle = fileURLToPath(new URL("oracle.py", import.meta.url))
  const { stdout, stderr, status } = spawnSync(python, [oracle], {
    input,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env["PATH"], PREFECT_HOME: `${root}.cache/oracle-home`, PREFECT_LOGGING_LEVEL: "CRITICAL" },
  })
  if (status !== 0) throw new Error(`the oracle failed: ${stderr}`)
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "", exactInteger) as Answer[]
}

/** Python's integers have no bound. */
function exactInteger(_: string, value: unknown, context?: { source?: string }): unknown {
  const text = context?.source ?? ""
  return typeof value === "number" && /^-?\d+$/u.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value
}

/** What differs between a reading and the truth; null when it is the same or honestly undecided. */
function mistake(facts: FlowFacts, answer: Answer): string | null {
  if ("error" in answer) {
    const all = facts.name.decided && facts.description.decided && facts.schema.decided
    return all ? `decided, but Prefect says ${answer.error}` : null
  }
  return (
    differs("name", facts.name, answer.name) ??
    differs("description", facts.description, answer.description) ??
    differs("schema", facts.schema, answer.schema)
  )
}

function differs(what: string, read: Decided<Json>, truth: Json): string | null {
  if (!read.decided || jsonEqual(read.value, truth)) return null
  return `${what}\n read  ${show(read.value)}\n truth ${show(truth)}`
}

function undecided(facts: FlowFacts): string[] {
  return [facts.name, facts.description, facts.schema].flatMap((each) => (each.decided ? [] : [each.reason]))
}

function show(value: Json): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))
}

t.test("flow files read as Prefect reads them", async (t) => {
  using reader = await FlowReader.open()
  const cases = [...signatures, ...sources]
  const answers = askPrefect(cases)

  for (const [index, each] of cases.entries()) {
    const answer = answers[index] ?? { error: "no answer" }
    const reading = reader.read(each.path, each.object, (path) => {
      const text = each.files[path]
      return text === undefined ? { kind: "missing" } : { kind: "text", text }
    })

    if (reading.kind !== "facts") {
      t.ok("error" in answer && !each.decided, `${each.title}: a problem only where Prefect fails too`, {
        reading,
        answer,
      })
      continue
    }
    t.equal(mistake(reading.facts, answer), null, `never wrong: ${each.title}`)
    if (each.decided) t.strictSame(undecided(reading.facts), [], `decided: ${each.title}`, { answer })
  }
})

t.test("random signatures read as Prefect reads them, or are undecided", async (t) => {
  using reader = await FlowReader.open()
  const samples = fc.sample(arbitrarySignature, { seed: 20_261_124, numRuns: 250 })
  const cases = samples.map((text, index): Case => ({
    title: `${index}`,
    files: { "flows.py": text },
    path: "flows.py",
    object: "my_flow",
    decided: true,
  }))
  const answers = askPrefect(cases)

  let decided = 0
  for (const [index, each] of cases.entries()) {
    const answer = answers[index] ?? { error: "no answer" }
    const text = each.files["flows.py"] ?? ""
    const reading = reader.read(each.path, each.object, () => ({ kind: "text", text }))
    if (reading.kind !== "facts") {
      t.fail(`no facts for ${text}`, { reading })
      continue
    }
    const wrong = mistake(reading.facts, answer)
    if (wrong !== null) t.fail(`wrong: ${wrong}\n${text}`)
    if (reading.facts.schema.decided) decided += 1
  }

  t.ok(decided >= cases.length * 0.9, `${decided} of ${cases.length} are decided`)
})
