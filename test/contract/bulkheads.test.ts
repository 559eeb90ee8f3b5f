import t from "tap"
import type { Revision, SourceName, WorkspaceName } from "../../src/core/model.ts"
import type { Remote } from "../../src/core/source.ts"
import { GitError } from "../../src/lib/errors.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import type { GitPort } from "../../src/reconcile/ports.ts"
import { Walk } from "../../src/reconcile/walk.ts"
import { ManualClock } from "../support/manual-clock.ts"

/** The walls by themselves: no time passes but by the clock's steps. */
const never = new AbortController().signal
const remote = (host: string, repository = "r", password: string | null = null): Remote => ({
  url: `https://${host}/${repository}.git`,
  credentials: password === null ? null : { username: "u", password: { kind: "env", name: password } },
  caFile: null,
})

/** A Git room that hangs for the hosts of this set until they leave it, and counts who is inside. */
function gitWith(hung: Map<string, PromiseWithResolvers<void>>) {
  const inside = new Map<string, number>()
  const most = new Map<string, number>()
  const port: GitPort = {
    async resolve({ url }) {
      const { host } = new URL(url)
      inside.set(host, (inside.get(host) ?? 0) + 1)
      most.set(host, Math.max(most.get(host) ?? 0, inside.get(host) ?? 0))
      await hung.get(host)?.promise
      inside.set(host, (inside.get(host) ?? 0) - 1)
      return { revision: "0".repeat(40) as Revision, refName: null, branch: null }
    },
    tree: () => Promise.reject(new Error("not here")),
    blobs: () => Promise.reject(new Error("not here")),
  }
  return { port, inside, most }
}

const head = { kind: "head" } as const

t.test("fifty that hang at one host take eight of its places, and nobody else's", async (t) => {
  const hung = new Map([["sick", Promise.withResolvers<void>()]])
  const { port, inside, most } = gitWith(hung)
  const git = new Bulkheads(new ManualClock()).git(port)
  const stuck = Array.from({ length: 50 }, (_, n) => git.resolve(remote("sick", `r${n}`), head, 0, never))
  await git.resolve(remote("well"), head, 0, never)
  t.equal(inside.get("sick"), 8, "the others stand in line")
  hung.get("sick")?.resolve()
  await Promise.all(stuck)
  t.equal(most.get("sick"), 8)
})

t.test("one slow repository takes two of its host's places", async (t) => {
  const hung = new Map([["busy", Promise.withResolvers<void>()]])
  const { port, inside } = gitWith(hung)
  const git = new Bulkheads(new ManualClock()).git(port)
  const stuck = Array.from({ length: 9 }, () => git.resolve(remote("busy", "slow"), head, 0, never))
  await new Promise((round) => setImmediate(round))
  t.equal(inside.get("busy"), 2)
  hung.get("busy")?.resolve()
  await Promise.all(stuck)
})

t.test("who is cut off while it stands in line leaves the line", async (t) => {
  const hung = new Map([["sick", Promise.withResolvers<void>()]])
  const { port } = gitWith(hung)
  const git = new Bulkheads(new ManualClock()).git(port)
  const stuck = Array.from({ length: 8 }, (_, n) => git.resolve(remote("sick", `r${n}`), head, 0, never))
  const cut = new AbortController()
  const waiting = git.resolve(remote("sick", "late"), head, 0, cut.signal)
  cut.abort(new Error("shutting down"))
  await t.rejects(waiting, { message: "shutting down" })
  hung.get("sick")?.resolve()
  await Promise.all(stuck)
})

t.test("a Retry-After holds for all who come with the same credentials, and for nobody else", async (t) => {
  const clock = new ManualClock()
  let asked = 0
  const port: GitPort = {
    resolve: ({ credentials }) => {
      asked++
      if (credentials === null)
        return Promise.resolve({ revision: "0".repeat(40) as Revision, refName: null, branch: null })
      throw new GitError("slow down", { kind: "transient", code: "git-limited", retryAfterMs: 600_000 })
    },
    tree: () => Promise.reject(new Error("not here")),
    blobs: () => Promise.reject(new Error("not here")),
  }
  const asTold = { name: "GitError", message: "slow down" }
  const git = new Bulkheads(clock).git(port)
  const ask = (one: Remote) => git.resolve(one, head, 0, never)
  await t.rejects(ask(remote("host", "a", "TOKEN")), asTold)
  clock.step(100_000)
  await t.rejects(ask(remote("host", "b", "TOKEN")), {
    name: "GitError",
    message: "slow down (not asked again before its Retry-After is over)",
  })
  t.equal(asked, 1, "the second wasn't sent")
  await ask(remote("host", "c"))
  await t.rejects(ask(remote("elsewhere", "b", "TOKEN")), asTold)
  t.equal(asked, 3)
  clock.step(500_000)
  await t.rejects(ask(remote("host", "b", "TOKEN")), asTold)
  t.equal(asked, 4)
})

t.test("what a turn waits for is known, since when too, and standing in line isn't its own time", async (t) => {
  const clock = new ManualClock()
  const hung = new Map([["sick", Promise.withResolvers<void>()]])
  const { port } = gitWith(hung)
  const bulkheads = new Bulkheads(clock)
  const git = bulkheads.git(port)
  const stuck = Array.from({ length: 8 }, (_, n) => git.resolve(remote("sick", `r${n}`), head, 0, never))
  const walk = new Walk(
    "etl" as SourceName,
    () => clock.elapsed(),
    () => undefined,
  )
  const since = clock.elapsed()
  const turn = bulkheads.walk(walk, () => git.resolve(remote("sick", "mine"), head, 0, never))
  clock.step(40_000)
  t.strictSame(walk.stop, { on: "Git host sick", sinceMs: since })
  t.equal(walk.ownMs(), 0)
  hung.get("sick")?.resolve()
  await Promise.all([...stuck, turn])
  t.strictSame([walk.stop, walk.ownMs()], [null, 0])
})

t.test("four turns write to a workspace at once; one that must stop doesn't wait for a place", async (t) => {
  const bulkheads = new Bulkheads(new ManualClock())
  const [workspace, other] = ["prod", "test"] as WorkspaceName[] as [WorkspaceName, WorkspaceName]
  const done = Promise.withResolvers<void>()
  let inside = 0
  const work = (): Promise<void> => {
    inside++
    return done.promise
  }
  const write = () => bulkheads.write(workspace, work, never)
  const writing = Array.from({ length: 6 }, () => write())
  await bulkheads.write(other, async () => undefined, never)
  t.equal(inside, 4)
  await bulkheads.write(workspace, async () => undefined, AbortSignal.abort(new Error("drain")))
  done.resolve()
  await Promise.all(writing)
  t.equal(inside, 6)
})
