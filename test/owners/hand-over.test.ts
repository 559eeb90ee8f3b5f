import t from "tap"
import { codes, openPair } from "../removal/pair.ts"
import { named, openWorld, project } from "../support/daemon.ts"

/** Taking over is a removal of the former owner: its guards are asked, and its people. */
const world = await openWorld()
t.setTimeout(900_000)
t.teardown(() => world[Symbol.asyncDispose]())

await t.test("one commit that empties a source gives nothing away, and its revert ends all holds", async (t) => {
  const { name, daemon, from, to, live, turns } = await openPair(world, "emptied")
  to.commit(project(name, named("own", "stays", "moves")))
  t.match(await daemon.sync("to"), { deployments: { conflicts: 2 } })
  const before = await live()
  from.commit({ "prefect.yaml": "deployments: []\n" })
  for (const order of [
    ["to", "from"],
    ["from", "to"],
  ]) {
    await turns(daemon, ...order)
    t.strictSame(await live(), before)
  }
  const [taker, giver] = [await daemon.status("to"), await daemon.status("from")]
  t.strictSame([taker.state, codes(taker), giver.state, codes(giver)], ["held", ["empty"], "held", ["empty"]])
  t.match(taker.hold?.reasons, [{ message: /^source from owns 2 deployments that Git has here now: Git declares no/ }])
  t.match(taker.hold?.release, ["confirm it on the source that loses them: lockstep status from"])
  t.match(giver.hold?.release, [`lockstep confirm from ${giver.hold?.digest}`])
  from.commit(project(name, named("stays", "moves")))
  t.match(await turns(daemon, "from", "to"), [
    { state: "synced" },
    { state: "degraded", deployments: { conflicts: 2 } },
  ])
  t.strictSame(await live(), before)
})

await t.test("once it is confirmed on the source that loses them, the other takes them, with their ids", async (t) => {
  const { name, daemon, from, to, live, turns } = await openPair(world, "confirmed-there")
  const before = await live()
  to.commit(project(name, named("own", "stays", "moves")))
  from.commit({ "prefect.yaml": "deployments: []\n" })
  await turns(daemon, "to", "from")
  const held = await daemon.status("to")
  t.match(await daemon.operate("to", "confirm", { digest: held.hold?.digest }), { body: { state: "held" } }, "not here")
  await daemon.confirm("from")
  t.match(await turns(daemon, "to", "from"), [{ state: "synced" }, { state: "synced" }])
  const after = await live()
  t.strictSame([after["stays"]?.id, after["moves"]?.id], [before["stays"]?.id, before["moves"]?.id])
  t.match(after["moves"]?.tags, [/managed/, "gitops=confirmed-there/to"])
})

await t.test("from another repository it is asked about on the taker, and both sides say so", async (t) => {
  const { daemon, sources, move, moved, notMoved, turns } = await openPair(world, "asked")
  const [from, { handOverFrom: _, ...to }] = sources
  await daemon.configure({ sources: [from, to] })
  move()
  await turns(daemon, "from", "to", "from", "to")
  const [giver, taker] = [await daemon.status("from"), await daemon.status("to")]
  t.strictSame([codes(giver), codes(taker)], [["claimed-by"], ["hand-over"]])
  t.match(taker.hold?.reasons, [
    { message: /taken over from from, of another repository or ref: confirm, or set handOverFrom: \[from\]/ },
  ])
  await notMoved(t)
  t.equal((await daemon.confirm("to")).state, "synced")
  await moved(t)
  t.equal((await daemon.sync("from")).state, "synced")
})

await t.test("within one url and ref it needs no word", async (t) => {
  const name = "one-place"
  const repository = world.repository(name)
  const files = (a: readonly string[], b: readonly string[]) => ({
    ...project(name, {}),
    "a/prefect.yaml": project(name, named(...a))["prefect.yaml"] ?? "",
    "b/prefect.yaml": project(name, named(...b))["prefect.yaml"] ?? "",
  })
  repository.commit(files(["one", "two"], ["three"]))
  const source = (folder: string) => ({ name: folder, url: repository.url, manifests: [`${folder}/prefect.yaml`] })
  const daemon = await world.daemon({ installation: name, sources: [source("a"), source("b")] })
  await daemon.sync("a")
  await daemon.sync("b")
  const id = (await world.deployments(name))["two"]?.id
  repository.commit(files(["one"], ["two", "three"]))
  t.match(await daemon.sync("b"), { state: "synced", lastTurn: { changes: { adopt: 1 } } })
  t.equal((await daemon.sync("a")).state, "synced")
  t.equal((await world.deployments(name))["two"]?.id, id)
})

await t.test("more than the former owner's budget leaves only with its person's word, whoever takes it", async (t) => {
  const name = "over-budget"
  const many = ["m1", "m2", "m3"]
  const { daemon, sources, from, to, live, turns } = await openPair(world, name)
  from.commit(project(name, named("stays", "moves", ...many)))
  await daemon.sync("from")
  await daemon.configure({ sources: [{ ...sources[0], prune: { max: 2, maxPercent: 0 } }, sources[1]] })
  const before = await live()
  from.commit(project(name, named("stays", "moves")))
  to.commit(project(name, named("own", "m1", "m2")))
  await turns(daemon, "to", "from")
  t.strictSame([codes(await daemon.status("to")), codes(await daemon.status("from"))], [["budget"], ["budget"]])
  t.strictSame(await live(), before, "m3, which nobody takes, counts too")
})

await t.test("a former owner that can't be read now loses nothing", async (t) => {
  const { name, daemon, from, to, notMoved, moved } = await openPair(world, "unreadable-owner")
  from.commit(project(name, named("stays")))
  to.commit(project(name, named("own", "moves")))
  world.git.fault = ({ path }, response) => {
    if (!path.startsWith(`/${name}-from.git`)) return null
    response.writeHead(502).end()
    return { kind: "answered" }
  }
  t.match(await daemon.sync("to"), { deployments: { conflicts: 1 } })
  await notMoved(t)
  world.git.fault = null
  t.match(await daemon.sync("to"), { state: "synced" })
  await moved(t)
})
