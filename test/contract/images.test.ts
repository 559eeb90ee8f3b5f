import { writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { openPlanParts } from "../../src/cli/open-plan.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { lockstep } from "../cli/shell.ts"
import { openWorld, project, until, type LiveJson } from "../support/daemon.ts"
import { openSmallRegistry } from "../support/registry/small.ts"

/** `images: registry`, end to end: a real Prefect, a real Git server, and a registry that CI pushes to late. */
const world = await openWorld()
const registry = await openSmallRegistry()
t.teardown(async () => {
  await registry[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

const image = `${registry.host}/team/etl`
const isWrite = ({ method, path }: { method: string; path: string }): boolean =>
  method !== "GET" && !(method === "POST" && /\/(filter|count)$/.test(path))
const writes = (): readonly string[] =>
  world.gateway.requests.filter((request) => isWrite(request)).map(({ method, path }) => `${method} ${path}`)

/** The build that CI runs for each commit: an image tagged with its short id. */
const build = [
  { "prefect.deployments.steps.run_shell_script": { id: "commit", script: "git rev-parse --short HEAD" } },
  {
    "prefect_docker.deployments.steps.build_docker_image": {
      id: "build-image",
      image_name: image,
      tag: "{{ commit.stdout }}",
    },
  },
]
interface Live extends LiveJson {
  readonly job_variables: { readonly image: string; readonly env?: Record<string, string> }
  readonly pull_steps: readonly Record<string, { commit_sha?: string }>[]
}

/** A project whose flow file says something new in each version. */
function version(flow: string, n: number, fields: object = {}): Readonly<Record<string, string>> {
  const work_pool = { name: "pool", job_variables: { image: "{{ build-image.image }}" } }
  const files = project(flow, { a: { work_pool, ...fields } })
  const { deployments } = JSON.parse(files["prefect.yaml"] ?? "") as { deployments: object[] }
  return {
    "prefect.yaml": JSON.stringify({ build, deployments }),
    "flows.py": `${files["flows.py"] ?? ""}\nVERSION = ${n}\n`,
  }
}

async function lane(name: string, settings: object = {}) {
  const repository = world.repository(name)
  const commit = (n: number, fields: object = {}): string => repository.commit(version(name, n, fields)).slice(0, 7)
  const first = commit(1)
  const source = { name: "main", url: repository.url, images: "registry", registries: [{ host: registry.host }] }
  const daemon = await world.daemon({ installation: name, sources: [{ ...source, ...settings }] })
  const live = async (): Promise<Live> => (await world.deployments(name))["a"] as Live
  return { daemon, commit, first, live }
}

await t.test("a deployment keeps its image until CI has pushed the new one, and then moves by itself", async (t) => {
  const { daemon, commit, first, live } = await lane("late", { pull: "clone", pullCommit: "tree" })

  t.match(await daemon.sync("main"), {
    state: "progressing",
    deployments: { owned: 0 },
    problems: [{ severity: "warning", code: "image-unverified", key: "late/a", message: /has no team\/etl:/ }],
  })
  t.equal(await live(), undefined, "a create waits")
  await registry.push("team/etl", first)
  await until("the deployment is made", async () => Boolean(await live()))
  const before = await live()
  t.equal(before.job_variables.image, `${image}:${first}`)
  t.match(await daemon.sync("main"), { state: "synced", problems: [] })

  const looks = registry.requests.length
  world.gateway.requests.length = 0
  await daemon.sync("main")
  t.strictSame(writes(), [])
  t.equal(registry.requests.length, looks, "what is live already isn't asked for")

  const second = commit(2)
  t.match(await daemon.sync("main"), { state: "progressing", problems: [{ code: "image-unverified" }] })
  await daemon.sync("main")
  t.strictSame(writes(), [], "nothing is written while the image isn't there")
  t.strictSame(await live(), before)
  await registry.push("team/etl", second)
  await until("it moves", async () => (await live()).job_variables.image === `${image}:${second}`)
  const after = await live()
  t.equal(after.id, before.id)
  t.match(after.pull_steps[0]?.["prefect.deployments.steps.git_clone"]?.commit_sha, second, "the code moves with it")
  t.equal(writes().filter((write) => write.startsWith("PATCH /deployments/")).length, 1)
  await until("it is in order", async () => (await daemon.status("main")).state === "synced")
})

await t.test("a manual sync asks at once, whatever was said a moment ago", async (t) => {
  const { daemon, first, live } = await lane("pushed")
  t.match(await daemon.sync("main"), { state: "progressing" })
  await registry.push("team/etl", first)
  t.match(await daemon.sync("main"), { state: "synced", lastTurn: { changes: { create: 1 } } })
  t.equal((await live()).job_variables.image, `${image}:${first}`)
})

await t.test("a registry that is away is no reason to move, nor to stop the rest", async (t) => {
  const { daemon, commit, first, live } = await lane("away")
  await registry.push("team/etl", first)
  await daemon.sync("main")
  registry.fault = (_asked, response) => Boolean(response.writeHead(500).end("<html>oops"))
  const second = commit(2, { parameters: { limit: 5 } })
  const status = await daemon.sync("main")
  t.match(status, {
    state: "progressing",
    problems: [{ code: "image-unverified", message: /isn't known: 127\.0\.0\.1:\d+ answers with status 500/ }],
  })
  t.match(await live(), { parameters: { limit: 5 }, job_variables: { image: `${image}:${first}` } })
  const metrics = await (await fetch(`${daemon.address}/metrics`)).text()
  t.match(metrics, /^lockstep_registry_requests_total\{result="there"\} 1$/m)
  t.match(metrics, /^lockstep_registry_requests_total\{result="unknown"\} [1-9]/m)
  registry.fault = null
  await registry.push("team/etl", second)
  await until("it moves", async () => (await live()).job_variables.image === `${image}:${second}`)
})

await t.test("a daemon that starts while the registry is away finds all in order", async (t) => {
  const { daemon, first } = await lane("restarted")
  await registry.push("team/etl", first)
  await daemon.sync("main")
  await daemon[Symbol.asyncDispose]()
  registry.fault = (_asked, response) => Boolean(response.destroy())
  world.gateway.requests.length = 0
  const source = { name: "main", url: `${world.git.url}/restarted.git`, images: "registry" }
  const again = await world.daemon({ installation: "restarted", sources: [source] })
  t.match(await again.sync("main"), { state: "synced", problems: [], deployments: { owned: 1 } })
  t.strictSame(
    writes().filter((write) => !write.includes("/variables/")),
    [],
  )
  registry.fault = null
})

await t.test("a plan without a daemon asks the registry too", async (t) => {
  const repository = world.repository("planned")
  const id = repository.commit(version("planned", 1)).slice(0, 7)
  const folder = t.testdir({})
  const source = { name: "main", url: repository.url, images: "registry", registries: [{ host: registry.host }] }
  const workspaces = [{ name: "default", apiUrl: world.prefect.url }]
  const config = { installation: "planned", workspaces, stateDir: "./state", sources: [source] }
  writeFileSync(join(folder, "lockstep.yaml"), JSON.stringify(config))
  const plan = () => lockstep(["plan"], { folder, clock: systemClock, openPlan: () => openPlanParts({}, systemClock) })
  t.match((await plan()).out, /image-unverified/)
  await registry.push("team/etl", id)
  const { code, out } = await plan()
  t.equal(code, 2)
  t.match(out, /planned\/a/)
  t.notMatch(out, /image-unverified/)
})
