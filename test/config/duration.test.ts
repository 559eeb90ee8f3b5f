import fc from "fast-check"
import t from "tap"
import { parseDuration } from "../../src/config/duration.ts"
import { nearest } from "../../src/core/nearest.ts"

await t.test("durations are units in falling order, each once", async (t) => {
  const table: [string, number | null][] = [
    ["500ms", 500],
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1d", 86_400_000],
    ["0s", 0],
    ["1d2h3m4s5ms", 93_784_005],
    ["1m1m", null],
    ["30m1h", null],
    ["", null],
    ["5", null],
    ["m", null],
    ["-5m", null],
    ["1.5h", null],
    ["5 m", null],
    ["5M", null],
    ["99999999999d", null],
  ]
  for (const [text, ms] of table) t.equal(parseDuration(text), ms, JSON.stringify(text))
})

await t.test("any text is a duration or null, in no time", async () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789dhms -".split("")), maxLength: 200 }), (text) => {
      const ms = parseDuration(text)
      return ms === null || (Number.isSafeInteger(ms) && ms >= 0)
    }),
  )
})

await t.test("the nearest word is the one a person meant, or none", async (t) => {
  const known = ["interval", "ignore", "images", "apiUrl", "workPools"]
  const table: [string, string | null][] = [
    ["intervall", "interval"],
    ["Interval", "interval"],
    ["api_url", "apiUrl"],
    ["work_pools", "workPools"],
    ["image", "images"],
    ["completely-different", null],
    ["", null],
  ]
  for (const [word, found] of table) t.equal(nearest(word, known), found, word)
})
