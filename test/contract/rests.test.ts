import t from "tap"
import type { WorkspaceName } from "../../src/core/model.ts"
import type { Trigger } from "../../src/core/outcome.ts"
import { isoTime } from "../../src/lib/clock.ts"
import { GitError } from "../../src/lib/errors.ts"
import { Events } from "../../src/observe/events.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import { Loop } from "../../src/reconcile/loop.ts"
import { installation, owned, sourceOf } from "../core/builders.ts"
import { ModelGit, ModelPrefect } from "../removal/model.ts"
import { ManualClock } from "../support/manual-clock.ts"

const driftIntervalMs = 5_000
const workspace = "default" as WorkspaceName

/** One source whose Git server answers as told; what it was asked, and the triggers of its turns. */
function scene() {
  const clock = new ManualClock()
  const [prefect, git] = [new ModelPrefect(clock), new ModelGit()]
  const source = { ...sourceOf({}), workspace, intervalMs: 60_000 }
  const live = { ...owned("f/a", { entrypoint: "f.py:f" }), updated: isoTime(clock.now() - 1_000) }
  prefect.add(live)
  git.commit(source.remote.url, { names: { a: 1 }, complete: true })
  const polls: number[] = []
  const state = { refusal: null as GitError | null }
  const port = {
    ...git.port,
    resolve: (...asked: Parameters<typeof git.port.resolve>) => {
      polls.push(clock.now())
      if (state.refusal) throw state.refusal
      return git.port.resolve(...asked)
    },
  }
  const turns: Trigger[] = []
  const events = new Events((error) => t.fail(String(error)))
  let ended = Promise.withResolvers<void>()
  events.subscribe((event) => {
    if (event.kind === "turn-started") turns.push(event.trigger)
    if (event.kind !== "next-turn") return
    ended.resolve()
    ended = Promise.withResolvers()
  })
  const secrets = { read: () => Promise.reject(new Error("none")), mask: (text: string) => text }
  const { render, images } = git
  const bulkheads = new Bulkheads(clock)
  const loop = new Loop(
    { installation, version: "1", instance: "me", git: port, render, images, bulkheads, secrets, clock, events },
    { drainMs: 20_000 },
  )
  loop.setWorkspace(workspace, prefect, { driftIntervalMs, listIntervalMs: 3_600_000 })
  loop.setSource(source, "start", 0)
  loop.start()
  const edit = () => prefect.add({ ...live, updated: isoTime(clock.now()), fields: { ...live.fields, paused: true } })
  /** So that whatever is due now goes on until it waits again. */
  const settled = async () => {
    for (let round = 0; round < 200; round++) await new Promise((go) => setImmediate(go))
  }
  return { clock, loop, source, state, polls, turns, edit, settled, nextWait: () => ended.promise }
}

await t.test("whatever hints at a source, a server's Retry-After is over before it is asked again", async (t) => {
  const { clock, loop, source, state, polls, turns, edit, settled } = scene()
  await using _ = loop
  state.refusal = new GitError("slow down", { kind: "transient", code: "git-limited", retryAfterMs: 600_000 })
  await settled()
  t.strictSame(turns, ["start"])
  const refusedAt = clock.now()
  for (let second = 0; second < 590; second += 5) {
    edit()
    if (second % 50 === 0) loop.trigger(source.name, "webhook")
    clock.step(5_000)
    await settled()
  }
  t.strictSame(turns, ["start"], "an edit every five seconds and a webhook every fifty make no turn")
  t.equal(polls.length, 1)
  state.refusal = null
  clock.step(600_000 - (clock.now() - refusedAt))
  await settled()
  t.strictSame(turns, ["start", "retry"], "one turn, when it is over, is for all who asked")
  t.equal(polls.length, 2)
})

await t.test("a hint doesn't cut short the backoff of a source that fails; a person does", async (t) => {
  const { clock, loop, source, state, turns, edit, settled } = scene()
  await using _ = loop
  state.refusal = new GitError("away", { kind: "transient", code: "unreachable" })
  await settled()
  edit()
  loop.trigger(source.name, "webhook")
  await settled()
  t.strictSame(turns, ["start"])
  loop.trigger(source.name, "sync")
  await settled()
  t.strictSame(turns, ["start", "sync"])
  state.refusal = null
  clock.step(20_000)
  await settled()
  t.match(turns.slice(2), [/retry|webhook/])
})

await t.test("drift and a webhook make a turn at once where nothing fails", async (t) => {
  const { clock, loop, source, turns, edit, settled } = scene()
  await using _ = loop
  await settled()
  loop.trigger(source.name, "webhook")
  await settled()
  t.strictSame(turns, ["start", "webhook"])
  clock.step(1)
  edit()
  clock.step(driftIntervalMs)
  await settled()
  t.strictSame(turns, ["start", "webhook", "drift"])
})

await t.test("a hint that comes while the turn runs doesn't make another at once when that one fails", async (t) => {
  const { loop, source, state, turns, settled } = scene()
  await using _ = loop
  state.refusal = new GitError("slow down", { kind: "transient", code: "git-limited", retryAfterMs: 600_000 })
  const asking = new Promise<void>((go) => setImmediate(go)).then(() => loop.trigger(source.name, "webhook"))
  await asking
  await settled()
  t.strictSame(turns, ["start"])
})
