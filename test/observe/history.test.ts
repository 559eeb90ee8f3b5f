import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import type { Act } from "../../src/core/act.ts"
import type { Change } from "../../src/core/change.ts"
import type { Outcome } from "../../src/core/outcome.ts"
import { HistoryFile } from "../../src/observe/history-file.ts"
import { History, type HistoryEntry } from "../../src/observe/history.ts"
import { converged, etl, failed, plan, second } from "./samples.ts"

const change = plan.changes[0] as Change
const wrote: Outcome = { ...converged, results: [{ change, result: "dropped", message: "" }] }
const act: Act = {
  act: "confirm",
  sources: [etl],
  by: "ada",
  at: "2026-11-24T10:00:00Z",
  reason: "it is meant",
  until: null,
  revision: null,
  digest: "abc123",
  holds: ["budget"],
  victims: [change.key],
  result: "done",
  code: null,
}

function ended(history: History, ...outcomes: readonly Outcome[]): void {
  for (const [i, outcome] of outcomes.entries()) history.take({ kind: "turn-ended", turn: i + 1, outcome })
}
const told = (entries: readonly HistoryEntry[]): readonly string[] =>
  entries.map((entry) =>
    entry.kind === "act" ? `${entry.act} by ${entry.by}` : `${entry.outcome} ${entry.writes.length} ${entry.turns}`,
  )

t.test(
  "turns that wrote or came to something else are kept, those that did nothing are folded into the one before",
  async (t) => {
    const history = new History()

    ended(history, wrote, converged, converged, wrote, failed, failed, converged)
    ended(history, ...Array.from({ length: 300 }, () => ({ ...converged, observed: second })))

    t.strictSame(told(history.of(etl)), ["converged 0 301", "failed 0 2", "converged 1 1", "converged 1 3"])
    t.match(history.of(etl)[0], { revision: { observed: second } }, "the newest commit that was seen")
  },
)

t.test("an act of a person stands where it happened", async (t) => {
  const history = new History()

  ended(history, wrote, converged)
  history.take({ kind: "acted", act })
  ended(history, wrote, converged)

  t.strictSame(told(history.of(etl)), ["converged 1 2", "confirm by ada", "converged 1 2"])
})

t.test("the history of a source is bounded, and so is what one turn leaves", async (t) => {
  const history = new History()
  const results = Array.from({ length: 500 }, () => ({ change, result: "dropped" as const, message: "" }))

  ended(history, ...Array.from({ length: 300 }, () => ({ ...converged, results })))

  t.equal(history.of(etl).length, 200)
  t.ok(history.of(etl).every((entry) => entry.kind === "turn" && entry.writes.length === 100))
})

/** A daemon's life: what it reads, what it then does, what is on the disk after it. */
async function live(folder: string, ...outcomes: readonly (Outcome | Act)[]): Promise<History> {
  const errors: unknown[] = []
  await using file = new HistoryFile(folder, {
    mask: (text) => text.replaceAll("hunter2", "[secret]"),
    onError: (error) => errors.push(error),
  })
  const history = new History(await file.read(), (kept) => file.keep(kept))
  for (const one of outcomes)
    if ("act" in one) history.take({ kind: "acted", act: one })
    else ended(history, one)
  return history
}

t.test("what was done last night is there after a restart, with who confirmed it", async (t) => {
  const folder = t.testdir()
  await live(folder, wrote, converged, act, wrote)

  const after = await live(folder)

  t.strictSame(told(after.of(etl)), ["converged 1 1", "confirm by ada", "converged 1 1"])
  t.match(after.of(etl)[1], { by: "ada", digest: "abc123", victims: [change.key], reason: "it is meant" })
  t.strictSame(
    told((await live(folder, converged, converged)).of(etl))[0],
    "converged 1 3",
    "a start that finds nothing is no news",
  )
  t.equal(readFileSync(join(folder, "history.jsonl"), "utf8").split("\n").length, 4, "and isn't written")
})

t.test("no secret reaches the file, and only its owner reads it", async (t) => {
  const folder = t.testdir()
  const failure = { ...failed.failure, message: `hunter2 ${"x".repeat(3000)}` } as Outcome["failure"]
  await live(folder, { ...failed, failure }, { ...act, reason: "hunter2", by: "hunter2" })

  const text = readFileSync(join(folder, "history.jsonl"), "utf8")
  t.notMatch(text, "hunter2")
  t.ok(text.length < 3000)
  t.equal(statSync(join(folder, "history.jsonl")).mode & 0o77, 0)
})

const damages: readonly (readonly [string, (path: string) => void, number])[] = [
  ["cut in the middle of its last line", (path) => truncateSync(path, statSync(path).size - 40), 2],
  ["emptied", (path) => truncateSync(path), 0],
  ["deleted", (path) => rmSync(path), 0],
  ["rubbish", (path) => writeFileSync(path, Buffer.from([0, 255, 10, 123, 10])), 0],
  ["a folder", (path) => (rmSync(path), mkdirSync(path)), 0],
  [
    "JSON of something else",
    (path) =>
      appendFileSync(
        path,
        '{"source":"etl","entry":{"kind":"turn"}}\n[]\nnull\n{"source":1,"entry":null}\n{"source":"etl","entry":{"kind":"act","act":1}}\n',
      ),
    3,
  ],
]
for (const [title, damage, left] of damages) {
  t.test(`a history file that is ${title} costs what can't be read, and nothing else`, async (t) => {
    const folder = t.testdir()
    await live(folder, wrote, act, wrote)

    damage(join(folder, "history.jsonl"))
    const after = await live(folder, wrote)

    t.equal(after.of(etl).length, left + 1)
    if (title !== "a folder") t.equal((await live(folder)).of(etl).length, left + 1, "what came after it is kept")
  })
}

t.test("the file is bounded: when it is full it becomes the old one", async (t) => {
  const folder = t.testdir()
  const line = `${JSON.stringify({ source: "other", entry: { kind: "turn", more: "x".repeat(1000) } })}\n`
  await live(folder, wrote)
  appendFileSync(join(folder, "history.jsonl"), line.repeat(4200))

  await live(folder, act)

  t.ok(statSync(join(folder, "history.jsonl")).size < 2000)
  t.strictSame(told((await live(folder)).of(etl)), ["confirm by ada", "converged 1 1"], "both are read")
})
