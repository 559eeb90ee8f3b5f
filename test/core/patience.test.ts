import t from "tap"
import type { ChangeResult } from "../../src/core/change.ts"
import type { DesiredDeployment, FieldName, Problem } from "../../src/core/model.ts"
import { learn, noPatience, patienceFor, type Patience } from "../../src/core/patience.ts"
import { changeOf, declared, desiredOf, key, noon, owned } from "./builders.ts"

const minute = 60_000
const hour = 60 * minute
const a = key("etl/a")
const wanted = (version: string, name = "etl/a") => declared(name, { version })
const problem: Problem = { severity: "error", code: "refused", message: "no", key: a }

function resultOf(desired: DesiredDeployment, result: "done" | "refused" | "transient", drift = false): ChangeResult {
  const change = changeOf({ declared: [desired], live: [owned(desired.key)], drift })
  if (result === "done") return { change, result, id: owned(desired.key).id, at: noon }
  return { change, result: "failed", problem, transient: result === "transient" }
}

/** What is left alone of one deployment, as `field code`. */
function left(patience: Patience, nowMs: number, desired: DesiredDeployment, ...more: readonly DesiredDeployment[]) {
  const found = patienceFor(patience, desiredOf([desired, ...more]), nowMs).get(desired.key) ?? new Map()
  return [...found].map(([name, { code }]) => `${name} ${code}`)
}

const refuse = (patience: Patience, at: number, desired = wanted("1")) =>
  learn(patience, resultOf(desired, "refused"), [], at)
const stick = (patience: Patience, desired: DesiredDeployment, stuck: readonly FieldName[] = ["version"]) =>
  learn(patience, resultOf(desired, "done"), stuck, 0)
const correct = (patience: Patience, at: number) => learn(patience, resultOf(wanted("1"), "done", true), [], at)

t.test("nothing learned leaves nothing alone", async (t) => {
  t.strictSame(left(noPatience, 0, wanted("1")), [])
})

t.test("a refusal is left alone for a minute, then twice as long each time, up to an hour", async (t) => {
  let patience = noPatience
  let now = 0
  const waits: number[] = []
  for (let i = 0; i < 9; i++) {
    patience = refuse(patience, now)
    const untilMs = [...patience.refusals.values()][0]?.untilMs ?? 0
    t.strictSame(left(patience, untilMs - 1, wanted("1")), ["* refused"])
    t.strictSame(left(patience, untilMs, wanted("1")), [])
    waits.push((untilMs - now) / minute)
    now = untilMs
  }
  t.strictSame(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60])
})

t.test("a refusal holds only as long as Git says the same, and then counts anew", async (t) => {
  const patience = refuse(refuse(noPatience, 0), minute)
  t.strictSame(left(patience, minute, wanted("2")), [])
  const anew = refuse(patience, minute, wanted("2"))
  t.equal([...anew.refusals.values()][0]?.untilMs, 2 * minute)
})

t.test("a refusal is told in its own words", async (t) => {
  t.strictSame(
    patienceFor(refuse(noPatience, 0), desiredOf([wanted("1")]), 0)
      .get(a)
      ?.get("*"),
    problem,
  )
})

t.test("a success forgets the refusal, a passing failure teaches nothing", async (t) => {
  t.strictSame(left(learn(refuse(noPatience, 0), resultOf(wanted("1"), "done"), [], 0), 0, wanted("1")), [])
  t.strictSame(learn(noPatience, resultOf(wanted("1"), "transient"), [], 0), noPatience)
})

t.test("a refused field leaves the others managed, and their success doesn't make it tried sooner", async (t) => {
  const desired = wanted("1")
  const refused = { ...resultOf(desired, "refused"), field: "automations" } as ChangeResult
  const once = learn(noPatience, refused, [], 0)
  t.strictSame(left(once, 0, desired), ["automations refused"])
  t.strictSame(left(once, minute, desired), [])
  const written = learn(once, resultOf(desired, "done"), [], 1)
  t.strictSame(left(written, 2, desired), ["automations refused"])
  const twice = learn(written, refused, [], minute)
  t.strictSame(left(twice, 2 * minute, desired), ["automations refused"], "two minutes the second time")
  t.strictSame(learn(twice, resultOf(desired, "done"), [], hour).refusals, new Map(), "it took in the end")
})

t.test("a refusal is remembered though Git names the default queue", async (t) => {
  const desired = declared("etl/a", { version: "1", workPool: "pool", workQueue: "default" })
  t.strictSame(left(learn(noPatience, resultOf(desired, "refused"), [], 0), 0, desired), ["* refused"])
})

t.test("a field that still differs after its write is left alone until Git says otherwise", async (t) => {
  const patience = stick(noPatience, wanted("1"))
  t.strictSame(left(patience, 100 * hour, wanted("1")), ["version unconvergeable"])
  t.strictSame(left(patience, 0, wanted("2")), [])
  t.strictSame(left(patience, 0, wanted("1", "etl/b")), [])
})

t.test("a field that took after all is forgotten", async (t) => {
  t.strictSame(left(stick(stick(noPatience, wanted("1")), wanted("1"), []), 0, wanted("1")), [])
})

t.test("a field that doesn't take on three deployments is left alone on all of the workspace", async (t) => {
  const two = ["etl/a", "etl/b"].reduce((now, name) => stick(now, wanted("1", name)), noPatience)
  t.strictSame(left(two, 0, wanted("1", "etl/z")), [])
  const three = stick(two, wanted("1", "etl/c"))
  t.strictSame(left(three, 0, wanted("1", "etl/z")), ["version unconvergeable"])
})

t.test("it is tried again once Git says otherwise for one of the three", async (t) => {
  const three = ["etl/a", "etl/b", "etl/c"].reduce((now, name) => stick(now, wanted("1", name)), noPatience)
  t.strictSame(left(three, 0, wanted("2", "etl/a")), [])
  t.strictSame(left(three, 0, wanted("1", "etl/z"), wanted("2", "etl/a")), [])
})

t.test("a field corrected three times within an hour has another writer, and is left alone for the hour", async (t) => {
  const twice = correct(correct(noPatience, 0), 10 * minute)
  t.strictSame(left(twice, 10 * minute, wanted("1")), [])
  const thrice = correct(twice, 20 * minute)
  t.strictSame(left(thrice, 20 * minute, wanted("1")), ["version another-writer"])
  t.strictSame(left(thrice, hour, wanted("1")), [])
  const [first] = [
    ...(patienceFor(thrice, desiredOf([wanted("1")]), 20 * minute)
      .get(a)
      ?.values() ?? []),
  ]
  t.match(first?.message, /^version was corrected 3 times within an hour/)
})

t.test("corrections count only while Git says the same, and changes from Git don't count", async (t) => {
  const twice = correct(correct(noPatience, 0), 0)
  t.strictSame(left(twice, 0, wanted("2")), [])
  const fromGit = [0, 1, 2, 3].reduce((now, at) => learn(now, resultOf(wanted("1"), "done"), [], at), noPatience)
  t.strictSame(left(fromGit, 3, wanted("1")), [])
})
