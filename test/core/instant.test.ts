import t from "tap"
import { instantMs, instantText, sameInstant } from "../../src/core/instant.ts"

t.test("instants are compared, not texts", async (t) => {
  const rows: readonly [string | null, string | null, boolean][] = [
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00", true],
    ["2026-01-01T00:00:00Z", "2025-12-31T19:00:00-05:00", true],
    ["2026-01-01T00:00:00", "2026-01-01T00:00:00.000000Z", true],
    ["2026-01-01 00:00:00", "2026-01-01T00:00:00Z", true],
    ["2026-01-01", "2026-01-01T00:00:00Z", true],
    ["2026-01-01T00:00:00+0100", "2025-12-31T23:00:00Z", true],
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", false],
    [null, null, true],
    [null, "2026-01-01", false],
    ["nonsense", "2026-01-01", false],
  ]
  for (const [a, b, expected] of rows) t.equal(sameInstant(a, b), expected, `${a} and ${b}`)
})

t.test("people read instants to the second", async (t) => {
  t.equal(instantText(instantMs("2026-01-01T00:00:00.123456Z")), "2026-01-01T00:00:00Z")
})
