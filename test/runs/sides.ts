import { execFile, spawn, type ChildProcess } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import { promisify } from "node:util"
import { openWorld, pause, type World } from "../support/daemon.ts"
import type { GitRepository } from "../support/git-server.ts"
import type { PrefectVersion } from "../support/prefect/server.ts"
import { makeBlock, openPrivateHost, type PrivateHost } from "./access.ts"
import { errorIn, type Pair, type Ran } from "./judge.ts"
import type { Layout } from "./layouts.ts"

const run = promisify(execFile)
const pollMs = 300
const pollsMax = 2_000
const logPollsMax = 200
const runsAtOnce = "3"

/**
 * The same repositories on two servers, by the real `prefect deploy` and by a real daemon; a real process worker on each
 * runs every deployment once.
 */
export async function runBoth(version: PrefectVersion, layouts: readonly Layout[]): Promise<readonly Pair[]> {
  await using opened = new AsyncDisposableStack()
  const [theirs, ours] = (
    await Promise.all([openWorld({ version, services: true }), openWorld({ version, services: true })])
  ).map((world) => opened.use(world)) as [World, World]
  const base = mkdtempSync(join(tmpdir(), "lockstep-runs-"))
  opened.defer(() => rmSync(base, { recursive: true, force: true }))
  const host = await openPrivateHost(base)
  opened.use(host.server)
  const repositories = new Map(
    layouts.map(({ name, isPrivate }) => [
      name,
      isPrivate ? host.server.createRepository(name) : ours.repository(name),
    ]),
  )
  await Promise.all([theirs, ours].map((world) => makeBlock(world)))
  const commits = new Map(layouts.map((layout) => [layout.name, commitAll(layout, repositories)]))
  const image = join(base, "image")
  const paths = furnish(base, image, layouts, repositories)
  const surroundings = { version, base, image, paths, host }
  opened.use(startWorker(theirs, { ...surroundings, name: "theirs" }))
  opened.use(startWorker(ours, { ...surroundings, name: "ours" }))
  const [prefect, lockstep] = await Promise.all([
    deployAll(theirs, layouts, surroundings).then(() => runAll(theirs)),
    reconcile(ours, layouts, repositories, surroundings).then(() => runAll(ours)),
  ])
  return layouts.flatMap((layout) => {
    const mine = (runs: ReadonlyMap<string, Ran>): readonly string[] =>
      [...runs.keys()].filter((key) => key.startsWith(`${layout.name}/`))
    return [...new Set([...mine(prefect), ...mine(lockstep)])].map((key) => ({
      layout,
      key,
      prefect: prefect.get(key) ?? null,
      lockstep: lockstep.get(key) ?? null,
      commit: commits.get(layout.name) ?? "",
    }))
  })
}

type Repositories = ReadonlyMap<string, GitRepository>
interface Surroundings {
  readonly version: PrefectVersion
  readonly base: string
  /** What workers find at `/opt/prefect`. */
  readonly image: string
  /** Packages that are installed. */
  readonly paths: readonly string[]
  readonly host: PrivateHost
}

function commitAll({ name, files }: Layout, repositories: Repositories): string {
  const repository = repositories.get(name) as GitRepository
  const texts = Object.entries(files).map(([path, text]) => [path, text.replaceAll("{{URL}}", repository.url)])
  return repository.commit(Object.fromEntries(texts) as Layout["files"])
}

/** Checkouts, as a CI job has them, and of these what goes into the image and what is installed. */
function furnish(
  base: string,
  image: string,
  layouts: readonly Layout[],
  repositories: Repositories,
): readonly string[] {
  mkdirSync(image)
  writeFileSync(join(image, "ROOT"), "")
  return layouts.flatMap((layout) => {
    const checkout = join(base, layout.name)
    repositories.get(layout.name)?.git("clone", "--quiet", "--recurse-submodules", ".", checkout)
    if (layout.image) cpSync(join(checkout, layout.image.from), join(image, layout.image.to), { recursive: true })
    if (layout.installed === undefined) return []
    const installed = join(base, "installed", layout.name)
    cpSync(join(checkout, layout.installed), installed, { recursive: true })
    return [installed]
  })
}

function environment(world: World, base: string, paths: readonly string[], { caFile }: PrivateHost): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: base,
    PREFECT_HOME: join(base, "home"),
    PREFECT_API_URL: world.prefect.url,
    PREFECT_SERVER_ANALYTICS_ENABLED: "false",
    PREFECT_WORKER_QUERY_SECONDS: "1",
    PREFECT_LOGGING_TO_API_BATCH_INTERVAL: "0.5",
    PYTHONPATH: paths.join(delimiter),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_SSL_CAINFO: caFile,
  }
}

/** Stands in for `prefect_docker`, whose step gives out names without an image being built. */
const dockerSteps =
  "def build_docker_image(image_name, tag=None, **_):\n    return {'image_name': image_name, 'tag': tag, 'image': f'{image_name}:{tag}'}\n"

async function deployAll(
  world: World,
  layouts: readonly Layout[],
  { version, base, paths, host }: Surroundings,
): Promise<void> {
  const docker = join(base, "docker", "prefect_docker", "deployments", "steps")
  mkdirSync(docker, { recursive: true })
  for (const folder of [docker, join(docker, ".."), join(docker, "../..")])
    writeFileSync(join(folder, "__init__.py"), "")
  writeFileSync(join(docker, "__init__.py"), dockerSteps)
  const env = environment(world, base, [join(base, "docker"), ...paths], host)
  const python = resolve(`.cache/prefect-${version}/bin/python`)
  // One after the other, as a CI job does: each is a Python that imports all of Prefect.
  for (const { name, deploy } of layouts)
    for (const { from, file } of deploy) {
      const args = ["-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file]
      await run(python, args, { cwd: join(base, name, from), env })
    }
}

async function reconcile(
  world: World,
  layouts: readonly Layout[],
  repositories: Repositories,
  { version, host }: Surroundings,
): Promise<void> {
  const sources = layouts.map(({ name, source, isPrivate }) => {
    return { name, url: repositories.get(name)?.url, ...source, ...(isPrivate && host.source) }
  })
  const defaults = { images: "trust", pullCommit: version === "3.2.0" ? "none" : "tree" }
  await using daemon = await world.daemon({ installation: "runs", defaults, sources })
  for (const { name } of layouts) {
    const status = await daemon.sync(name)
    if (status.state !== "synced") throw new Error(`${name} is ${status.state}: ${JSON.stringify(status.problems)}`)
  }
}

interface Deployment {
  readonly id: string
  readonly name: string
  readonly flow_id: string
}
interface FlowRun {
  readonly id: string
  readonly state_type: string
}
const ended = new Set(["COMPLETED", "FAILED", "CRASHED", "CANCELLED"])

/** One run of every deployment, by `flow/deployment`. */
async function runAll({ call }: World): Promise<ReadonlyMap<string, Ran>> {
  const deployments = await call<readonly Deployment[]>("POST", "/deployments/filter", { limit: 200 })
  const flows = await call<readonly { id: string; name: string }[]>("POST", "/flows/filter", { limit: 200 })
  const runs = new Map<string, string>()
  for (const { id, name, flow_id: flow } of deployments) {
    const made = await call<FlowRun>("POST", `/deployments/${id}/create_flow_run`, { state: { type: "SCHEDULED" } })
    runs.set(`${flows.find((each) => each.id === flow)?.name}/${name}`, made.id)
  }
  const ids = [...runs.values()]
  for (let polls = 0; ; polls += 1) {
    const now = await call<readonly FlowRun[]>("POST", "/flow_runs/filter", {
      flow_runs: { id: { any_: ids } },
      limit: 200,
    })
    const states = new Map(now.filter((one) => ended.has(one.state_type)).map((one) => [one.id, one.state_type]))
    if (states.size === ids.length || polls >= pollsMax) {
      return new Map(
        await Promise.all(
          [...runs].map(async ([key, id]) => [key, await ranAs(call, id, states.get(id) ?? null)] as const),
        ),
      )
    }
    await pause(pollMs)
  }
}

/** Logs come a while after the state. */
async function ranAs(call: World["call"], id: string, state: string | null): Promise<Ran> {
  const filter = { logs: { flow_run_id: { any_: [id] } }, sort: "TIMESTAMP_ASC", limit: 200 }
  for (let polls = 0; ; polls += 1) {
    const logs = await call<readonly { message: string }[]>("POST", "/logs/filter", filter)
    const lines = logs.map(({ message }) => message)
    const line = lines.find((one) => one.startsWith("SEEN "))
    const seen: unknown = line === undefined ? null : JSON.parse(line.slice(5))
    const error = errorIn(lines)
    const isWhole = state === "COMPLETED" ? seen !== null : error !== null
    if (state === null || isWhole || polls >= logPollsMax)
      return { state, seen, error, log: lines.join("\n").slice(-2_000) }
    await pause(pollMs)
  }
}

/** In a mount namespace of its own, where `/opt/prefect` is the image's folder. */
function startWorker(
  world: World,
  { version, base, image, paths, host, name }: Surroundings & { name: string },
): AsyncDisposable {
  const prefect = resolve(`.cache/prefect-${version}/bin/prefect`)
  const folder = join(base, `worker-${name}`)
  mkdirSync(folder)
  const script = `mount -t tmpfs none /opt && mkdir /opt/prefect && mount --bind "$0" /opt/prefect && exec "$@"`
  const worker = [prefect, "worker", "start", "--pool", "pool", "--type", "process", "--limit", runsAtOnce]
  const isolated = ["--user", "--map-root-user", "--mount", "sh", "-c", script, image, ...worker]
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", ...isolated], {
    cwd: folder,
    env: environment(world, folder, paths, host),
    stdio: process.env["SHOW_WORKER"] ? "inherit" : "ignore",
    detached: true,
  })
  return { [Symbol.asyncDispose]: () => stop(child) }
}

/** With the runs that it started, which are in its process group. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const exit = new Promise((done) => child.once("exit", done))
  process.kill(-child.pid, "SIGKILL")
  await exit
}
