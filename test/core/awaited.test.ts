import t from "tap"
import { awaitedAfter, isPushTo, isThere, lookAgainMs, lookAgainWhileWaitedMs } from "../../src/core/awaited.ts"
import type { Revision } from "../../src/core/model.ts"
import type { Ref } from "../../src/core/source.ts"

const [one, two, three, four] = ["1", "2", "3", "4"].map((digit) => digit.repeat(40)) as [
  Revision,
  Revision,
  Revision,
  Revision,
]
const push = (after: Revision, before: Revision | null = null, ref = "refs/heads/main") => ({
  ref,
  before,
  after,
  defaultBranch: null,
})

t.test("a commit that isn't shown is looked for after 1, 2, 4, 8, 16 and 30 s, then the interval does", async (t) => {
  t.strictSame(
    [0, 1, 2, 3, 4, 5, 6].map((tries) => lookAgainMs(tries)),
    [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, null],
  )
  t.strictSame(
    [0, 5, 6, 1_000].map((tries) => lookAgainWhileWaitedMs(tries)),
    [1_000, 30_000, 30_000, 30_000],
  )
})

t.test("it is there once the ref stands at it, or anywhere but where it stood before", async (t) => {
  t.equal(awaitedAfter(push(two), null, two), null, "shown already")
  const first = awaitedAfter(push(two), null, one)
  t.strictSame(
    [null, one, two, three].map((observed) => first && isThere(first, observed)),
    [false, false, true, true],
  )
  const second = awaitedAfter(push(three), first, one)
  t.strictSame(
    [one, two, three, four].map((observed) => second && isThere(second, observed)),
    [false, false, true, true],
    "of two pushes in a row the first is no longer enough",
  )
  const told = awaitedAfter(push(three, two), null, one)
  t.equal(told && isThere(told, two), false, "nor where only the second's delivery tells of the first")
  const back = awaitedAfter(push(one), second, two)
  t.strictSame(
    [one, two, three].map((observed) => back && isThere(back, observed)),
    [true, false, false],
    "pushed back with force",
  )
})

t.test("what is remembered of earlier pushes is bounded", async (t) => {
  let awaited = awaitedAfter(push(one), null, null)
  for (let i = 0; i < 100; i++)
    awaited = awaitedAfter(push(`${i}`.padStart(40, "a") as Revision), awaited, `${i}`.padStart(40, "b") as Revision)
  t.equal(awaited?.older.length, 20)
})

t.test("a push counts for the ref that it moves", async (t) => {
  const refs: readonly (readonly [Ref, string, string | null, boolean])[] = [
    [{ kind: "branch", name: "main" }, "refs/heads/main", null, true],
    [{ kind: "branch", name: "main" }, "refs/heads/feature", null, false],
    [{ kind: "branch", name: "v1" }, "refs/tags/v1", null, false],
    [{ kind: "tag", name: "v1" }, "refs/tags/v1", null, true],
    [{ kind: "name", name: "refs/heads/a/b" }, "refs/heads/a/b", null, true],
    [{ kind: "head" }, "refs/heads/main", "main", true],
    [{ kind: "head" }, "refs/heads/feature", "main", false],
    [{ kind: "head" }, "refs/heads/anything", null, true],
    [{ kind: "head" }, "refs/tags/v1", null, false],
    [{ kind: "commit", id: one }, "refs/heads/main", "main", false],
  ]
  for (const [ref, name, defaultBranch, fits] of refs)
    t.equal(isPushTo(ref, { ...push(two, one, name), defaultBranch }), fits, `${JSON.stringify(ref)} ${name}`)
})
