import t from "tap"
import { waitOf, type Headers } from "../../../src/lib/http/hints.ts"

/** How long a host asks us to wait, in each of the ways that hosts have for it. */

const now = Date.parse("2026-11-24T12:00:00Z")
const inSeconds = (seconds: number): string => String(now / 1_000 + seconds)

const rows: readonly (readonly [what: string, headers: Headers, wait: number | null])[] = [
  ["seconds", { "retry-after": "120" }, 120_000],
  ["parts of a second", { "retry-after": "1.5" }, 1_500],
  ["nothing to wait", { "retry-after": "0" }, 0],
  ["a date", { "retry-after": "Tue, 24 Nov 2026 12:00:30 GMT" }, 30_000],
  ["a date that has passed", { "retry-after": "Tue, 24 Nov 2026 11:00:00 GMT" }, 0],
  [
    "a date by a clock that is an hour ahead",
    { "retry-after": "Tue, 24 Nov 2026 13:00:30 GMT", date: "Tue, 24 Nov 2026 13:00:00 GMT" },
    30_000,
  ],
  ["more than an hour", { "retry-after": "99999999" }, 3_600_000],
  ["a negative number", { "retry-after": "-5" }, null],
  ["words", { "retry-after": "soon" }, null],
  ["two of them", { "retry-after": ["1", "2"] }, null],
  ["nothing", {}, null],
  ["GitHub's used-up limit", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": inSeconds(90) }, 90_000],
  ["GitHub's limit that isn't", { "x-ratelimit-remaining": "12", "x-ratelimit-reset": inSeconds(90) }, null],
  ["GitLab's", { "ratelimit-remaining": "0", "ratelimit-reset": inSeconds(20) }, 20_000],
  ["the draft's, in seconds from now", { "ratelimit-remaining": "0", "ratelimit-reset": "45" }, 45_000],
  ["the newer draft's", { ratelimit: '"default";r=0;t=30' }, 30_000],
  ["the newer draft's with some left", { ratelimit: '"default";r=5;t=30' }, null],
  ["milliseconds since 1970", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now + 10_000) }, 10_000],
  ["Azure's date", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "Tue, 24 Nov 2026 12:01:00 GMT" }, 60_000],
  [
    "Retry-After before the limit",
    { "retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" },
    7_000,
  ],
  ["nonsense", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "never" }, null],
]

t.test("a wait is read from each of the headers that hosts use, by their own clock and within reason", async (t) => {
  for (const [what, headers, wait] of rows) t.equal(waitOf(headers, now), wait, what)
})
