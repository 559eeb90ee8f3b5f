import t from "tap"
import type { SourceName, WorkspaceName } from "../../src/core/model.ts"
import { StatusBoard } from "../../src/observe/board.ts"
import { ManualClock } from "../support/manual-clock.ts"
import { converged, etl, failed, first, hold, plan, second, workspace } from "./samples.ts"

const other = "other" as SourceName

function board(...sources: SourceName[]): StatusBoard {
  const made = new StatusBoard()
  for (const source of sources) made.take({ kind: "source-added", source, workspace })
  return made
}

const never = new AbortController().signal

await t.test("a source is unknown until its first turn, then what the turn came to", async (t) => {
  const made = board(etl)
  t.match(made.snapshot(), [{ name: "etl", workspace: "default", state: "unknown", lastTurn: null, nextTurnAt: null }])

  made.take({ kind: "turn-ended", turn: 1, outcome: converged })
  made.take({ kind: "next-turn", source: etl, at: "2026-11-24T10:01:00.000Z" })
  t.match(made.snapshot(), [
    {
      state: "synced",
      revision: { observed: first, applied: first },
      nextTurnAt: "2026-11-24T10:01:00.000Z",
      lastTurn: { outcome: "converged", durationMs: 1500 },
    },
  ])
})

await t.test("a failed turn keeps what was known: the plan, the counts, the revision", async (t) => {
  const made = board(etl)
  made.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, plan, hold, kind: "held" } })
  made.take({ kind: "turn-ended", turn: 2, outcome: failed })

  const view = made.view(etl)
  t.strictSame(view?.plan, plan)
  t.strictSame(view?.lastTurn, 2)
  t.match(view?.status, { revision: { applied: first }, deployments: { owned: 3 }, consecutiveFailures: 1, hold })
})

await t.test("a source that goes takes everything with it; what still comes of its last turn is dropped", async (t) => {
  const made = board(etl, other)
  made.take({ kind: "turn-ended", turn: 1, outcome: converged })
  made.take({ kind: "source-removed", source: etl, workspace })
  made.take({ kind: "turn-ended", turn: 2, outcome: converged })
  made.take({ kind: "next-turn", source: etl, at: "2026-11-24T10:01:00.000Z" })

  t.equal(made.view(etl), null)
  t.strictSame(
    made.snapshot().map(({ name }) => name),
    ["other"],
  )
})

await t.test("added again with the same workspace nothing is forgotten, with another everything", async (t) => {
  const made = board(etl)
  made.take({ kind: "turn-ended", turn: 7, outcome: converged })
  made.take({ kind: "source-added", source: etl, workspace })
  t.equal(made.view(etl)?.status.state, "synced")
  made.take({ kind: "source-added", source: etl, workspace: "cloud" as WorkspaceName })
  t.equal(made.view(etl)?.status.state, "unknown")
})

await t.test("ready once every source has finished a turn, whatever came of it, and then for good", async (t) => {
  const made = board(etl, other)
  t.strictSame([made.ready(), made.unfinished()], [false, ["etl", "other"]])
  made.take({ kind: "turn-ended", turn: 1, outcome: failed })
  t.strictSame([made.ready(), made.unfinished()], [false, ["other"]])
  made.take({ kind: "turn-ended", turn: 2, outcome: { ...failed, source: other } })
  t.strictSame([made.ready(), made.unfinished()], [true, []])
  made.take({ kind: "source-added", source: "new" as SourceName, workspace })
  t.strictSame([made.ready(), made.unfinished()], [true, ["new"]])
})

await t.test("waiting ends with a later turn only: one that is over, or the next that ends", async (t) => {
  const made = board(etl, other)
  made.take({ kind: "turn-ended", turn: 5, outcome: converged })
  t.match(await made.waitForTurn(etl, 4, never), { state: "synced" }, "one that is over")

  let ended = false
  const waiting = made.waitForTurn(etl, 5, never).then((status) => {
    ended = true
    return status
  })
  made.take({ kind: "turn-ended", turn: 6, outcome: { ...converged, source: other } })
  await Promise.resolve()
  t.equal(ended, false, "another source's turn is none")
  const running = made.waitForTurn(etl, 6, never)
  made.take({ kind: "turn-ended", turn: 6, outcome: converged })
  t.match(await waiting, { revision: { observed: first } })
  made.take({ kind: "turn-ended", turn: 7, outcome: { ...converged, observed: second } })
  t.match(await running, { revision: { observed: second } }, "the one that was running when it was asked is too early")
})

await t.test("waiting ends with null when the source goes or isn't there, and rejects on abort", async (t) => {
  const made = board(etl)
  const going = made.waitForTurn(etl, 0, never)
  made.take({ kind: "source-removed", source: etl, workspace })
  t.equal(await going, null)
  t.equal(await made.waitForTurn(etl, 0, never), null)

  made.take({ kind: "source-added", source: etl, workspace })
  const abort = new AbortController()
  const waiting = made.waitForTurn(etl, 0, abort.signal)
  abort.abort(new Error("gone"))
  await t.rejects(waiting, { message: "gone" })
  await t.rejects(made.waitForTurn(etl, 0, abort.signal), { message: "gone" })
})

/** A board whose time moves by hand. */
function timed() {
  const clock = new ManualClock()
  const made = new StatusBoard(clock)
  made.take({ kind: "source-added", source: etl, workspace })
  made.take({ kind: "paced", source: etl, intervalMs: 60_000 })
  return { clock, made, status: () => made.view(etl)?.status }
}

await t.test("while a turn is under way, the status says since when, and whom it waits for", async (t) => {
  const { clock, made, status } = timed()
  made.take({ kind: "next-turn", source: etl, at: "2026-11-24T12:00:00.000Z" })
  made.take({ kind: "turn-started", source: etl, trigger: "start", turn: 1 })
  made.take({ kind: "turn-waits", source: etl, on: "Git host git.example.com" })
  clock.step(20_000)
  t.match(status(), {
    nextTurnAt: null,
    waits: { for: "Git host git.example.com", since: "2026-11-24T12:00:00.000Z" },
  })
  t.strictSame(made.waitsMs().get(etl), 20_000)
  t.match(made.waiting(), [{ source: "etl", for: "Git host git.example.com", since: "2026-11-24T12:00:00.000Z" }])
  made.take({ kind: "turn-ended", turn: 1, outcome: converged })
  t.equal(status()?.waits, undefined)
  t.strictSame([made.waitsMs().get(etl), made.waiting()], [0, []])
})

await t.test("a look that is older than three intervals is overdue, and says what it waits for", async (t) => {
  const { clock, made, status } = timed()
  made.take({ kind: "turn-ended", turn: 1, outcome: converged })
  made.take({ kind: "turn-started", source: etl, trigger: "interval", turn: 2 })
  made.take({ kind: "turn-waits", source: etl, on: "workspace prod" })
  clock.step(180_000)
  t.equal(status()?.state, "synced")
  clock.step(1)
  t.match(status(), {
    state: "degraded",
    problems: [{ code: "overdue", severity: "error", message: /workspace prod/ }],
  })
  made.take({ kind: "turn-ended", turn: 2, outcome: converged })
  t.match(status(), { state: "synced", problems: [] })
})

await t.test("overdue outranks what was known, but neither a hold, nor stalled, nor a suspension", async (t) => {
  const { clock, made, status } = timed()
  made.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, plan, hold, kind: "held" } })
  clock.step(600_000)
  t.match(status(), { state: "held", problems: [{ code: "overdue" }] })
  const suspend = { reason: "r", by: "ada", since: "2026-11-24T10:00:00.000Z", until: null }
  made.take({ kind: "turn-ended", turn: 2, outcome: { ...converged, kind: "suspended", suspend } })
  clock.step(600_000)
  t.equal(status()?.state, "suspended")
  t.notOk(status()?.problems.some(({ code }) => code === "overdue"))
})

await t.test(
  "a source whose host is away keeps the daemon from being ready for a minute, and one at work longer",
  async (t) => {
    const { clock, made } = timed()
    made.take({ kind: "turn-started", source: etl, trigger: "start", turn: 1 })
    clock.step(61_000)
    t.equal(made.ready(), false, "it is at its own work")
    made.take({ kind: "turn-waits", source: etl, on: "Git host git.example.com" })
    t.equal(made.ready(), true)
    made.take({ kind: "turn-waits", source: etl, on: null })
    t.equal(made.ready(), true, "and that stays")
  },
)
