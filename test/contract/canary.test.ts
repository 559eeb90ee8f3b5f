import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { openPlanParts } from "../../src/cli/open-plan.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { openWorld, project } from "../support/daemon.ts"
import { openProxy } from "../support/proxy.ts"
import { lockstep } from "../cli/shell.ts"

/**
 * A secret of the config in every place where a value can stand, one that only Prefect has, and a server that repeats both:
 * then everything that leaves the process is looked through.
 */

const world = await openWorld()
const proxy = await openProxy(world.prefect.url)
t.teardown(async () => {
  await proxy[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

const canary = `canary-/+=${"0123456789abcdef".repeat(60)}`
const strange = "strange-canary-7f3a"
const forms = [canary, canary.slice(10), canary.slice(0, 24), canary.slice(10, 40), strange]
const encoded = [encodeURIComponent(canary).slice(0, 24), Buffer.from(canary).toString("base64").slice(0, 24)]

t.test("no secret leaves the process, wherever it stands and whoever repeats it", async (t) => {
  const folder = t.testdir({ canary })
  const repository = world.repository("canary")
  const text = "{{ $CANARY }}"
  const entry = {
    description: `in a text ${text}, once more`,
    tags: [text],
    job_variables: { env: { STAGE: text, URL: `https://x/?a=${text}`, DB_PASSWORD: "in-git-canary" } },
  }
  repository.commit(project("canary", { first: entry, second: {} }))
  const source = { name: "main", url: repository.url, env: { CANARY: { file: join(folder, "canary") } } }
  const daemon = await world.daemon({
    installation: "canary",
    workspace: { name: "default", apiUrl: proxy.url },
    sources: [source],
  })
  await daemon.sync("main")
  const live = (await world.deployments("canary"))["first"]
  await world.call("PATCH", `/deployments/${live?.id}`, {
    job_variables: { env: { STAGE: "x", VAULT: strange }, command: `run ${strange}` },
  })
  const repeated = `no: ${canary}, ${encodeURIComponent(canary)}, ${Buffer.from(canary).toString("base64")}: ${canary.slice(0, 300)}`
  proxy.fault = ({ method, path }) =>
    method === "PATCH" && path.includes("/deployments/")
      ? { kind: "answer", status: 422, headers: {}, body: JSON.stringify({ detail: repeated }) }
      : null
  await daemon.sync("main")
  await daemon.operate("main", "suspend", { reason: `because of ${canary.slice(0, 200)}` })
  await daemon.operate("main", "resume")
  const config = {
    installation: "canary",
    workspaces: [{ name: "default", apiUrl: world.prefect.url }],
    sources: [source],
  }
  writeFileSync(join(folder, "lockstep.yaml"), JSON.stringify(config))
  const plan = (...flags: readonly string[]) =>
    lockstep(["plan", ...flags], { folder, clock: systemClock, openPlan: () => openPlanParts({}, systemClock) })
  const get = async (path: string) =>
    (await fetch(daemon.address + path, { headers: { authorization: "Bearer test-token" } })).text()

  const told: Readonly<Record<string, string>> = {
    "plan text": (await plan()).out,
    "plan Markdown": (await plan("--markdown")).out,
    "plan JSON": (await plan("--json")).out,
    log: daemon.log(),
    "history file": readFileSync(join(daemon.stateDir, "history.jsonl"), "utf8"),
    status: await get("/api/v1/sources/main"),
    plan: await get("/api/v1/sources/main/plan"),
    history: await get("/api/v1/sources/main/history"),
    metrics: await get("/metrics"),
    page: await get("/"),
    error: await get(`/api/v1/sources/${encodeURIComponent(canary.slice(0, 40))}`),
  }

  for (const [place, said] of Object.entries(told)) {
    t.ok(said.length > 50, place)
    t.strictSame(
      [...forms, ...encoded, "in-git-canary"].filter((form) => said.includes(form)),
      [],
      place,
    )
  }
  t.match(told["log"], /\[secret\]/, "it was there to be masked")
  t.match(told["plan text"], /\(hidden\)/)
})
