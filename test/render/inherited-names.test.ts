import t from "tap"
import type { Problem } from "../../src/core/model.ts"
import { desiredOf, flow } from "./desired.ts"

/** Names that every object of JavaScript has, where a repository may write any name: nothing is found behind them. */
const inherited = ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__"]

/** A sound deployment beside one that has `lines`; the problems, and which of the two are left. */
function beside(lines: string, code = flow) {
  const entry = (name: string) => `- name: ${name}\n  entrypoint: ${name}.py:my_flow\n  work_pool: {name: pool}\n`
  const manifest = `deployments:\n${entry("sound")}${entry("odd")}${lines}\n`
  const desired = desiredOf({ "prefect.yaml": manifest, "sound.py": flow, "odd.py": code })
  const names = [...desired.deployments.values()].map(({ name }) => name)
  return { names, problems: desired.problems }
}

const places: Readonly<Record<string, (name: string) => string>> = {
  "a key of an entry": (name) => `  ${name}: 1`,
  "a key of a schedule": (name) => `  schedules: [{cron: "0 0 * * *", ${name}: 1}]`,
  "a cron text": (name) => `  schedules: [{cron: ${name}}]`,
  "a type of a trigger": (name) => `  triggers: [{type: ${name}}]`,
  "an output of a step": (name) => `  build: [{some.step: {id: ${name}}}]\n  parameters: {n: "{{ ${name}.image }}"}`,
}

for (const [where, at] of Object.entries(places))
  for (const name of inherited)
    t.test(`${name} as ${where} is as any other word there`, async (t) => {
      const word = "zzzzzzzz"
      const of = (written: string) => {
        const { names, problems } = beside(at(written))
        const told = problems.map(
          ({ code, message }: Problem) =>
            `${code}: ${message.replaceAll(written, word).replace(/: did you mean.*/s, "")}`,
        )
        return { names, told }
      }
      t.strictSame(of(name), of(word))
      t.ok(of(name).names.includes("sound"))
    })

t.test("in Python code a call of such a name is of an unknown function, or method", async (t) => {
  for (const name of inherited)
    for (const call of [`${name}(3)`, `"x".${name}()`, `"x".${name}("y")`]) {
      const code = `from prefect import flow\nfrom odd import ${name}\n\n\n@flow\ndef my_flow(n=${call}):\n    pass\n`
      const unknown = code.replaceAll(name, "zzzzzzzz")
      t.strictSame(beside("", code), beside("", unknown), call)
    }
})
