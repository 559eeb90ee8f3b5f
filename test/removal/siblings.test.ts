import t from "tap"
import { named, openWorld, project } from "../support/daemon.ts"
import { codes, openPair } from "./pair.ts"

/** What is known of the other sources when one of them lets something go. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

await t.test("while the taker's Git fails, what it declared last still counts", async (t) => {
  const { daemon, move, moved, notMoved, turns } = await openPair(world, "taker-fails")
  // Seen by the taker, which conflicts as long as the giver declares it too.
  const { to, from } = { to: "taker-fails-to", from: "taker-fails-from" }
  move()
  let failing: string | null = from
  world.git.fault = ({ path }, response) => {
    if (failing === null || !path.startsWith(`/${failing}.git`)) return null
    response.writeHead(502).end()
    return { kind: "answered" }
  }
  const [conflict] = await turns(daemon, "to")
  t.match(conflict?.problems, [{ code: "owned-by-other" }])
  failing = to
  const held = await daemon.sync("from")
  t.strictSame([held.state, codes(held)], ["held", ["claimed-by"]])
  await notMoved(t)
  world.git.fault = null
  await turns(daemon, "to", "from")
  await moved(t)
})

await t.test("while a file of the taker can't be read, what it declared last still counts", async (t) => {
  const { name, daemon, from, to, move, moved, notMoved, turns } = await openPair(world, "taker-unreadable")
  to.commit(project(name, named("own", "moves")))
  t.match(await daemon.sync("to"), { deployments: { conflicts: 1 } })
  to.commit({ "prefect.yaml": "deployments: [" })
  from.commit(project(name, named("stays")))
  await turns(daemon, "to", "from")
  await notMoved(t)
  move()
  await turns(daemon, "to", "from")
  await moved(t)
})

await t.test("after a start, a taker whose only file can't be read makes every retirement wait", async (t) => {
  const { daemon, start, from, to, notMoved, turns, name } = await openPair(world, "taker-never-readable")
  await daemon[Symbol.asyncDispose]()
  to.commit({ "prefect.yaml": "deployments: [" })
  from.commit(project(name, named("stays")))
  const [held] = await turns(await start(), "from")
  t.strictSame(codes(held ?? {}), ["sibling-unknown"])
  await notMoved(t)
})

await t.test("after a start, a pinned taker counts as it is pinned, whoever has the first turn", async (t) => {
  const { name, daemon, start, from, to, moved, turns } = await openPair(world, "taker-pinned")
  to.commit(project(name, named("own", "moves")))
  const revision = to.git("rev-parse", "HEAD")
  await daemon.operate("to", "pin", { revision, reason: "x" })
  to.commit(project(name, named("own")))
  await daemon[Symbol.asyncDispose]()
  from.commit(project(name, named("stays")))
  const again = await start()
  const [first] = await turns(again, "from")
  t.match(first, { lastTurn: { changes: { retire: 0, prune: 0 } } })
  await turns(again, "to", "from")
  await moved(t)
})

await t.test("a sibling that was never read makes every retirement wait, and no word releases it", async (t) => {
  const { name, daemon, start, from, to, live, turns } = await openPair(world, "unknown")
  await daemon[Symbol.asyncDispose]()
  world.git.fault = ({ path }, response) => {
    if (!path.startsWith(`/${name}-to.git`)) return null
    response.writeHead(502).end()
    return { kind: "answered" }
  }
  const again = await start()
  from.commit(project(name, named("stays")))
  const [held] = await turns(again, "from")
  t.strictSame(codes(held ?? {}), ["sibling-unknown"])
  await again.operate("from", "confirm", { digest: held?.hold?.digest })
  t.equal((await live())["moves"]?.paused, false)
  world.git.fault = null
  to.commit(project(name, named("own")))
  t.match(await again.sync("from"), { state: "synced", lastTurn: { changes: { prune: 1 } } })
})
