import t from "tap"
import type { SourceName } from "../../src/core/model.ts"
import { Queue } from "../../src/reconcile/queue.ts"

const [a, b] = ["a", "b"] as SourceName[] as [SourceName, SourceName]
const { signal } = new AbortController()

await t.test("a turn that was taken before a wish came doesn't count as one that knows of it", async (t) => {
  const queue = new Queue()
  queue.add(a, "config")
  const taken = await queue.take(signal)
  // The daemon changed its config, and somebody asks for a sync before that turn has begun to look.
  const after = queue.add(a, "sync", 1_000)
  t.equal(taken.turn > after, false)
  queue.done(a)
  const next = await queue.take(signal)
  t.match(next, { trigger: "sync", requestedAt: 1_000 })
  t.ok(next.turn > after)
})

await t.test("any number of wishes are one turn, and one source never runs twice at once", async (t) => {
  const queue = new Queue()
  queue.add(a, "webhook", 1)
  queue.add(a, "sync", 2)
  queue.add(b, "interval")
  t.match(await queue.take(signal), { source: a, trigger: "sync", requestedAt: 2, turn: 1 })
  queue.add(a, "drift")
  t.match(await queue.take(signal), { source: b, turn: 2 })
  const waits = queue.take(signal)
  queue.done(a)
  t.match(await waits, { source: a, trigger: "drift", requestedAt: null, turn: 3 })
})
