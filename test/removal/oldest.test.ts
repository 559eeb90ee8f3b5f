import t from "tap"
import { named, openWorld } from "../support/daemon.ts"
import { openLane } from "../support/lane.ts"

const world = await openWorld({ version: "3.2.0" })
t.teardown(() => world[Symbol.asyncDispose]())

await t.test("on Prefect 3.2.0 too: recorded, retired, restored, suspended, and deleted after the grace", async (t) => {
  const lane = await openLane(world, "oldest", named("stays", "goes"), { prune: { grace: "1h" } })
  const { goes } = await lane.live()
  t.match((await world.record("oldest", "main"))?.value, { source: "oldest/main", url: lane.source.url })
  lane.commit(named("stays"))
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { retire: 1 } } })
  t.equal((await lane.live())["goes"]?.paused, true)
  lane.commit(named("stays", "goes"))
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { restore: 1 } } })
  const restored = (await lane.live())["goes"]
  t.strictSame([restored?.id, restored?.paused], [goes?.id, false])
  t.equal((await lane.daemon.operate("main", "suspend", { reason: "x" })).status, 200)
  t.match(await lane.daemon.operate("main", "resume"), { status: 200, body: { state: "synced" } })
  await lane.configure({ prune: { grace: "0s" } })
  lane.commit(named("stays"))
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { retire: 1, prune: 1 } } })
  t.strictSame(Object.keys(await lane.live()), ["stays"])
})
