import { readdirSync, readFileSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { openWorld, project, until, type LiveJson, type World } from "../support/daemon.ts"
import { kill, startLockstep, type Lockstep } from "../support/process.ts"
import { openProxy, type Proxy } from "../support/proxy.ts"

/** Where a daemon is killed: at its n-th request to one of the two, counted from 1, before the server sees it or after. */
export interface Death {
  /** The first turn of a source, or one that follows a commit to a source that is settled. */
  readonly turn: "first" | "later"
  readonly at: "prefect" | "git"
  readonly request: number
  readonly side: "before" | "after"
  /** Whether every file that it kept is cut in half as well. */
  readonly damaged?: boolean
}

export interface Stage extends AsyncDisposable {
  readonly world: World
  readonly proxy: Proxy
  readonly folder: string
  /** What a daemon that nobody disturbs makes of the same commits. */
  readonly twin: Ended
}
/** What a kill must leave no trace in. */
interface Ended {
  readonly deployments: unknown
  readonly record: unknown
  readonly held: boolean
}

const made = { a: {}, b: {}, c: {}, d: {} }
const kept = { a: {}, b: { parameters: { limit: 2 } }, e: { schedules: [{ cron: "1 1 * * *", slug: "other" }] } }
const settings = { prune: { grace: "0s" } }

export async function openStage(folder: string): Promise<Stage> {
  const world = await openWorld()
  const proxy = await openProxy(world.prefect.url)
  const stage = { world, proxy, folder }
  return {
    ...stage,
    twin: await undisturbed(stage),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

type Bare = Pick<Stage, "world" | "proxy" | "folder">

async function undisturbed(stage: Bare): Promise<Ended> {
  const scene = openScene(stage, "killed-never")
  const daemon = scene.start()
  try {
    await scene.madeIsThere()
    scene.commitKept()
    return await scene.end(daemon)
  } finally {
    await kill(daemon)
  }
}

/**
 * A turn cut off by kill -9; then, or before it, Git lets two go, changes one and gets a new one. Returns what the next
 * daemon makes of it; null when the turn was over before it came to that request.
 */
export async function dieInTurn(stage: Stage, death: Death): Promise<Ended | null> {
  const { turn, at, request, side, damaged } = death
  const scene = openScene(stage, `killed-${turn}-${at}-${side}-${request}${damaged ? "-damaged" : ""}`)
  const isFirst = turn === "first"
  const first = scene.start()
  if (!isFirst) await scene.madeIsThere()
  const dies = scene.arm(first, death)
  if (!isFirst) scene.commitKept()
  const died = await Promise.race([dies, scene.isOver(turn)])
  await kill(first)
  scene.disarm()
  if (!died) return null
  if (damaged) scene.damage()
  if (isFirst) scene.commitKept()
  const next = scene.start()
  try {
    return await scene.end(next)
  } finally {
    await kill(next)
  }
}

function openScene({ world, proxy, folder }: Bare, name: string) {
  const repository = world.repository(name)
  repository.commit(project(name, made))
  const sources = [{ name: "main", url: repository.url, ...settings }]
  const names = async () => Object.keys(await world.deployments(name)).join()
  const isSettled = async () => typeof (await world.record(name, "main"))?.value["desired"] === "string"
  const isKept = async () => {
    const live = await world.deployments(name)
    return Object.keys(live).join() === "a,b,e" && live["b"]?.parameters["limit"] === 2
  }
  let keptCommit = ""
  const isRecorded = async () => {
    const value = (await world.record(name, "main"))?.value
    return value?.["revision"] === keptCommit && typeof value["desired"] === "string"
  }
  const arm = (daemon: Lockstep, { at, request, side }: Death): Promise<true> => {
    const death = Promise.withResolvers<true>()
    let asked = 0
    const isTheOne = (): boolean => {
      if (++asked !== request) return false
      daemon.process.kill("SIGKILL")
      death.resolve(true)
      return true
    }
    if (at === "prefect") {
      proxy.fault = () => (isTheOne() ? { kind: side === "before" ? "reset" : "lose" } : null)
    } else {
      world.git.fault = () => (isTheOne() ? { kind: "cut", afterBytes: side === "before" ? 0 : 100 } : null)
    }
    return death.promise
  }
  return {
    arm,
    disarm() {
      proxy.fault = null
      world.git.fault = null
    },
    start: () => startLockstep(folder, name, { apiUrl: proxy.url, installation: name, sources }),
    commitKept() {
      keptCommit = repository.commit(project(name, kept))
    },
    madeIsThere: () => until(`${name} is made`, async () => (await names()) === "a,b,c,d" && (await isSettled())),
    /** The turn came to its end without that many requests. */
    async isOver(turn: Death["turn"]): Promise<false> {
      await until(
        "the turn is over",
        turn === "first" ? isSettled : async () => (await isKept()) && (await isRecorded()),
      )
      return false
    },
    damage() {
      const state = join(folder, `${name}.state`)
      for (const entry of readdirSync(state, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        const path = join(entry.parentPath, entry.name)
        truncateSync(path, Math.floor(readFileSync(path).length / 2))
      }
    },
    async end(daemon: Lockstep): Promise<Ended> {
      await until(`${name} converges`, isKept)
      await until(`${name} is recorded`, isRecorded)
      const { url, revision, desired, ...value } = (await world.record(name, "main"))?.value ?? {}
      return {
        deployments: plain(name, await world.deployments(name)),
        record: {
          ...unequalByNature(name, value),
          isWhole: [url, revision, desired].every((one) => typeof one === "string"),
        },
        held: /"code":"(source-changed|would-run-twice)"|"kind":"held"/.test(daemon.log()),
      }
    },
  }
}

/** Ids, times and the scene's own name differ from twin to twin. */
function plain(name: string, live: Readonly<Record<string, LiveJson>>): unknown {
  return unequalByNature(
    name,
    Object.values(live).map(({ name: key, paused, tags, parameters, schedules }) => ({
      key,
      paused,
      tags: tags.toSorted(),
      parameters,
      schedules: schedules.map(({ active, slug }) => ({ active, slug })),
    })),
  )
}

function unequalByNature<T>(name: string, value: T): T {
  const hidden = JSON.stringify(value, (key, one: unknown) => (key === "instance" || key === "selection" ? "" : one))
  return JSON.parse(hidden.replaceAll(name, "killed").replaceAll(/gitops-mark=[0-9a-f]{8}/g, "gitops-mark=")) as T
}
