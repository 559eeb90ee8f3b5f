import t from "tap"
import { pruneTag } from "../../src/core/mark.ts"
import type { LiveDeployment, WorkspaceName } from "../../src/core/model.ts"
import { recordJson, recordName, refText, selectionDigest, emptyRecord } from "../../src/core/record.ts"
import type { Source } from "../../src/core/source.ts"
import { isoTime } from "../../src/lib/clock.ts"
import { Events } from "../../src/observe/events.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import { memoryOf, openState } from "../../src/reconcile/memory.ts"
import { confirmHold } from "../../src/reconcile/operate.ts"
import { Snapshots } from "../../src/reconcile/snapshots.ts"
import { runTurn } from "../../src/reconcile/turn.ts"
import { etl, installation, liveSchedule, other, owned, sourceOf } from "../core/builders.ts"
import { ModelGit, ModelPrefect, SteppedClock } from "./model.ts"

/**
 * Each precondition of a removal taken away alone, once before the decision and, where it can change in between, once
 * between the decision and the write. With all of them in place the removal happens: that is the first row.
 */
const graceMs = 3_600_000
type Stage = "retire" | "prune"
type Scene = ReturnType<typeof open>

function open(stage: Stage) {
  const clock = new SteppedClock()
  const prefect = new ModelPrefect(clock)
  const git = new ModelGit()
  const source = sourceOf({ prune: { graceMs } })
  const sibling = sourceOf({}, { name: other, remote: { url: "other", credentials: null, caFile: null } })
  const sources: Source[] = [source, sibling]
  git.commit(source.remote.url, { names: { stays: 1 }, complete: true })
  git.commit("other", { names: {}, complete: true })
  const fields = { entrypoint: "f.py:f", parameters: { limit: 1 }, schedules: [liveSchedule("s")] }
  const tags = stage === "prune" ? [pruneTag("pending")] : []
  const goes = {
    ...owned("f/goes", { ...fields, paused: stage === "prune" }, { letters: "ehs", tags }),
    updated: isoTime(clock.now() - graceMs - 1_000),
  }
  prefect.add(goes)
  prefect.add({ ...owned("f/stays", fields, { letters: "ehs" }), updated: goes.updated })
  const record = {
    ...emptyRecord,
    source: `${installation}/${etl}`,
    url: source.remote.url,
    ref: refText(source.ref),
    selection: selectionDigest(source),
  }
  const keep = (change: object) =>
    prefect.values.set(recordName({ installation, source: etl }), recordJson({ ...record, ...change }))
  keep({})
  const drain = new AbortController()
  return { clock, prefect, git, sources, goes, keep, drain, stage }
}

/** A start of the daemon in the scene; each turn of the source is one step further. */
function start({ clock, prefect, git, sources, drain }: Scene) {
  const secrets = { read: () => Promise.reject(new Error("none")), mask: (text: string) => text }
  const events = new Events(() => undefined)
  const context = {
    installation,
    version: "1",
    instance: "me",
    git: git.port,
    render: git.render,
    images: git.images,
    bulkheads: new Bulkheads(clock),
    secrets,
    clock,
    events,
  }
  const snapshots = new Snapshots(prefect, clock, 300_000)
  const workspace = openState({ name: "default" as WorkspaceName, port: prefect, snapshots, driftIntervalMs: 30_000 })
  for (const one of sources) memoryOf(workspace, one)
  const { signal } = new AbortController()
  const signals = { drain: drain.signal, abort: signal, look: signal }
  const [source] = sources as [Source]
  const turn = (trigger: "sync" | "interval") => {
    const requestedAt = trigger === "sync" ? clock.now() : null
    return runTurn(context, source, workspace, { taken: { source: source.name, trigger, requestedAt }, signals })
  }
  const confirm = (digest: string) => confirmHold({ source, workspace }, digest)
  return { turn, confirm }
}

/** Whether a turn of the source removes it. */
async function removes(scene: Scene): Promise<boolean> {
  const { prefect, goes, stage } = scene
  await start(scene).turn("sync")
  const now = prefect.deployments.get(goes.id)
  return stage === "prune" ? now === undefined : now?.allTags.includes(pruneTag("pending")) === true
}

const change = (scene: Scene, how: (live: LiveDeployment) => Partial<LiveDeployment>): void => {
  const { prefect, goes } = scene
  const live = prefect.deployments.get(goes.id)
  if (live) prefect.add({ ...live, ...how(live) })
}
const retag = (scene: Scene, how: (tags: readonly string[]) => readonly string[]): void =>
  change(scene, (live) => ({ allTags: how(live.allTags) }))
const settings = (scene: Scene, how: (source: Source) => Partial<Source>): void => {
  const [source] = scene.sources as [Source]
  scene.sources[0] = { ...source, ...how(source) }
}
const suspend = { reason: "", by: "", since: "2026-11-24T11:00:00Z", until: null }

const ours: Readonly<Record<string, (scene: Scene) => void>> = {
  "the owner tag is another source's": (scene) =>
    retag(scene, (tags) => tags.map((tag) => tag.replace("/etl", "/other"))),
  "the owner tag is another installation's": (scene) =>
    retag(scene, (tags) => tags.map((tag) => tag.replace("=prod/", "=test/"))),
  "the mark's check is that of another key": (scene) =>
    retag(scene, (tags) => tags.map((tag) => tag.replace(/^gitops-mark=[0-9a-f]+/, "gitops-mark=00000000"))),
  "there is a second owner tag": (scene) => retag(scene, (tags) => [...tags, "gitops=prod/other"]),
  "there is a second mark": (scene) => retag(scene, (tags) => [...tags, "gitops-mark=00000000."]),
  "managed-by=gitops is missing": (scene) => retag(scene, (tags) => tags.filter((tag) => tag !== "managed-by=gitops")),
  "gitops-prune=never is on it": (scene) => retag(scene, (tags) => [...tags, pruneTag("never")]),
}

const decided: Readonly<Record<string, (scene: Scene) => void>> = {
  ...ours,
  "Git has it again": ({ git, sources }) =>
    git.commit(sources[0]?.remote.url ?? "", { names: { stays: 1, goes: 1 }, complete: true }),
  "a file of the source can't be read": ({ git, sources }) =>
    git.commit(sources[0]?.remote.url ?? "", { names: { stays: 1 }, complete: false }),
  "Git is away": ({ git, sources }) => void git.down.add(sources[0]?.remote.url ?? ""),
  "the listing fails": ({ prefect }) => void (prefect.listingFails = true),
  "a write of this turn fails": ({ git, prefect, sources }) => {
    git.commit(sources[0]?.remote.url ?? "", { names: { stays: 2 }, complete: true })
    prefect.deniesPatchOf = "stays"
  },
  "a create waits for its image": ({ git, sources }) =>
    git.commit(sources[0]?.remote.url ?? "", { names: { stays: 1, next: 1 }, complete: true, waiting: ["next"] }),
  "the url is another one": ({ keep }) => keep({ url: "https://git.example.com/other.git" }),
  "the ref is another one": ({ keep }) => keep({ ref: "branch other" }),
  "the selection is another one": ({ keep }) => keep({ selection: "0".repeat(64) }),
  "there is no record": ({ prefect }) => prefect.values.clear(),
  "the record is unreadable": ({ prefect }) => {
    for (const name of prefect.values.keys()) prefect.values.set(name, { url: 7 })
  },
  "the source is suspended": ({ keep }) => keep({ suspend }),
  "the source only plans": (scene) => settings(scene, () => ({ apply: false })),
  "prune.mode is off": (scene) =>
    settings(scene, ({ policy }) => ({ policy: { ...policy, prune: { ...policy.prune, mode: "off" } } })),
  "another source declares it": ({ git }) => git.commit("other", { names: { goes: 1 }, complete: true }),
  "the daemon is shutting down": ({ drain }) => drain.abort(),
}

const decidedForRetire: typeof decided = {
  "Git has nothing at all": ({ git, sources }) =>
    git.commit(sources[0]?.remote.url ?? "", { names: {}, complete: true }),
  "the budget is 0": (scene) =>
    settings(scene, ({ policy }) => ({ policy: { ...policy, prune: { ...policy.prune, max: 0, maxPercent: 0 } } })),
  "the ceiling is 0": (scene) =>
    settings(scene, ({ policy }) => ({ policy: { ...policy, prune: { ...policy.prune, ceiling: 0 } } })),
  "prune.mode is confirm": (scene) =>
    settings(scene, ({ policy }) => ({ policy: { ...policy, prune: { ...policy.prune, mode: "confirm" } } })),
  "decommission isn't confirmed": (scene) => settings(scene, () => ({ decommission: true })),
  "its removal was vetoed": (scene) => retag(scene, (tags) => [...tags, pruneTag("vetoed")]),
  "another source could never be read": ({ git }) => void git.down.add("other"),
}

const decidedForPrune: typeof decided = {
  "the grace isn't over": (scene) => change(scene, () => ({ updated: isoTime(scene.clock.now() - graceMs + 1_000) })),
  "the grace is over by our clock only": (scene) => {
    scene.prefect.aheadMs = -86_400_000
    change(scene, () => ({ updated: isoTime(scene.clock.now() - 86_400_000 - graceMs + 1_000) }))
  },
  "a person un-paused it": (scene) => change(scene, ({ fields }) => ({ fields: { ...fields, paused: false } })),
  "its removal was vetoed": (scene) => retag(scene, (tags) => [...tags, pruneTag("vetoed")]),
  "the tag of its retirement is gone": (scene) =>
    retag(scene, (tags) => tags.filter((tag) => tag !== pruneTag("pending"))),
  "a run is active": ({ prefect }) => void (prefect.runCounts = { active: 1, manual: 0 }),
  "a run was scheduled by hand": ({ prefect }) => void (prefect.runCounts = { active: 0, manual: 1 }),
  "an automation acts on it": ({ prefect }) => void (prefect.actingAutomations = ["nightly check"]),
}

/** Between the decision and the write; `updated` doesn't tell, so each must be seen for itself. */
const raced: typeof decided = {
  ...ours,
  "somebody edited it": (scene) => change(scene, () => ({ updated: isoTime(scene.clock.now()) })),
  "somebody edited its schedules": (scene) => change(scene, () => ({ schedulesDigest: "other" })),
}
const racedForPrune: typeof decided = {
  "a person un-paused it": decidedForPrune["a person un-paused it"] as (scene: Scene) => void,
  "the tag of its retirement is gone": decidedForPrune["the tag of its retirement is gone"] as (scene: Scene) => void,
  "a run has started": ({ prefect }) => void (prefect.runCounts = { active: 1, manual: 0 }),
  "a run was scheduled by hand": ({ prefect }) => void (prefect.runCounts = { active: 0, manual: 1 }),
  "an automation acts on it": ({ prefect }) => void (prefect.actingAutomations = ["nightly check"]),
}

for (const [stage, before, between] of [
  ["retire", { ...decided, ...decidedForRetire }, raced],
  ["prune", { ...decided, ...decidedForPrune }, { ...raced, ...racedForPrune }],
] as const) {
  await t.test(`${stage}: with every precondition in place it happens`, async (t) => {
    t.equal(await removes(open(stage)), true)
  })
  for (const [what, spoil] of Object.entries(before))
    await t.test(`${stage}: not when ${what}`, async (t) => {
      const scene = open(stage)
      spoil(scene)
      t.equal(await removes(scene), false)
    })
  for (const [what, spoil] of Object.entries(between))
    await t.test(`${stage}: not when right before the write ${what}`, async (t) => {
      const scene = open(stage)
      const { prefect, goes } = scene
      let spoilt = 0
      prefect.onRead = ({ id }) => {
        if (id === goes.id && spoilt++ === 0) spoil(scene)
      }
      t.equal(await removes(scene), false)
      t.ok(spoilt > 0, "it had been decided")
    })
}

await t.test("prune: when the grace is over by the server's clock, whatever ours says", async (t) => {
  const scene = open("prune")
  scene.prefect.aheadMs = 86_400_000
  change(scene, () => ({ updated: isoTime(scene.clock.now() + 86_400_000 - graceMs - 1_000) }))
  t.equal(await removes(scene), true)
})

await t.test(
  "a removal is decided on live state that was listed for it, however fresh the shared one is",
  async (t) => {
    const scene = open("retire")
    const { git, prefect, sources } = scene
    const url = sources[0]?.remote.url ?? ""
    git.commit(url, { names: { stays: 1, goes: 1 }, complete: true })
    const { turn } = start(scene)
    await turn("sync")
    scene.clock.step(1_000)
    const before = prefect.listings
    git.commit(url, { names: { stays: 1 }, complete: true })
    let listed = 0
    prefect.onWrite = () => (listed ||= prefect.listings - before)
    t.match((await turn("interval")).results, [{ change: { action: "retire" }, result: "done" }])
    t.equal(listed, 1)
  },
)

await t.test("a retirement waits ten minutes for a sibling that can't be read, and no longer", async (t) => {
  const scene = open("retire")
  scene.git.down.add("other")
  const { turn } = start(scene)
  const retired = async () => (await turn("sync")).results.some(({ change }) => change.action === "retire")
  t.equal(await retired(), false)
  scene.clock.step(9 * 60_000)
  t.equal(await retired(), false)
  scene.clock.step(2 * 60_000)
  t.equal(await retired(), true)
})

await t.test("a confirmation is good for once: the very same hold later asks again", async (t) => {
  const scene = open("retire")
  decidedForRetire["the budget is 0"]?.(scene)
  const { git, sources } = scene
  const { turn, confirm } = start(scene)
  const declare = (names: Record<string, number>) => git.commit(sources[0]?.remote.url ?? "", { names, complete: true })
  const { hold } = await turn("sync")
  t.equal(confirm(hold?.digest ?? ""), null)
  t.match((await turn("sync")).results, [{ change: { action: "retire" }, result: "done" }])
  declare({ stays: 1, goes: 1 })
  t.match((await turn("sync")).results, [{ change: { action: "restore" }, result: "done" }])
  declare({ stays: 1 })
  const again = await turn("sync")
  t.strictSame([again.results, again.hold?.digest], [[], hold?.digest])
})

await t.test("a digest other than the hold's is refused at the door", async (t) => {
  const scene = open("retire")
  decidedForRetire["the budget is 0"]?.(scene)
  const { turn, confirm } = start(scene)
  await turn("sync")
  t.match(confirm("000000000000"), { code: "digest-mismatch" })
  t.strictSame((await turn("sync")).results, [])
})
