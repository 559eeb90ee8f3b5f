import { openWorld, project, until, type World } from "../support/daemon.ts"
import { kill, startLockstep } from "../support/process.ts"
import { openProxy, type Proxy } from "../support/proxy.ts"

/** Where a daemon is killed: at its n-th request to Prefect, counted from 1, before the server sees it or after. */
export interface Death {
  readonly request: number
  readonly side: "before" | "after"
}

export interface Stage extends AsyncDisposable {
  readonly world: World
  readonly proxy: Proxy
  readonly folder: string
}

export async function openStage(folder: string): Promise<Stage> {
  const world = await openWorld()
  const proxy = await openProxy(world.prefect.url)
  return {
    world,
    proxy,
    folder,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

const made = { a: {}, b: {}, c: {}, d: {} }
const kept = { a: {}, b: { parameters: { limit: 2 } }, e: { schedules: [{ cron: "1 1 * * *", slug: "other" }] } }
const settings = { prune: { grace: "0s" } }

/**
 * A source's first turn, cut off by kill -9; meanwhile Git lets two go, changes one and gets a new one. Returns what the
 * next daemon makes of it, once it is `kept`; null when the turn was over before it came to that request.
 */
export async function dieInFirstTurn(stage: Stage, { request, side }: Death): Promise<object | null> {
  const { world, proxy, folder } = stage
  const name = `killed-${side}-${request}`
  const repository = world.repository(name)
  repository.commit(project(name, made))
  const sources = [{ name: "main", url: repository.url, ...settings }]
  const first = startLockstep(folder, name, { apiUrl: proxy.url, installation: name, sources })
  const death = Promise.withResolvers<boolean>()
  let asked = 0
  proxy.fault = () => {
    if (++asked !== request) return null
    first.process.kill("SIGKILL")
    death.resolve(true)
    return { kind: side === "before" ? "reset" : "lose" }
  }
  const isOver = until("the turn is over", async () => /"turn ended|converged|synced/.test(first.log())).then(
    () => false,
    () => false,
  )
  const died = await Promise.race([death.promise, isOver])
  await kill(first)
  proxy.fault = null
  repository.commit(project(name, kept))
  const next = startLockstep(folder, name, { apiUrl: proxy.url, installation: name, sources })
  try {
    await until(`${name} converges`, async () => Object.keys(await world.deployments(name)).join() === "a,b,e")
    await until(`${name} is applied`, async () => (await world.deployments(name))["b"]?.parameters["limit"] === 2)
    const record = await world.record(name, "main")
    return died
      ? { url: record?.value["url"], held: /"code":"(source-changed|would-run-twice)"/.test(next.log()) }
      : null
  } finally {
    await kill(next)
  }
}
