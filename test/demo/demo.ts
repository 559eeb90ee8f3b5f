import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { openGitServer, type GitRepository } from "../support/git-server.ts"
import { freePort, openPrefect } from "../support/prefect/server.ts"
import { many, moreOrders, sample, withBadEntry, withoutWeekly } from "./sample.ts"
import { explain, fail, say, show, step } from "./stage.ts"

/**
 * `npm run demo`: real parts only, all of them on loopback and below .cache/demo: a Prefect server on SQLite, a Git
 * smart-HTTP server, and the daemon as a process of its own. `--keep` leaves it running.
 */
const keep = process.argv.includes("--keep")
const folder = resolve(".cache/demo")
const token = "demo-token"

interface Status {
  readonly state: string
  readonly hold?: {
    readonly digest: string
    readonly reasons: readonly { readonly message: string }[]
    readonly victims: readonly unknown[]
  }
  readonly problems: readonly {
    readonly code: string
    readonly message: string
    readonly file?: string
    readonly line?: number
  }[]
  readonly lastTurn: { readonly changes: Readonly<Record<string, number>> } | null
}
interface Deployment {
  readonly id: string
  readonly name: string
  readonly paused: boolean
  readonly tags: readonly string[]
  readonly parameters: Readonly<Record<string, unknown>>
}

async function main(): Promise<void> {
  await using opened = new AsyncDisposableStack()
  say("Lockstep demo: a real Prefect server, a real Git server, the daemon, and what happens.\n")
  await step("Install Prefect 3.8.8 (cached; about 30 s the first time)", async () => {
    const { status } = spawnSync("bash", ["test/support/prefect/install.sh", "3.8.8"], {
      stdio: ["ignore", "inherit", "inherit"],
    })
    if (status !== 0) throw new Error("the installation failed; see above")
  })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const prefect = opened.use(await step("Start Prefect", () => openPrefect("3.8.8", { services: true, ui: keep })))
  const git = opened.use(await openGitServer({ folder: `${folder}/git` }))
  const repository = git.createRepository("analytics")
  repository.commit(sample)
  await request(prefect.url, "POST", "/work_pools/", { name: "demo", type: "process" })
  const address = `http://127.0.0.1:${await freePort()}`
  const daemon = opened.adopt(startDaemon(prefect.url, repository.url, address), stopDaemon)
  const world = { prefect: prefect.url, lockstep: address, repository }
  await step("Start Lockstep and wait for its first turn", () => ready(address, daemon))
  await story(world)
  if (!keep) return
  say("\nStill running. Ctrl-C stops all of it.\n")
  say(`  Prefect UI   ${prefect.url.replace(/\/api$/, "")}`)
  say(`  Lockstep     ${address}/api/v1/sources   (token: ${token})`)
  say(`  metrics      ${address}/metrics`)
  say(`  repository   ${repository.url}`)
  say(`  status       npx lockstep status --server ${address} --token-file ${folder}/token`)
  await interrupted
}

interface World {
  readonly prefect: string
  readonly lockstep: string
  readonly repository: GitRepository
}

async function story(world: World): Promise<void> {
  const { repository } = world
  await step("Git has four deployments in two prefect.yaml files; Lockstep makes them", () =>
    expectThat(world, "the four are there", (all) => all.length === 4),
  )
  show(await deployments(world))

  await step("Push a commit that changes one parameter, and ask for a sync", async () => {
    repository.commit({ "prefect.yaml": moreOrders })
    await sync(world)
    await expectThat(world, "the parameter is applied", (all) => named(all, "nightly")?.parameters["limit"] === 900)
  })

  await step(
    "Edit a deployment through the Prefect API, as somebody in the UI would; Lockstep puts it back",
    async () => {
      const nightly = named(await deployments(world), "nightly")
      await request(world.prefect, "PATCH", `/deployments/${nightly?.id}`, { parameters: { region: "mars" } })
      await expectThat(world, "the edit is undone", (all) => named(all, "nightly")?.parameters["region"] === "eu")
    },
  )

  await step("Push an entry that can't work; it is reported, and the rest goes on", async () => {
    repository.commit({ "prefect.yaml": withBadEntry })
    const [problem] = (await sync(world)).problems
    if (!problem) throw new Error("no problem was reported")
    explain(`${problem.file}:${problem.line}  ${problem.code}: ${problem.message}`)
  })

  await step("Remove a deployment from Git: it is paused and marked, not deleted", async () => {
    repository.commit({ "prefect.yaml": withoutWeekly })
    await sync(world)
    await expectThat(
      world,
      "weekly is retired",
      (all) => named(all, "weekly")?.tags.includes("gitops-prune=pending") ?? false,
    )
    show(await deployments(world))
  })

  await step("Revert the commit: the very same deployment is back", async () => {
    const before = named(await deployments(world), "weekly")
    repository.commit({ "prefect.yaml": moreOrders })
    await sync(world)
    await expectThat(world, "weekly is restored", (all) => {
      const now = named(all, "weekly")
      return now?.id === before?.id && now?.paused === false
    })
  })

  await step(
    "Set the grace to 0s in the config (taken while running) and remove it again: now it is deleted",
    async () => {
      writeConfig(world.prefect, repository.url, world.lockstep, "0s")
      repository.commit({ "prefect.yaml": withoutWeekly })
      await expectThat(world, "weekly is gone", (all) => named(all, "weekly") === undefined)
    },
  )

  await step("Push ten more deployments, then remove all of them at once: that is held", async () => {
    repository.commit({ "more/prefect.yaml": many })
    await sync(world)
    repository.commit({ "more/prefect.yaml": null })
    const { hold } = await sync(world)
    if (!hold) throw new Error("nothing was held")
    explain(`held: ${hold.reasons[0]?.message}`)
    explain(`release: lockstep confirm analytics ${hold.digest}`)
  })

  await step("Confirm exactly that: the ten are deleted, and nothing else", async () => {
    const { hold } = await status(world)
    await request(world.lockstep, "POST", "/api/v1/sources/analytics/confirm", { digest: hold?.digest })
    await expectThat(world, "the ten are gone", (all) => all.length === 3)
    show(await deployments(world))
  })
  say("\nEverything happened as it should.")
}

function writeConfig(prefect: string, repository: string, address: string, grace: string): string {
  const path = `${folder}/lockstep.yaml`
  writeFileSync(`${folder}/token`, token)
  writeFileSync(
    path,
    `installation: demo
workspaces:
  - { name: default, apiUrl: "${prefect}", driftInterval: 2s }
stateDir: ./state
server: { listen: "${address.replace("http://", "")}", token: { file: ./token } }
sources:
  - name: analytics
    url: ${repository}
    ref: { branch: main }
    interval: 5s
    prune: { grace: ${grace} }
`,
  )
  return path
}

function startDaemon(prefect: string, repository: string, address: string): ChildProcess {
  const config = writeConfig(prefect, repository, address, "24h")
  const args = ["--pdeathsig", "KILL", process.execPath, "src/lockstep.js", "run", "--config", config]
  const log = openSync(`${folder}/lockstep.log`, "a")
  // All of it is on loopback, where a proxy of the environment leads nowhere; compiled code goes to the ignored folder.
  const apart = { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1", XDG_CACHE_HOME: resolve(".cache") }
  return spawn("setpriv", args, { stdio: ["ignore", log, log], env: { ...process.env, ...apart } })
}

async function stopDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null) return
  const ended = new Promise((done) => daemon.once("exit", done))
  daemon.kill("SIGTERM")
  await ended
}

async function ready(address: string, daemon: ChildProcess): Promise<void> {
  await until("Lockstep is ready", async () => {
    if (daemon.exitCode !== null) throw new Error(`Lockstep ended:\n${readFileSync(`${folder}/lockstep.log`, "utf8")}`)
    return fetch(`${address}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  })
}

async function request(base: string, method: string, path: string, body?: unknown): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(base + path, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.ok) return text === "" ? null : JSON.parse(text)
    // SQLite answers 503 when two write at once.
    if (response.status !== 503 || tries >= 10)
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
    await pause(200)
  }
}

async function deployments({ prefect }: World): Promise<readonly Deployment[]> {
  return (await request(prefect, "POST", "/deployments/filter", { sort: "NAME_ASC" })) as Deployment[]
}

async function sync({ lockstep }: World): Promise<Status> {
  return (await request(lockstep, "POST", "/api/v1/sources/analytics/sync?wait=60s")) as Status
}

async function status({ lockstep }: World): Promise<Status> {
  return (await request(lockstep, "GET", "/api/v1/sources/analytics")) as Status
}

function named(all: readonly Deployment[], name: string): Deployment | undefined {
  return all.find((deployment) => deployment.name === name)
}

async function expectThat(world: World, what: string, holds: (all: readonly Deployment[]) => boolean): Promise<void> {
  await until(what, async () => holds(await deployments(world)))
}

const patienceMs = 60_000

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const started = Date.now(); Date.now() - started < patienceMs;) {
    if (await holds()) return
    await pause(200)
  }
  throw new Error(`${what}: not within ${patienceMs / 1000} s`)
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}

const interrupted = new Promise<void>((done) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => (keep ? done() : process.exit(130)))
})

try {
  await main()
} catch (error) {
  fail(error)
  process.exitCode = 1
}
