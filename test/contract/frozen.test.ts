import t from "tap"
import { openWorld, pause, project, until, type LiveJson } from "../support/daemon.ts"
import { kill, startLockstep, type Lockstep } from "../support/process.ts"
import { openProxy } from "../support/proxy.ts"

/** A daemon that sleeps in the middle of its writes while another one works on: what it knew is old when it wakes. */
const world = await openWorld()
const proxy = await openProxy(world.prefect.url)
t.setTimeout(240_000)
t.teardown(async () => {
  await proxy[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})
const folder = t.testdir()
/** Longer than any check stands. */
const sleepMs = 4_000
type Asked = Parameters<NonNullable<typeof proxy.fault>>[0]

/** Stops the daemon in the moment in which `when` first says so; what is asked is still answered. */
function stopAt(daemon: Lockstep, when: (asked: Asked) => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  proxy.fault = (asked) => {
    if (!when(asked)) return null
    proxy.fault = null
    daemon.process.kill("SIGSTOP")
    resolve()
    return null
  }
  return promise
}

const isPatch = ({ method, path }: Asked): boolean => method === "PATCH" && path.startsWith("/deployments/")
const isDelete = ({ method }: Asked): boolean => method === "DELETE"
const standsBack = (daemon: Lockstep) =>
  until("the older one stands back", async () => /superseded|another daemon works on this source/.test(daemon.log()))

await t.test("frozen in the second of twelve updates, it writes none of the others when it wakes", async (t) => {
  const installation = "frozen-updates"
  const repository = world.repository(installation)
  const names = Array.from({ length: 12 }, (_, n) => `d${n}`)
  const limited = (limit: number) =>
    project(installation, Object.fromEntries(names.map((name) => [name, { parameters: { limit } }])))
  const live = () => world.deployments(installation)
  const have = async (limit: number) => {
    const all = Object.values(await live())
    return all.length === names.length && all.every(({ parameters }) => parameters["limit"] === limit)
  }
  repository.commit(limited(1))
  const sources = [{ name: "main", url: repository.url }]
  const older = startLockstep(folder, "older-updates", { apiUrl: proxy.url, installation, sources })
  t.teardown(() => kill(older))
  await until("all are made", () => have(1))
  let patches = 0
  const frozen = stopAt(older, (asked) => isPatch(asked) && ++patches === 2)
  repository.commit(limited(2))
  await frozen
  const fellAsleep = Date.now()
  repository.commit(limited(1))
  const newer = startLockstep(folder, "newer-updates", { apiUrl: world.prefect.url, installation, sources })
  t.teardown(() => kill(newer))
  await until("the newer one has taken the commit back", () => have(1))
  await pause(Math.max(0, sleepMs - (Date.now() - fellAsleep)))
  const asleep = proxy.seen.length
  older.process.kill("SIGCONT")
  await standsBack(older)
  t.equal(proxy.seen.slice(asleep).filter((asked) => isPatch(asked)).length, 0)
  t.ok(await have(1))
})

await t.test("frozen before it deletes, it deletes nothing that was restored meanwhile", async (t) => {
  const installation = "frozen-prune"
  const repository = world.repository(installation)
  const all = project(installation, { stays: {}, goes: {} })
  const goes = async (): Promise<LiveJson | undefined> => (await world.deployments(installation))["goes"]
  repository.commit(all)
  const sources = [{ name: "main", url: repository.url, prune: { grace: "0s" } }]
  const older = startLockstep(folder, "older-prune", { apiUrl: proxy.url, installation, sources })
  t.teardown(() => kill(older))
  await until("both are made", async () => (await goes()) !== undefined)
  const before = await goes()
  const frozen = stopAt(older, ({ path, body }) => path === "/flow_runs/filter" && body.includes(String(before?.id)))
  repository.commit(project(installation, { stays: {} }))
  await frozen
  const fellAsleep = Date.now()
  t.match(await goes(), { id: before?.id, paused: true })
  repository.commit(all)
  const newer = startLockstep(folder, "newer-prune", { apiUrl: world.prefect.url, installation, sources })
  t.teardown(() => kill(newer))
  await until("the newer one has restored it", async () => (await goes())?.paused === false)
  await world.call("POST", `/deployments/${before?.id}/schedule`, { start_time: new Date().toISOString() })
  await pause(Math.max(0, sleepMs - (Date.now() - fellAsleep)))
  const asleep = proxy.seen.length
  older.process.kill("SIGCONT")
  await standsBack(older)
  t.strictSame(
    proxy.seen.slice(asleep).filter((asked) => isDelete(asked)),
    [],
  )
  t.match(await goes(), { id: before?.id, paused: false })
})
