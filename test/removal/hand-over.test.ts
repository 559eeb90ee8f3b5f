import t from "tap"
import { named, openWorld, project } from "../support/daemon.ts"
import { codes, openPair, ownerOf } from "./pair.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

for (const order of [
  ["from", "to"],
  ["to", "from"],
])
  await t.test(`a deployment that moves to another source keeps its id; turns: ${order.join(", then ")}`, async (t) => {
    const { daemon, move, moved, turns } = await openPair(world, `moves-${order[0]}-first`)
    move()
    await turns(daemon, ...order, ...order)
    await moved(t)
    t.strictSame(
      (await turns(daemon, ...order)).map(({ state }) => state),
      ["synced", "synced"],
    )
  })

for (const order of [
  ["from", "to"],
  ["to", "from"],
])
  await t.test(`across a restart between the two; turns: ${order.join(", restart, ")}`, async (t) => {
    const { daemon, start, move, moved, turns } = await openPair(world, `restart-${order[0]}-first`)
    move()
    await turns(daemon, order[0] ?? "")
    await daemon[Symbol.asyncDispose]()
    const again = await start()
    await turns(again, order[1] ?? "", ...order)
    await moved(t)
  })

await t.test("while the taker is suspended it is held (claimed-by), and taken over after that", async (t) => {
  const { daemon, move, moved, notMoved, turns } = await openPair(world, "taker-suspended")
  t.equal((await daemon.operate("to", "suspend", { reason: "release freeze" })).status, 200)
  move()
  const held = await daemon.sync("from")
  t.strictSame([held.state, codes(held), held.hold?.victims.length], ["held", ["claimed-by"], 1])
  t.match(
    held.hold?.release,
    [/^let the source that declares them take over/],
    "no command is named that wouldn't help",
  )
  await notMoved(t)
  const asked = await daemon.operate("from", "confirm", { digest: held.hold?.digest })
  t.strictSame(codes(asked.body), ["claimed-by"], "a confirmation doesn't make an outage of it")
  await notMoved(t)
  t.equal((await daemon.operate("to", "resume")).status, 200)
  await turns(daemon, "to", "from")
  await moved(t)
  t.equal((await daemon.status("from")).state, "synced")
})

await t.test("while the giver is suspended the taker takes what the giver's Git no longer has", async (t) => {
  const { daemon, move, moved, turns } = await openPair(world, "giver-suspended")
  await daemon.operate("from", "suspend", { reason: "x" })
  move()
  await turns(daemon, "to")
  await moved(t)
})

await t.test("while the taker is in plan mode it is held, and taken over once it may write", async (t) => {
  const { daemon, sources, move, moved, notMoved, turns } = await openPair(world, "taker-plans")
  await daemon.configure({ sources: [sources[0], { ...sources[1], apply: false }] })
  move()
  const [, held] = await turns(daemon, "to", "from")
  t.strictSame(codes(held ?? {}), ["claimed-by"])
  await notMoved(t)
  await daemon.configure({ sources })
  await turns(daemon, "to", "from")
  await moved(t)
})

await t.test("while the giver is in plan mode the taker takes it", async (t) => {
  const { daemon, sources, move, moved, turns } = await openPair(world, "giver-plans")
  await daemon.configure({ sources: [{ ...sources[0], apply: false }, sources[1]] })
  move()
  await turns(daemon, "to", "from")
  await moved(t)
})

await t.test("another owner's is left alone while that one declares it: the first keeps it", async (t) => {
  const { name, daemon, to, live } = await openPair(world, "conflict")
  const before = await live()
  to.commit(project(name, named("own", "moves")))
  t.match(await daemon.sync("to"), { state: "degraded", deployments: { conflicts: 1 } })
  t.strictSame(await live(), before)
})

await t.test("another installation takes it over once it is retired, and not before", async (t) => {
  const flow = "between-daemons"
  const [here, there] = [world.repository("here"), world.repository("there")]
  here.commit(project(flow, named("stays", "moves")))
  there.commit(project(flow, named("own", "moves")))
  const a = await world.daemon({ installation: "here", sources: [{ name: "main", url: here.url }] })
  await a.sync("main")
  const before = (await world.deployments(flow))["moves"]
  const b = await world.daemon({ installation: "there", sources: [{ name: "main", url: there.url }] })
  t.match(await b.sync("main"), { deployments: { conflicts: 1 } })
  t.strictSame((await world.deployments(flow))["moves"], before)
  here.commit(project(flow, named("stays")))
  t.equal((await a.sync("main")).lastTurn?.changes.retire, 1)
  t.strictSame(codes(await b.sync("main")), ["hand-over"], "of another repository, so a person is asked")
  t.equal((await b.confirm("main")).lastTurn?.changes.adopt, 1)
  const { moves } = await world.deployments(flow)
  t.strictSame(
    [moves?.id, moves?.paused, ownerOf(moves?.tags), moves?.tags.some((tag) => tag.startsWith("gitops-prune="))],
    [before?.id, false, "gitops=there/main", false],
  )
  t.equal((await a.sync("main")).state, "synced")
})
