import t, { type Test } from "tap"
import { named, openWorld, project, type TestDaemon } from "../support/daemon.ts"

const world = await openWorld()
t.setTimeout(120_000)
t.teardown(() => world[Symbol.asyncDispose]())
const codes = ({ hold }: { hold?: { reasons: readonly { code: string }[] } }) => hold?.reasons.map(({ code }) => code)
const ownerOf = (tags: readonly string[] | undefined) => tags?.find((tag) => tag.startsWith("gitops="))

/** Two sources of one daemon; "moves" is in the first, and `move` puts it into the second. */
async function openPair(name: string) {
  const [from, to] = [world.repository(`${name}-from`), world.repository(`${name}-to`)]
  from.commit(project(name, named("stays", "moves")))
  to.commit(project(name, named("own")))
  const prune = { grace: "0s" }
  const sources = [
    { name: "from", url: from.url, prune },
    { name: "to", url: to.url, prune },
  ] as const
  const start = (next: readonly object[] = sources) =>
    world.daemon({ installation: name, sources: next as typeof sources })
  const daemon = await start()
  await daemon.sync("from")
  await daemon.sync("to")
  const live = () => world.deployments(name)
  const id = (await live())["moves"]?.id
  const move = () => {
    from.commit(project(name, named("stays")))
    to.commit(project(name, named("own", "moves")))
  }
  const moved = async (t: Test) => {
    const { moves } = await live()
    t.strictSame([moves?.id, moves?.paused, ownerOf(moves?.tags)], [id, false, `gitops=${name}/to`])
  }
  const notMoved = async (t: Test) => {
    const { moves } = await live()
    t.strictSame([moves?.id, moves?.paused, ownerOf(moves?.tags)], [id, false, `gitops=${name}/from`])
  }
  const turns = async (daemon: TestDaemon, ...names: readonly string[]) => {
    const ended = []
    for (const one of names) ended.push(await daemon.sync(one))
    return ended
  }
  return { name, from, to, sources, start, daemon, live, move, moved, notMoved, turns }
}

for (const order of [
  ["from", "to"],
  ["to", "from"],
])
  await t.test(`a deployment that moves to another source keeps its id; turns: ${order.join(", then ")}`, async (t) => {
    const { daemon, move, moved, turns } = await openPair(`moves-${order[0]}-first`)
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
    const { daemon, start, move, moved, turns } = await openPair(`restart-${order[0]}-first`)
    move()
    await turns(daemon, order[0] ?? "")
    await daemon[Symbol.asyncDispose]()
    const again = await start()
    await turns(again, order[1] ?? "", ...order)
    await moved(t)
  })

await t.test("while the taker is suspended it is held (claimed-by), and taken over after that", async (t) => {
  const { daemon, move, moved, notMoved, turns } = await openPair("taker-suspended")
  t.equal((await daemon.operate("to", "suspend", { reason: "release freeze" })).status, 200)
  move()
  const held = await daemon.sync("from")
  t.strictSame([held.state, codes(held), held.hold?.victims.length], ["held", ["claimed-by"], 1])
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
  const { daemon, move, moved, turns } = await openPair("giver-suspended")
  await daemon.operate("from", "suspend", { reason: "x" })
  move()
  await turns(daemon, "to")
  await moved(t)
})

await t.test("while the taker is in plan mode it is held, and taken over once it may write", async (t) => {
  const { daemon, sources, move, moved, notMoved, turns } = await openPair("taker-plans")
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
  const { daemon, sources, move, moved, turns } = await openPair("giver-plans")
  await daemon.configure({ sources: [{ ...sources[0], apply: false }, sources[1]] })
  move()
  await turns(daemon, "to", "from")
  await moved(t)
})

await t.test("while the taker's Git fails, what it declared last still counts", async (t) => {
  const { daemon, move, moved, notMoved, turns } = await openPair("taker-fails")
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

await t.test("a sibling that was never read makes every retirement wait, and no word releases it", async (t) => {
  const { name, daemon, start, from, to, live, turns } = await openPair("unknown")
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

await t.test("another owner's is left alone while that one declares it: the first keeps it", async (t) => {
  const { name, daemon, to, live } = await openPair("conflict")
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
  t.equal((await b.sync("main")).lastTurn?.changes.adopt, 1)
  const { moves } = await world.deployments(flow)
  t.strictSame(
    [moves?.id, moves?.paused, ownerOf(moves?.tags), moves?.tags.some((tag) => tag.startsWith("gitops-prune="))],
    [before?.id, false, "gitops=there/main", false],
  )
  t.equal((await a.sync("main")).state, "synced")
})
