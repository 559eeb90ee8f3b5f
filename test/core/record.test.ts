import fc from "fast-check"
import t from "tap"
import type { Json } from "../../src/core/json.ts"
import {
  activeAt,
  emptyRecord,
  isSourceChanged,
  parseRecord,
  recordJson,
  recordName,
  refText,
  selectionDigest,
  type SourceRecord,
} from "../../src/core/record.ts"
import { first, me, noon, sourceOf, them } from "./builders.ts"

const source = sourceOf()
const record: SourceRecord = {
  ...emptyRecord,
  source: "prod/etl",
  url: source.remote.url,
  ref: "branch main",
  selection: selectionDigest(source),
  desired: "digest",
  version: "0.1.0",
  instance: "i",
  suspend: { reason: "r", by: "ann", since: noon, until: null },
  pin: { reason: "r", by: "ann", since: noon, until: noon, revision: first },
}

t.test("what is written is read back", async (t) => {
  t.strictSame(parseRecord(JSON.parse(JSON.stringify(recordJson(record))) as Json), record)
})

t.test("each part that isn't as expected counts as not there, and the rest stands", async (t) => {
  const rows: readonly [string, object, Partial<SourceRecord>][] = [
    ["a number for a text", { url: 7 }, { url: null }],
    ["a missing key", { desired: undefined }, { desired: null }],
    ["a suspension that is a text", { suspend: "yes" }, { suspend: null }],
    [
      "a suspension without a reason",
      { suspend: { since: noon } },
      { suspend: { reason: "", by: "", since: noon, until: null } },
    ],
    [
      "an end that nobody can read is none",
      { suspend: { since: noon, until: "tomorrow" } },
      { suspend: { reason: "", by: "", since: noon, until: null } },
    ],
    ["a pin to a branch", { pin: { ...record.pin, revision: "main" } }, { pin: null }],
    ["a pin to a short id", { pin: { ...record.pin, revision: "1111111" } }, { pin: null }],
  ]
  for (const [claim, change, expected] of rows) {
    t.strictSame(parseRecord({ ...recordJson(record), ...change }), { ...record, ...expected }, claim)
  }
  for (const value of [undefined, null, "x", 1, [], [record as unknown as Json]]) t.equal(parseRecord(value), null)
})

t.test("nothing that a variable can hold throws", async () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      parseRecord(a as Json)
      const parsed = parseRecord({ ...recordJson(record), suspend: a as Json, pin: b as Json })
      return parsed?.url === record.url && activeAt(parsed.suspend, noon) !== undefined
    }),
  )
})

t.test("the variable's name is the source's own, in letters that every version takes", async (t) => {
  t.match(recordName(me), /^lockstep_[0-9a-f]{16}$/)
  t.not(recordName(me), recordName(them))
})

t.test("a suspension lasts until its end", async (t) => {
  const until = (text: string | null) => activeAt({ reason: "", by: "", since: noon, until: text }, noon) !== null
  t.equal(until(null), true)
  t.equal(until("2026-11-24T12:00:01Z"), true)
  t.equal(until(noon), false)
  t.equal(until("2026-11-24T12:59:00+02:00"), false)
  t.equal(activeAt(null, noon), null)
})

t.test("a source is changed when what it reads is elsewhere than recorded", async (t) => {
  const { remote, selection } = source
  const rows: readonly [string, SourceRecord | null, typeof source, number, boolean][] = [
    ["as recorded", record, source, 3, false],
    ["another url", record, { ...source, remote: { ...remote, url: "https://other.example.com" } }, 0, true],
    ["another ref", record, { ...source, ref: { kind: "tag", name: "main" } }, 0, true],
    ["other manifests", record, { ...source, selection: { ...selection, manifests: ["x.yaml"] } }, 0, true],
    ["another scope", record, { ...source, scope: { workPools: ["k8s"], flows: [] } }, 0, true],
    ["other credentials", record, { ...source, remote: { ...remote, caFile: "/ca.pem" } }, 0, false],
    ["no record while it owns something", null, source, 1, true],
    ["no record while it owns nothing", null, source, 0, false],
    ["a record of a suspension alone", { ...emptyRecord, suspend: record.suspend }, source, 1, true],
  ]
  for (const [claim, before, now, owned, expected] of rows)
    t.equal(isSourceChanged(before, now, owned), expected, claim)
})

t.test("refs have one text each", async (t) => {
  t.strictSame(
    [
      refText({ kind: "head" }),
      refText({ kind: "branch", name: "x" }),
      refText({ kind: "tag", name: "x" }),
      refText({ kind: "name", name: "refs/x" }),
      refText({ kind: "commit", id: first }),
    ],
    ["HEAD", "branch x", "tag x", "name refs/x", first],
  )
})
