import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import fc from "fast-check"
import { FlowReader } from "../../src/python/flow-reader.ts"
import { anyProgram, type Program } from "./grammar/program.ts"
import { type Answer, Oracle } from "./prefect.ts"
import { judge, type Verdict } from "./verdict.ts"

/**
 * A campaign: `npm run fuzz:python -- --runs 50000 --seed 1`. Each batch has a seed of its own, so a failure is
 * repeated by `--seed N --runs 1000`; what Prefect answered to a batch is kept in `.cache/fuzz`, because it takes the
 * most time and only changes with the cases. Failures are asked again each in a process of its own, then made smaller.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    show: { type: "string", default: "5" },
    open: { type: "boolean", default: false },
  },
})
const batchSize = 1_000
const shrinksMax = 300
const runs = Number(values.runs)
const shown = Number(values.show)
const kept = fileURLToPath(new URL("../../.cache/fuzz/", import.meta.url))

async function answersFor(oracle: Oracle, programs: readonly Program[]): Promise<readonly Answer[]> {
  const digest = createHash("sha256").update(JSON.stringify(programs)).digest("hex").slice(0, 32)
  const file = `${kept}${digest}.json`
  if (!existsSync(file)) {
    mkdirSync(kept, { recursive: true })
    writeFileSync(file, bigSafe(await oracle.ask(programs)))
  }
  return JSON.parse(readFileSync(file, "utf8"), bigBack) as readonly Answer[]
}

function bigSafe(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? { bigint: String(part) } : part))
}

function bigBack(_: string, value: unknown): unknown {
  const text = typeof value === "object" && value !== null && "bigint" in value ? value.bigint : null
  return typeof text === "string" ? BigInt(text) : value
}

/** The kind of a mistake, so that one cause is shown once. */
function kindOf(wrong: string): string {
  return (
    wrong
      .split("\n")[0]
      ?.replaceAll(/[A-Z][a-z]+Thing|\d+|'[^']*'|0x\w+/gu, "_")
      .slice(0, 120) ?? ""
  )
}

interface Failure {
  readonly seed: number
  readonly index: number
  readonly program: Program
  readonly wrong: string
}

async function mistakeIn(program: Program): Promise<string | null> {
  const [answer] = await oracle.ask([program], 1)
  return judge(reader, program, answer ?? { error: "no answer" }).wrong
}

/** The smallest program that still fails the same way, by fast-check's own shrinking. */
async function smallest({ seed, index, program, wrong }: Failure): Promise<Program> {
  const kind = kindOf(wrong)
  let asked = 0
  const outcome = await fc.check(
    fc.asyncProperty(anyProgram, async (candidate) => {
      asked += 1
      if (asked > shrinksMax) return true
      const found = await mistakeIn(candidate)
      return found === null || kindOf(found) !== kind
    }),
    { seed, path: String(index) },
  )
  return outcome.counterexample?.[0] ?? program
}

await using oracle = new Oracle()
const reader = new FlowReader()
const tally = { cases: 0, wrong: 0, refused: 0, decided: 0, readMs: 0 }
const kinds = new Map<string, number>()
const open = new Map<string, number>()
for (let batch = 0; batch * batchSize < runs; batch += 1) {
  const seed = Number(values.seed) + batch
  const programs = fc.sample(anyProgram, { seed, numRuns: Math.min(batchSize, runs - batch * batchSize) })
  const answers = await answersFor(oracle, programs)
  for (const [index, program] of programs.entries()) {
    const answer = answers[index] ?? { error: "no answer" }
    const before = performance.now()
    const verdict = judge(reader, program, answer)
    tally.readMs += performance.now() - before
    count(verdict, answer)
    if (verdict.wrong !== null) await report({ seed, index, program, wrong: verdict.wrong })
  }
  console.error(`seed ${seed}: ${JSON.stringify(tally)}`)
}
console.log(JSON.stringify(tally))
if (values.open) {
  for (const [reason, times] of [...open].toSorted((a, b) => b[1] - a[1]).slice(0, 60)) console.log(times, reason)
}
for (const [kind, times] of kinds) console.log(`wrong ${times} times: ${kind}`)
process.exitCode = tally.wrong === 0 ? 0 : 1

function count(verdict: Verdict, answer: Answer): void {
  tally.cases += 1
  if ("error" in answer) tally.refused += 1
  else if (verdict.schemaDecided) tally.decided += 1
  const [reason] = "error" in answer ? [] : verdict.open
  const kind = reason?.replaceAll(/`AlphaThing.*?`|`\w+Thing\w*`|`LIMIT_\d`|parameter `\w+`/gu, "_")
  if (kind !== undefined) open.set(kind, (open.get(kind) ?? 0) + 1)
}

async function report(failure: Failure): Promise<void> {
  const { seed, index, program } = failure
  const again = await mistakeIn(program)
  if (again === null) return console.log(`only in company: seed ${seed} path ${index}: ${failure.wrong}`)
  tally.wrong += 1
  const kind = kindOf(again)
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  if (kinds.size > shown || kinds.get(kind) !== 1) return
  const small = await smallest({ ...failure, wrong: again })
  console.log(`\n######## seed ${seed} path ${index}\n${(await mistakeIn(small)) ?? again}`)
  for (const [path, text] of Object.entries(small.files)) console.log(`==== ${path}\n${text}`)
}
