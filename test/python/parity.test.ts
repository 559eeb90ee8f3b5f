import fc from "fast-check"
import t from "tap"
import { FlowReader } from "../../src/python/flow-reader.ts"
import { extent } from "../support/extent.ts"
import { signatures, sources } from "./cases.ts"
import { changed } from "./changed.ts"
import { environments } from "./environments.ts"
import { followed } from "./followed.ts"
import { found } from "./found.ts"
import { anyProgram } from "./grammar/program.ts"
import { Oracle } from "./prefect.ts"
import { judge } from "./verdict.ts"

const runs = extent(120, 600)
const seed = 20_261_125

t.test("flow files read as Prefect reads them", async (t) => {
  await using oracle = new Oracle()
  const reader = new FlowReader()
  const cases = [...signatures, ...sources, ...found, ...followed, ...environments, ...changed]
  const answers = await oracle.ask(cases)

  for (const [index, each] of cases.entries()) {
    const verdict = judge(reader, each, answers[index] ?? { error: "no answer" })

    t.equal(verdict.wrong, null, `never wrong: ${each.title}`)
    if (each.decided) t.strictSame(verdict.open, [], `decided: ${each.title}`, { answer: answers[index] })
  }
})

t.test("random repositories read as Prefect reads them, or are undecided", async (t) => {
  await using oracle = new Oracle()
  const reader = new FlowReader()
  const programs = fc.sample(anyProgram, { seed, numRuns: runs })
  const answers = await oracle.ask(programs)

  let [decided, answered] = [0, 0]
  for (const [index, program] of programs.entries()) {
    const answer = answers[index] ?? { error: "no answer" }
    const verdict = judge(reader, program, answer)
    const text = Object.entries(program.files).map(([path, source]) => `==== ${path}\n${source}`)
    if (verdict.wrong !== null) t.fail(`seed ${seed} path ${index}: ${verdict.wrong}\n${text.join("\n")}`)
    if ("error" in answer) continue
    answered += 1
    if (verdict.schemaDecided) decided += 1
  }

  t.ok(answered >= programs.length * 0.95, `Prefect takes ${answered} of ${programs.length}`)
  t.ok(decided >= answered * 0.9, `${decided} of ${answered} are decided`)
})

t.test("cases that share a process get the answers that they get alone", async (t) => {
  await using oracle = new Oracle()
  const programs = fc.sample(anyProgram, { seed, numRuns: extent(4, 25) })

  t.strictSame(await oracle.ask(programs), await oracle.ask(programs, 1))
})
