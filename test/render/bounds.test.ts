import { Worker } from "node:worker_threads"
import t from "tap"
import { desiredOf, flow } from "./desired.ts"
import { bombs } from "./bombs.ts"

/** What hostile repositories can make of rendering: something undecided or a problem, and no memory. */

interface Told {
  readonly name: string
  readonly outcome: string
}

t.test("no default of a flow takes memory that its text doesn't have", async (t) => {
  const worker = new Worker(new URL("bombs.ts", import.meta.url), {
    workerData: "read",
    resourceLimits: { maxOldGenerationSizeMb: 160 },
    execArgv: [],
  })
  const told = await new Promise<readonly Told[]>((resolve, reject) => {
    worker.once("message", resolve)
    worker.once("error", reject)
  })
  for (const [name] of bombs) t.equal(told.find((one) => one.name === name)?.outcome, "undecided", name)
})

const entry = "{ name: d, entrypoint: flow.py:my_flow, work_pool: { name: p } }"

t.test("manifests that are too much together cost themselves only, and nothing may be removed", async (t) => {
  const large = `deployments:\n- ${entry}\n- name: e\n  parameters:\n    n: [${"1,".repeat(199_000)}]\n`
  const hostile = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x${i}/prefect.yaml`, large]))
  const desired = desiredOf({
    "flow.py": flow,
    "a/prefect.yaml": `deployments:\n- ${entry.replace("name: d", "name: first")}\n`,
    "z/prefect.yaml": `deployments:\n- ${entry.replace("name: d", "name: last")}\n`,
    ...hostile,
  })

  t.equal(desired.kind, "partial")
  t.strictSame([...desired.deployments.keys()], ["my-flow/first", "my-flow/last"])
  const unread = desired.problems.filter(({ code }) => code === "yaml-too-large")
  t.equal(unread.length, 30)
  t.match(unread[0], {
    severity: "error",
    file: /^x\d+\/prefect\.yaml$/,
    message: /more than 2,000,000 values together/,
  })
})

t.test("an entry pays for the steps that it inherits", async (t) => {
  const step = `- { prefect.deployments.steps.git_clone: { repository: x, more: [${"1,".repeat(100_000)}] } }`
  const entries = Array.from({ length: 30 }, (_, i) => `- ${entry.replace("name: d", `name: d${i}`)}`)
  const desired = desiredOf({
    "flow.py": flow,
    "prefect.yaml": `pull:\n${step}\ndeployments:\n${entries.join("\n")}\n`,
  })
  t.match(desired.problems, [{ code: "yaml-too-large", file: "prefect.yaml" }])
})

t.test("steps, triggers, strange keys and parameters are bounded in number", async (t) => {
  const whole = (more: string) =>
    desiredOf({ "flow.py": flow, "prefect.yaml": `deployments:\n- ${entry.slice(0, -2)}, ${more} }\n` }).problems
  const items = (text: string, count: number) => Array.from({ length: count }, () => text).join(", ")
  const named = (count: number) => Array.from({ length: count }, (_, i) => `key${i}: 1`).join(", ")
  t.match(whole(`build: [${items("{ a: {} }", 1_001)}]`), [{ code: "wrong-type", message: /more than 1000 steps/ }])
  t.match(whole(`triggers: [${items("{}", 1_001)}]`), [{ code: "trigger-invalid", message: /at most 1000 triggers/ }])
  t.equal(whole(named(5_000)).length, 100)
  t.equal(whole(`parameters: { ${named(5_000)} }`).length, 500)
})

t.test("a text is bounded with its placeholders filled in", async (t) => {
  const inputs = { variables: new Map([["x", "y".repeat(5_000)]]) }
  const text = "{{ prefect.variables.x }}".repeat(1_000)
  const yaml = `deployments:\n- ${entry.slice(0, -2)}, description: "${text}" }\n`
  const { problems } = desiredOf({ "flow.py": flow, "prefect.yaml": yaml }, { inputs })
  t.match(problems, [{ code: "wrong-type", message: /too long with its placeholders/ }])
})
