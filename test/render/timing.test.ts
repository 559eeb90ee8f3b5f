import { execFileSync } from "node:child_process"
import t from "tap"
import { refuseCron } from "../../src/render/manifest/cron.ts"
import { readAnchor, readDuration } from "../../src/render/manifest/duration.ts"
import { refuseRule } from "../../src/render/manifest/rrule.ts"
import { isTimezone } from "../../src/render/manifest/timezone.ts"
import { Dice } from "../support/dice.ts"

/** Cron texts, rules, time zones and durations through what Prefect reads them with, and through our own checks. */
const python = ".cache/prefect-3.8.8/bin/python"
const dice = new Dice(11)
const many = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make)

const cronWords =
  "* 0 1 5 7 12 23 24 31 32 59 60 ? l L mon SUN jan DEC 1-5 5-1 7-3 mon-fri fri-mon */5 */0 0/15 10-20/3 1,2,3 mon,wed 5#2 5#6 l5 fri#1 mon-wed#2 -1 a 1-a 5/ / 1--2 2020 1970-1980 h r h/5 0-7 sat-7 0-5 mon#1,wed 6#1,2".split(
    " ",
  )
const cron = [
  ..."@daily @DAILY @hourly @weekly @monthly @yearly @annually @midnight @reboot @every".split(" "),
  "",
  " @daily",
  ...many(4_000, () =>
    dice
      .some(dice.oneIn(3) ? 4 : 5, dice.oneIn(3) ? 8 : 5, () => (dice.oneIn(2) ? "*" : dice.pick(cronWords)))
      .join(" "),
  ),
]

const durationParts =
  "P T PT 1 2 1Y 3M 1W 2D 4H 5M 6S 1.5 0.5S 1,5S - + d day days , : 01:30 02:00:00 00:00:01.25 25:00:00 00:61:00 1:2 ' '"
    .split(" ")
    .map((part) => part.replaceAll("'", " "))
const duration = [
  ..."P1DT2H PT1H -PT1H +PT5M P1Y2M P1D P PT pt1h 60 01:30 1:30 01:30:00 100:00:00 01:30:00.1234567".split(" "),
  "1 days, 02:00:00",
  "1 day 2:00:00",
  "2d01:00:00",
  "1 days,02:00:00",
  "1 day,  01:00:00",
  "3 days, 00:00",
  "+1 days",
  "1.5 days",
  "1 week",
  0,
  1,
  -3,
  0.5,
  1.5e-6,
  1e-7,
  90.25,
  1e13,
  ...many(3_000, () => dice.some(1, 4, () => dice.pick(durationParts)).join("")),
]

const ruleParts =
  "FREQ=DAILY FREQ=WEEKLY FREQ=X freq=monthly INTERVAL=2 INTERVAL=0 INTERVAL=x COUNT=5 COUNT=x UNTIL=20300101T000000 UNTIL=20300101T000000Z UNTIL=x WKST=MO WKST=XX BYDAY=MO,TU BYDAY=1FR BYDAY=XX BYMONTH=1,2 BYHOUR=9 BYHOUR=x BYSETPOS=-1 FOO=1 BYEASTER=0 BYWEEKNO=20".split(
    " ",
  )
const ruleStarts = [
  "",
  "",
  "",
  "RRULE:",
  "DTSTART:20240101T000000\nRRULE:",
  "DTSTART:20240101T000000Z\nRRULE:",
  "DTSTART:x\nRRULE:",
  "EXRULE:",
  "FOO:",
  "RDATE:20240101T000000Z\nRRULE:",
]
const ruleEnds = ["", "", "", "", "\nEXDATE:20240101T000000", "\nRDATE:20240105T000000", "\nEXDATE:x"]
const rrule = many(
  3_000,
  () => dice.pick(ruleStarts) + dice.some(1, 3, () => dice.pick(ruleParts)).join(";") + dice.pick(ruleEnds),
)

const intl = Intl.supportedValuesOf("timeZone")
const timezone = [
  ..."UTC GMT EST EST5EDT utc Europe/Berlin europe/berlin JST PST US/Pacific-New US/Pacific GB Zulu Etc/GMT+5 +01:00 Mars/Base SystemV/PST8 Asia/Kolkata Asia/Calcutta America/Nuuk".split(
    " ",
  ),
  ...intl,
]

const anchor =
  "2024-01-01 2024-01-01T00:00:00 2024-01-01T10:00 2024-01-01T10 2024-01-01T10:00:00Z 2024-01-01T10:00:00+0530 2024-01-01T10:00:00+05 2024-01-01T10:00:00.123456-05:00 2024-01-01T10:00:00,5Z 2024-02-30 2024-13-01 2024-01-01T24:00:00 2024-01-01t10:00:00z x 01/02/2024 2024-1-1".split(
    " ",
  )

const theirs = JSON.parse(
  execFileSync(python, ["test/render/timing.py"], {
    input: JSON.stringify({ cron, rrule, timezone, duration, anchor }),
    encoding: "utf8",
    maxBuffer: 1e9,
  }),
) as {
  cron: boolean[]
  rrule: boolean[]
  timezone: boolean[]
  duration: (number | true | null)[]
  anchor: (string | null)[]
}

function differing<T>(texts: readonly T[], ours: (text: T) => unknown, truth: readonly unknown[]): readonly unknown[] {
  return texts
    .flatMap((text, index) => (ours(text) === truth[index] ? [] : [[text, ours(text), truth[index]]]))
    .slice(0, 20)
}

t.test("cron texts are taken as croniter takes them, but for random ones", async (t) => {
  const random = (text: string): boolean => /(?:^|[\s,])r(?:$|[\s,/(])/i.test(text)
  t.strictSame(
    differing(
      cron,
      (text) => refuseCron(text) === null || (random(text) && theirs.cron[cron.indexOf(text)]),
      theirs.cron,
    ),
    [],
  )
})

t.test("durations are read as pydantic reads them", async (t) => {
  // The oracle calls zero true. A clock without hours (`:01:30`) is refused on purpose.
  const hourless = (value: string | number): boolean => /^[-+]?:/.test(String(value))
  const seconds = theirs.duration.map((value, index) =>
    value === true ? 0 : hourless(duration[index] ?? 0) ? null : value,
  )
  t.strictSame(
    differing(duration, (value) => readDuration(value), seconds),
    [],
  )
})

t.test("rules are taken as dateutil takes them, but for one that never moves on", async (t) => {
  const taken = theirs.rrule.map((one, index) => one && !rrule[index]?.includes("INTERVAL=0"))
  t.strictSame(
    differing(rrule, (text) => refuseRule(text) === null, taken),
    [],
  )
})

t.test("time zones are those of the IANA database, in its spelling", async (t) => {
  t.strictSame(
    differing(timezone, (name) => isTimezone(name), theirs.timezone),
    [],
  )
})

t.test("anchors name the instant that Prefect takes them for", async (t) => {
  const ms = (text: string | null): number | null => (text === null ? null : Date.parse(text))
  t.strictSame(
    differing(
      anchor,
      (text) => ms(readAnchor(text)),
      theirs.anchor.map((text) => ms(text)),
    ),
    [],
  )
})
