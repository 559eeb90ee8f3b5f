import t from "tap"
import { deploymentKey, type Problem } from "../../src/core/model.ts"
import type { LockstepEvent } from "../../src/observe/events.ts"
import { logFormat, openLog, type LogFormat } from "../../src/observe/log.ts"
import { narrate } from "../../src/observe/narrate.ts"
import { converged, etl, failed, first, hold, second, workspace } from "./samples.ts"

const clock = {
  now: () => Date.parse("2026-11-24T10:00:00.000Z"),
  elapsed: () => 0,
  sleep: async () => {},
  random: () => 0,
}
const mask = (text: string) => text.replaceAll("hunter2", "[secret]")

function open(format: LogFormat = "json", level = "info") {
  const lines: string[] = []
  const log = openLog({ level, format, clock, mask, out: { write: (line) => lines.push(line) } })
  const tell = narrate(log)
  tell({ kind: "source-added", source: etl, workspace })
  lines.length = 0
  const told = (event: LockstepEvent): Record<string, unknown>[] => {
    tell(event)
    return lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  return { log, lines, tell, told }
}

const turn = (outcome: typeof converged): LockstepEvent => ({ kind: "turn-ended", turn: 1, outcome })
const problem: Problem = {
  severity: "error",
  code: "unknown-key",
  message: "no such key",
  file: "a/prefect.yaml",
  line: 3,
  column: 5,
  key: deploymentKey("a", "b"),
}

await t.test("each write is one line: who, commit, action, key, fields, why", async (t) => {
  const { told } = open()
  const write = {
    kind: "written",
    source: etl,
    action: "update",
    key: "a/b",
    revision: first,
    fields: ["tags", "paused"],
    corrected: ["paused"],
    reason: "edited in Prefect",
    result: "ok",
    message: null,
  } as const
  t.strictSame(told(write), [
    {
      level: "info",
      time: "2026-11-24T10:00:00.000Z",
      source: "etl",
      commit: "1111111111",
      action: "update",
      key: "a/b",
      fields: ["tags", "paused"],
      reason: "edited in Prefect",
      corrected: ["paused"],
      msg: "updated",
    },
  ])
  t.match(told({ ...write, result: "failed", message: "503" }), [{ level: "warn", msg: "write failed", error: "503" }])
})

await t.test("a turn is a line when something was done or became different, and silent otherwise", async (t) => {
  const { told } = open()
  t.match(told(turn(converged)), [{ level: "info", msg: "turn converged", state: "synced", commit: "1111111111" }])
  t.strictSame(told(turn(converged)), [])
  t.strictSame(told(turn({ ...converged, observed: second })), [], "a commit that changes nothing")
  t.match(told(turn(failed)), [{ level: "warn", msg: "turn failed", code: "git-unreachable" }])
  t.strictSame(told(turn(failed)), [], "the same failure again")
  const stalled = { kind: "stalled", code: "auth", message: "401", retryAfterMs: null, stage: "git" } as const
  t.match(told(turn({ ...failed, failure: stalled })), [{ level: "error", state: "stalled", error: "401" }])
  t.match(told(turn(converged)), [{ level: "info", msg: "turn converged" }])
  t.match(open("json", "debug").told(turn(converged)), [{ level: "info" }])
})

await t.test(
  "a problem is told when it is new, with its place, and when it is solved; moved lines are neither",
  async (t) => {
    const { told } = open()
    told(turn(converged))
    const broken = { ...converged, kind: "degraded" as const, problems: [problem] }
    t.match(told(turn(broken)), [
      { level: "warn", msg: "turn degraded", problems: 1 },
      {
        level: "error",
        msg: "problem found",
        at: "a/prefect.yaml:3:5",
        code: "unknown-key",
        problem: "no such key",
        key: "a/b",
      },
    ])
    t.strictSame(told(turn({ ...broken, problems: [{ ...problem, line: 9 }] })), [])
    t.strictSame(told(turn(failed)).length, 1, "a failed turn solves no problem")
    t.match(told(turn(converged)), [
      { msg: "turn converged" },
      { level: "info", msg: "problem solved", code: "unknown-key", at: "a/prefect.yaml:9:5" },
    ])
  },
)

await t.test("very many problems are some lines and a number", async (t) => {
  const { told } = open()
  const problems = Array.from({ length: 80 }, (_, i) => ({ ...problem, message: `number ${i}` }))
  const lines = told(turn({ ...converged, kind: "degraded", problems }))
  t.equal(lines.length, 52)
  t.match(lines.at(-1), { level: "warn", more: 30, msg: "problem found" })
})

await t.test("holds, suspensions and pins are told when they begin, change and end", async (t) => {
  const { told } = open()
  const control = { reason: "incident", by: "ada", since: "2026-11-24T10:00:00.000Z", until: null }
  const messages = (outcome: typeof converged) => told(turn(outcome)).map(({ msg }) => msg)
  told(turn(converged))

  t.strictSame(messages({ ...converged, kind: "held", hold }), ["turn held", "held"])
  t.strictSame(messages({ ...converged, kind: "held", hold }), [])
  t.strictSame(messages({ ...converged, kind: "held", hold: { ...hold, digest: "d2" } }), ["held"])
  t.strictSame(messages(converged), ["turn converged", "hold released"])
  t.strictSame(messages({ ...converged, kind: "suspended", suspend: control }), ["turn suspended", "suspended"])
  t.strictSame(messages(converged), ["turn converged", "resumed"])
  t.strictSame(messages({ ...converged, pin: { ...control, revision: first } }), ["pinned"])
  t.strictSame(messages({ ...converged, pin: { ...control, revision: second } }), ["pinned"])
  t.strictSame(messages(converged), ["unpinned"])
})

await t.test("the rest of the events has its lines, requests only at debug", async (t) => {
  const { told } = open()
  t.match(told({ kind: "config-loaded", result: "ok", problems: [] }), [{ msg: "config loaded" }])
  t.match(told({ kind: "config-loaded", result: "invalid", problems: ["f:1:1: wrong"] }), [
    { level: "error", problem: "f:1:1: wrong" },
    { level: "error", msg: "config is invalid, the one before stays in force" },
  ])
  t.match(told({ kind: "listening", address: "http://a" }), [{ msg: "listening", address: "http://a" }])
  t.match(told({ kind: "stopping", reason: "SIGTERM" }), [{ msg: "stopping", reason: "SIGTERM" }])
  const request: LockstepEvent = { kind: "git-request", operation: "ls-refs", result: "error" }
  t.strictSame(told(request), [])
  t.match(open("json", "debug").told(request), [{ level: "debug", operation: "ls-refs" }])
})

await t.test("no line holds a secret or a text without end, wherever it stands", async (t) => {
  const { log, lines } = open()
  const cause = Object.assign(new Error("hunter2 in the cause"), { headers: { authorization: "hunter2" } })
  log.info({ a: "hunter2", b: { c: ["hunter2"] }, n: 12n }, "with hunter2")
  log.error({ err: new Error("password hunter2", { cause }) }, "failed")
  log.error(new Error("alone with hunter2"))
  log.warn("x".repeat(600))
  log.info({ long: "hunter2".repeat(200), deep: { a: { b: { c: { d: { e: { f: { g: 1 } } } } } } } }, "long")
  log.info({ many: Array.from({ length: 300 }, (_, i) => i) }, "many")

  t.equal(lines.length, 6)
  for (const line of lines) {
    t.notMatch(line, "hunter2")
    t.ok(line.length < 5000, `${line.length} characters`)
  }
  t.match(JSON.parse(lines[0] ?? ""), { a: "[secret]", b: { c: ["[secret]"] }, n: "12", msg: "with [secret]" })
  t.match(JSON.parse(lines[1] ?? ""), {
    err: { type: "Error", message: "password [secret]", cause: { message: "[secret] in the cause" } },
  })
  t.equal((JSON.parse(lines[3] ?? "") as { msg: string }).msg.length, 500)
})

await t.test("a person gets aligned lines, in colours only if wanted, that can't move the cursor", async (t) => {
  const { tell, lines, log } = open("pretty")
  tell({ kind: "listening", address: "http://127.0.0.1:8484" })
  log.warn({ reason: "two words", list: ["a", "b"], n: 1, evil: "\u001b[2J\u202e" }, "short")
  t.strictSame(lines, [
    "10:00:00 INFO  listening                address=http://127.0.0.1:8484\n",
    '10:00:00 WARN  short                    reason="two words" list=a,b n=1 evil=�[2J�\n',
  ])
  const coloured = open("pretty-colour")
  coloured.log.info("hello")
  t.match(coloured.lines[0], "\u001b[32mINFO \u001b[0m hello")
})

await t.test("the format is for persons only at a terminal, and NO_COLOR is kept", async (t) => {
  t.equal(logFormat(false, {}), "json")
  t.equal(logFormat(true, {}), "pretty-colour")
  t.equal(logFormat(true, { NO_COLOR: "1" }), "pretty")
  t.equal(logFormat(true, { NO_COLOR: "" }), "pretty-colour")
})
