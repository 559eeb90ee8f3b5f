import t from "tap"
import { errorIn, verdict, type Pair, type Ran } from "./judge.ts"
import type { Layout } from "./layouts.ts"

const layout: Layout = { name: "l", files: {}, deploy: [] }
const image: Layout = { ...layout, image: { from: ".", to: "." } }
const fails: Layout = { ...layout, fails: { "3.8.8": "a reason" } }
const seen = { folder: "app", commit: "c1" }
const ran: Ran = { state: "COMPLETED", seen, error: null, log: "" }
const failed: Ran = { state: "FAILED", seen: null, error: "ImportError: a", log: "" }
const pair: Pair = { layout, key: "l/d", prefect: ran, lockstep: ran, commit: "c1" }
const both = (one: Ran): Pick<Pair, "prefect" | "lockstep"> => ({ prefect: one, lockstep: one })

const cases: readonly (readonly [title: string, Partial<Pair>, wrong: RegExp | null])[] = [
  ["both complete alike", {}, null],
  ["both fail alike where that is expected", { layout: fails, ...both(failed) }, null],
  ["from an image, where nobody sees a commit", { layout: image, ...both({ ...ran, seen: { commit: null } }) }, null],
  ["one isn't there", { lockstep: null }, /only on one side/],
  ["both hang", both({ ...ran, state: null, seen: null }), /never ended/],
  ["one hangs", { lockstep: { ...ran, state: null } }, /never ended/],
  ["another working folder", { lockstep: { ...ran, seen: { ...seen, folder: "" } } }, /differs/],
  ["one fails", { lockstep: failed }, /differs/],
  ["both fail, where they should complete", both(failed), /should complete/],
  ["both complete, where they should fail", { layout: fails }, /should fail/],
  ["each fails for another reason", { layout: fails, prefect: failed, lockstep: { ...failed, error: "E" } }, /differs/],
  [
    "one fails and one crashes",
    { layout: fails, prefect: failed, lockstep: { ...failed, state: "CRASHED" } },
    /differs/,
  ],
  ["both fail without a word", { layout: fails, ...both({ ...failed, error: null }) }, /without a word/],
  ["at another commit on both sides", both({ ...ran, seen: { ...seen, commit: "c0" } }), /ran at c0, not c1/],
  ["without a commit on both sides", both({ ...ran, seen: { ...seen, commit: null } }), /ran at null, not c1/],
]

t.test("only runs that end as expected, alike and at the deployed commit count as equal", async (t) => {
  for (const [title, part, wrong] of cases) {
    const found = verdict({ ...pair, ...part }, "3.8.8")
    if (wrong === null) t.equal(found, null, title)
    else t.match(found, wrong, title)
  }
})

t.test("an error is known without the folders and ids of one run", async (t) => {
  const one = ["Began 12", "Traceback\n  File \"x\"\nFileNotFoundError: [Errno 2] No such file: '/tmp/tmp1a/code/f.py'"]
  const other = ["Traceback\nFileNotFoundError: [Errno 2] No such file: '/tmp/tmpz9/code/f.py'", "Process 31 exited"]

  t.equal(errorIn(one), errorIn(other))
  t.match(errorIn(one), /^FileNotFoundError: .*f\.py/)
  t.not(errorIn(one), errorIn(["FileNotFoundError: [Errno 2] No such file: '/tmp/tmp1a/code/g.py'"]))
  t.equal(errorIn(["all is well"]), null)
})
