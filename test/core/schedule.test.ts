import t from "tap"
import { planSchedules, scheduleJson, schedulesJson } from "../../src/core/schedule.ts"
import { cron, interval, liveSchedule, rrule, schedule } from "./builders.ts"

const six = cron("0 6 * * *")
const seven = cron("0 7 * * *")
const anchor = "2026-01-01T00:00:00Z"

t.test("nothing is written when all is as Git says, named or not", async (t) => {
  const { name, remove, patch } = planSchedules(
    [schedule(null), schedule("b", seven)],
    [liveSchedule("b", seven), liveSchedule(null)],
  )
  t.strictSame({ name, remove, patch }, { name: [], remove: [], patch: [] })
})

t.test("a change rides in the patch under its slug, and keeps what Git leaves open", async (t) => {
  const { name, remove, patch } = planSchedules(
    [schedule("a", seven), schedule("b", six)],
    [liveSchedule("a", six, { parameters: { x: 1 }, active: false }), liveSchedule("b", six)],
  )
  t.strictSame({ name, remove }, { name: [], remove: [] })
  t.strictSame(patch, [{ slug: "a", spec: seven, parameters: { x: 1 } }])
})

t.test("an addition rides in the same patch and nothing else is touched", async (t) => {
  const { name, remove, patch } = planSchedules([schedule("a"), schedule("b", seven)], [liveSchedule("a")])
  t.strictSame({ name, remove }, { name: [], remove: [] })
  t.strictSame(patch, [{ slug: "b", spec: seven, parameters: {} }])
})

t.test("declared active and parameters are sent", async (t) => {
  const wanted = schedule("a", six, { active: false, parameters: { y: 2 } })
  const { patch } = planSchedules([wanted], [liveSchedule("a", six, { parameters: { x: 1 } })])
  t.strictSame(patch, [{ slug: "a", spec: six, active: false, parameters: { y: 2 } }])
})

t.test("a removal goes by id, and needs no names when nothing else changes", async (t) => {
  const { name, remove, patch } = planSchedules([schedule(null)], [liveSchedule(null), liveSchedule("gone", seven)])
  t.strictSame({ name, remove, patch }, { name: [], remove: ["id-of-gone"], patch: [] })
})

t.test("unnamed live ones get a slug first, as they are, when anything else is patched", async (t) => {
  const unnamed = liveSchedule(null, interval(60, anchor), { active: false, parameters: { x: 1 } })
  const { name, patch } = planSchedules([schedule(null, interval(60)), schedule("b", seven)], [unnamed])
  t.equal(name.length, 1)
  const [named] = name
  t.match(named?.slug, /^interval-[0-9a-f]{8}$/)
  t.strictSame(
    { ...named, slug: "" },
    { id: "id-of-null", slug: "", spec: interval(60, anchor), active: false, parameters: { x: 1 } },
  )
  t.strictSame(
    patch.map(({ slug }) => slug),
    ["b"],
  )
})

t.test("a slug that is new in Git lands on the unnamed schedule with the same spec", async (t) => {
  const { name, remove, patch } = planSchedules([schedule("nightly")], [liveSchedule(null)])
  t.strictSame(remove, [])
  t.strictSame(
    name.map(({ id, slug }) => [id, slug]),
    [["id-of-null", "nightly"]],
  )
  t.strictSame(
    patch.map(({ slug }) => slug),
    ["nightly"],
  )
})

t.test("another slug is another schedule", async (t) => {
  const { remove, patch } = planSchedules([schedule("new")], [liveSchedule("old")])
  t.strictSame(remove, ["id-of-old"])
  t.strictSame(
    patch.map(({ slug }) => slug),
    ["new"],
  )
})

t.test("made slugs come from the spec: the same again, and never one that is taken", async (t) => {
  const slugs = () => planSchedules([schedule(null), schedule(null)], []).patch.map(({ slug }) => slug)
  const [one, two] = slugs()
  t.not(one, two)
  t.strictSame(slugs(), [one, two])
  const [third] = planSchedules([schedule(null, six, { active: false })], [liveSchedule(one ?? "", seven)]).patch
  t.not(third?.slug, one)
})

t.test("an undeclared anchor is sent as it stands", async (t) => {
  const { patch } = planSchedules([schedule("a", interval(120))], [liveSchedule("a", interval(60, anchor))])
  t.strictSame(patch[0]?.spec, interval(120, anchor))
})

t.test("an undeclared DTSTART is sent as it stands", async (t) => {
  const now = rrule("DTSTART:20261124T101500\nFREQ=MINUTELY")
  const { patch } = planSchedules([schedule("a", rrule("FREQ=MINUTELY"), { active: false })], [liveSchedule("a", now)])
  t.strictSame(patch[0]?.spec, now)
})

t.test("a rule that changed takes no DTSTART from the old one", async (t) => {
  const now = rrule("DTSTART:20200101T000000\nFREQ=DAILY")
  const { patch } = planSchedules([schedule("a", rrule("FREQ=WEEKLY"))], [liveSchedule("a", now)])
  t.strictSame(patch[0]?.spec, rrule("FREQ=WEEKLY"))
})

t.test("of two unnamed ones with one spec each meets the one that it equals", async (t) => {
  const { patch, remove } = planSchedules(
    [schedule(null, six, { parameters: { x: 1 } }), schedule(null, six, { parameters: { x: 2 } })],
    [liveSchedule("b", six, { parameters: { x: 2 } }), liveSchedule("a", six, { parameters: { x: 1 } })],
  )
  t.strictSame({ patch, remove }, { patch: [], remove: [] })
})

t.test("one that leaves its start open takes none that another one asks for", async (t) => {
  const now = liveSchedule("a", interval(60, "2026-05-05T05:05:05Z"))
  const declared = liveSchedule("b", interval(60, anchor))
  for (const live of [
    [now, declared],
    [declared, now],
  ]) {
    const { name, remove, patch } = planSchedules(
      [schedule(null, interval(60)), schedule(null, interval(60, anchor))],
      live,
    )
    t.strictSame({ name, remove, patch }, { name: [], remove: [], patch: [] })
  }
})

t.test("chains of what is left open end with as many pairs as there can be", async (t) => {
  const [paused, other] = [{ active: false }, { parameters: { n: 2 } }]
  const live = [
    liveSchedule("a", interval(60, anchor), paused),
    liveSchedule("b", interval(60, anchor), other),
    liveSchedule("c", interval(60, "2026-05-05T05:05:05Z"), paused),
  ]
  const desired = [
    schedule(null, interval(60)),
    schedule(null, interval(60, anchor)),
    schedule(null, interval(60, anchor), { parameters: { n: 2 } }),
  ]
  for (const order of [desired, desired.toReversed(), [desired[1], desired[0], desired[2]]]) {
    const { remove, patch } = planSchedules(order as typeof desired, live)
    t.strictSame({ remove, patch }, { remove: [], patch: [] })
  }
})

t.test("the canonical form says only what is said, in an order of its own", async (t) => {
  t.strictSame(scheduleJson(schedule("a")), { kind: "cron", cron: "0 6 * * *", dayOr: true, slug: "a" })
  t.strictSame(schedulesJson([schedule("a"), schedule("b")]), schedulesJson([schedule("b"), schedule("a")]))
})
