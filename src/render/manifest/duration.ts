import type { Json } from "../../core/json.ts"
import { readMoment } from "../../yaml/moment.ts"

const number = String.raw`\d+(?:[.,]\d+)?`
const iso = new RegExp(`^P(?<date>(?:${number}[YMWD])*)(?:T(?<time>(?:${number}[HMS])*))?$`)
const seconds = String.raw`:(?<seconds>[0-5]\d(?:\.\d+)?)`
const hours = new RegExp(String.raw`^(?<hours>\d\d+):(?<minutes>[0-5]\d)(?:${seconds})?$`)
/** Beside days it is a time of the day. */
const time = String.raw`(?=\d\d|\d:\d\d:)(?<hours>[01]?\d|2[0-3]):(?<minutes>[0-5]\d)(?:${seconds})?`
const days = new RegExp(String.raw`^(?<days>\d+) ?d(?:ays?)?,? ?(?:${time})?$`, "i")
const daysMax = 999_999_999
const day = 86_400

/**
 * Seconds, to the microsecond, of what pydantic reads as a duration: a number, ISO 8601 (a year has 365 days and a month
 * 30), `HH:MM:SS`, or `1 days, 02:00:00`. Null when it is none.
 */
export function readDuration(value: Json): number | null {
  const read = typeof value === "number" ? value : typeof value === "string" ? readText(value) : null
  if (read === null || Math.abs(read) > daysMax * day) return null
  return Math.round(read * 1e6) / 1e6
}

function readText(text: string): number | null {
  const [, sign = "", unsigned = ""] = /^([-+]?)(.*)$/s.exec(text) ?? []
  const read = readIso(unsigned) ?? readClock(unsigned)
  return read === null ? null : sign === "-" ? -read : read
}

const units: Readonly<Record<string, number>> = { Y: 365 * day, M: 30 * day, W: 7 * day, D: day }
const timeUnits: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1 }

function readIso(text: string): number | null {
  const { date = "", time: clock = "" } = iso.exec(text)?.groups ?? {}
  return date + clock === "" ? null : total(date, units) + total(clock, timeUnits)
}

function total(parts: string, of: Readonly<Record<string, number>>): number {
  const found = [...parts.matchAll(/([\d.,]+)([A-Z])/g)]
  return found.reduce((sum, [, count = "", unit = ""]) => sum + Number(count.replace(",", ".")) * (of[unit] ?? 0), 0)
}

function readClock(text: string): number | null {
  const groups = (days.exec(text) ?? hours.exec(text))?.groups
  if (!groups) return null
  const part = (name: string): number => Number(groups[name] ?? 0)
  // What is finer than a microsecond is cut off.
  const fine = Math.floor(part("seconds") * 1e6 + 1e-3) / 1e6
  return part("days") * day + part("hours") * 3600 + part("minutes") * 60 + fine
}

const anchor =
  /^(?<date>\d{4}-\d\d-\d\d)(?:[T ](?<hour>\d\d)(?::(?<minute>\d\d))?(?::(?<second>\d\d(?:[.,]\d+)?))?(?<zone>Z|[-+]\d\d(?::?\d\d)?)?)?$/

/**
 * An anchor as an instant in ISO 8601. Without an offset it is UTC, as Prefect has it. Null for the other forms that
 * Prefect's parser takes (week dates, bare years, times of today): they say too little to anchor anything.
 */
export function readAnchor(text: string): string | null {
  const groups = anchor.exec(text)?.groups
  if (!groups) return null
  const { date = "", hour = "00", minute = "00", second = "00", zone = "Z" } = groups
  const offset = zone.replace(/^([-+]\d\d):?(\d\d)?$/, (_, east: string, north = "00") => `${east}:${north}`)
  try {
    return readMoment(`${date}T${hour}:${minute}:${second.replace(",", ".")}${offset}`)
  } catch {
    return null
  }
}
